"""The journal of coupons on the console: what was given to whom and what was used, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter

from coupons.admin.display import code_of, standing, used_of
from coupons.admin.giving import Revert
from coupons.models import CouponBook, CouponUsage
from coupons.selectors import LinesWanted, browse_usages, lines_in_order, named_usages
from coupons.selectors.browsing import STATES
from ledger.admin.display import named
from loyalty.kernel.desk import Panel, clock_of, copyable, link_to, number, seat_of, when
from loyalty.kernel.desk.display import NOTHING
from loyalty.kernel.desk.found import Asks, FoundList, whole_number
from members.admin.found import FoundAdmin, MemberFilter, is_odd, person_named

BOOKS_OFFERED = 200
USES_SHOWN = 50
_STATE_WORDS = {"open": "Open", "used": "Used", "expired": "Expired", "reverted": "Taken back"}


class BookFilter(Asks, DropdownFilter):
    """Of one book: the newest are offered, and the one that is chosen."""

    title, parameter_name = "book", "book"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        """The organization's books."""
        mine = CouponBook.objects.filter(organization=seat_of(request).organization_id or 0)
        offered = {str(pk): name for pk, name in mine.order_by("-pk").values_list("pk", "name")[:BOOKS_OFFERED]}
        chosen = whole_number(request.GET.get("book"))
        if chosen is not None and str(chosen) not in offered:
            offered.update({str(pk): name for pk, name in mine.filter(pk=chosen).values_list("pk", "name")})
        return list(offered.items())


class KindFilter(Asks, DropdownFilter):
    """Given, or used."""

    title, parameter_name = "kind", "kind"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        """The two."""
        return list(CouponUsage.Kind.choices)


class StateFilter(Asks, DropdownFilter):
    """By how a line stands now."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        """The four ways."""
        return [(state, _STATE_WORDS[state]) for state in STATES]


class UsageList(FoundList):
    """The page of lines that were asked for."""

    says_capped = "Ask for a book or a member to see others."
    says_cut = "Only the newest lines were looked through. Ask for a book or a member to see older ones."

    def look(self, organization_id: int, request: HttpRequest) -> tuple[list[int], bool]:
        """What is named, else what the filters ask for."""
        at, text, asked = clock_of(request), self.query.strip(), self.asked
        if text:
            if is_odd(text):
                return [], False
            ids = named_usages(organization_id, text, self.most + 1)
            return (ids, False) if ids else self._of_person(organization_id, text, request, at)
        numbers = {name: whole_number(asked.get(name)) for name in ("book", "member")}
        if any(asked.get(name) and numbers[name] is None for name in numbers):
            return [], False
        wanted = LinesWanted(
            numbers["book"],
            numbers["member"],
            kind=str(asked["kind"]) if asked.get("kind") in CouponUsage.Kind.values else "",
            state=str(asked["state"]) if asked.get("state") in STATES else "",
        )
        found = browse_usages(organization_id, wanted, at=at, most=self.most + 1)
        return found.ids, found.is_cut

    def _of_person(self, organization_id: int, text: str, request: HttpRequest, at: datetime) -> tuple[list[int], bool]:
        """The lines of whom the text names."""
        member = person_named(organization_id, text, request)
        if member is None:
            return [], False
        found = browse_usages(organization_id, LinesWanted(member_id=member.pk), at=at, most=self.most + 1)
        return found.ids, found.is_cut

    def read(self, ids: Sequence[int], request: HttpRequest) -> list[Any]:
        """The lines, each knowing what time it is."""
        rows: list[Any] = lines_in_order(ids)
        for row in rows:
            row.seen_at = clock_of(request)
        return rows


@admin.register(CouponUsage)
class UsageAdmin(FoundAdmin):
    """What was given and used. To whom is for those who may read members."""

    reads = "coupons:read"
    asked = frozenset({"book", "member", "kind", "state"})
    list_display = ["what", "book_link", "code", "who", "used", "stands", "ends", "made"]
    list_filter = [BookFilter, KindFilter, StateFilter, MemberFilter]
    found_by = UsageList
    search_help_text = "A code in full, a member, or the number of a line"
    acts = (Revert,)
    says_empty = (
        "Every coupon that is given or used stands here for good. Open a coupon book to give the first one, or have a"
        " program do it over the API."
    )

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a reading page speaks of."""
        rows = super().everything(request)
        return rows.select_related("book__organization", "coupon", "member", "transaction__account", "assignment")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """A line, knowing what time it is."""
        line = super().get_object(request, object_id, from_field)
        if line is not None:
            line.seen_at = clock_of(request)
        return line

    def name_of(self, target: CouponUsage) -> str:
        """What it was, and its number."""
        return f"{target.get_kind_display()} #{target.pk}"

    def get_facts(self, request: HttpRequest, target: CouponUsage) -> Sequence[tuple[str, Sequence[str]]]:
        """What it is, for whom and for what, as far as the person may see that."""
        seat = seat_of(request)
        who = ("who",) if seat.may("members:read", target.organization_id) else ()
        paid = ("paid",) if seat.may("ledgers:read", target.organization_id) else ()
        given = ("used", "ends") if target.kind == CouponUsage.Kind.ASSIGN else ("given_by",)
        return (
            ("Coupon", ("kind", "book_link", "code", *who, "stands", *given)),
            ("When", ("made", "taken_back", *paid)),
            ("Came by", ("own_key", "custom_attributes")),
        )

    def panels(self, request: HttpRequest, target: CouponUsage, at: datetime) -> Iterable[Panel]:
        """What was used of it."""
        if target.kind != CouponUsage.Kind.ASSIGN:
            return
        uses = list(target.uses.order_by("-pk")[: USES_SHOWN + 1])
        rows = [(link_to(use, self.name_of(use)), standing(use, at), when(use.created_at)) for use in uses[:USES_SHOWN]]
        notes = [
            "It can be taken back once its uses are." if target.amount_used else "",
            f"The newest {USES_SHOWN}; there are more." if len(uses) > USES_SHOWN else "",
        ]
        note = " ".join(filter(None, notes))
        yield Panel("Uses", ("Use", "State", "When"), rows, empty="Nothing of it was used yet.", note=note)

    # --- columns and facts ---
    @admin.display(description="Line")
    def what(self, line: CouponUsage) -> str:
        """What it was, and its number."""
        return self.name_of(line)

    @admin.display(description="Book")
    def book_link(self, line: CouponUsage) -> SafeString:
        """Of which book."""
        return link_to(line.book)

    @admin.display(description="Code")
    def code(self, line: CouponUsage) -> Any:
        """Which code."""
        return code_of(line)

    @admin.display(description="Member")
    def who(self, line: CouponUsage) -> SafeString:
        """To whom, or by whom."""
        return link_to(line.member)

    @admin.display(description="Used")
    def used(self, line: CouponUsage) -> Any:
        """How much of it is used."""
        return used_of(line)

    @admin.display(description="State")
    def stands(self, line: Any) -> SafeString:
        """How it stands now."""
        return standing(line, line.seen_at)

    @admin.display(description="Expires")
    def ends(self, line: CouponUsage) -> Any:
        """When what was given expires."""
        return NOTHING if line.kind == CouponUsage.Kind.USE else when(line.ends_at)

    @admin.display(description="When")
    def made(self, line: CouponUsage) -> SafeString:
        """When it happened."""
        return when(line.created_at)

    @admin.display(description="Taken back")
    def taken_back(self, line: CouponUsage) -> SafeString:
        """When it was taken back."""
        return when(line.reverted_at)

    @admin.display(description="Paid by")
    def paid(self, line: CouponUsage) -> Any:
        """The transaction that paid for it."""
        return NOTHING if line.transaction is None else link_to(line.transaction, named(line.transaction))

    @admin.display(description="Used of")
    def given_by(self, line: CouponUsage) -> Any:
        """The assignment it is a use of."""
        return NOTHING if line.assignment is None else link_to(line.assignment, self.name_of(line.assignment))

    @admin.display(description="Unique key")
    def own_key(self, line: CouponUsage) -> SafeString:
        """The key that makes it once."""
        return copyable(line.unique_key)


def lines_panel(title: str, lines: Sequence[CouponUsage], at: datetime, *, tells_people: bool, more: str = "") -> Panel:
    """Some lines of the journal on another page."""
    people = ("Member",) if tells_people else ()
    rows = [
        (
            link_to(line, f"{line.get_kind_display()} #{line.pk}"),
            code_of(line),
            *((link_to(line.member),) if tells_people else ()),
            number(line.amount),
            standing(line, at),
            when(line.created_at),
        )
        for line in lines
    ]
    headers = ("Line", "Code", *people, "Units", "State", "When")
    return Panel(title, headers, rows, empty="Nothing was given or used yet.", more=more if rows else "")
