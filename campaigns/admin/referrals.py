"""Referral programs on the console: what they give, their codes, who came with them, and what it cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from campaigns.admin.referral_acts import (
    CreateReferralProgram,
    EditReferralProgram,
    GiveCodes,
    PauseReferralProgram,
    ResumeReferralProgram,
)
from campaigns.models import UNLIMITED, Referral, ReferralCode, ReferralProgram
from campaigns.selectors import (
    find_event_type,
    list_referral_codes,
    list_referral_programs,
    list_referrals,
    list_referrers,
    report_on,
    totals_of,
)
from campaigns.selectors.referrals import with_rewarded
from coupons.selectors.codes import code_key
from ledger.admin import Figure, PointsAdmin, points
from ledger.models import LedgerAccount
from loyalty.kernel.desk import HouseAdmin, Panel, copyable, link_to, number, seat_of, state, when
from loyalty.kernel.desk.display import NOTHING
from loyalty.kernel.errors import NotFound
from members.models import EventType
from members.selectors import resolve_account

READS = "campaigns:read"
LINES_SHOWN = 15
# More programs than these are not offered in one list.
OFFERED = 100


def event_word(kind: str, organization_id: int) -> str:
    """A type of event, in words."""
    if kind in EventType.values:
        return EventType(kind).label
    found = find_event_type(organization_id, kind)
    return found.name if found is not None else kind


def account_meant(program: ReferralProgram, side: str) -> LedgerAccount | None:
    """Where the points of a side go; None where that is not known."""
    account: LedgerAccount | None = getattr(program, f"{side}_account")
    if account is not None:
        return account
    ledger_id = getattr(program, f"{side}_ledger_id")
    if program.program is not None and ledger_id is None:
        if program.program.main_account is not None:
            return program.program.main_account
        ledger_id = program.program.ledger_id
    try:
        return resolve_account(program.organization_id, ledger_id=ledger_id)
    except NotFound:
        return None


def _points(program: Any, side: str, amount: int | None) -> Any:
    """Points of a side, in their account's units, which are looked for once for a page."""
    if not hasattr(program, "accounts_on_page"):
        program.accounts_on_page = {}
    if side not in program.accounts_on_page:
        program.accounts_on_page[side] = account_meant(program, side)
    account = program.accounts_on_page[side]
    if not amount:
        return NOTHING
    return number(amount) if account is None else points(amount, account)


class ProgramFilter(admin.SimpleListFilter):
    """By referral program."""

    title, parameter_name = "referral program", "program"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Those of the organization chosen."""
        offered = ReferralProgram.objects.filter(organization=seat_of(request).organization_id or 0)
        return [(str(one.pk), one.name) for one in offered.order_by("name", "pk")[:OFFERED]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What belongs to it."""
        value = self.value()
        if not value:
            return queryset
        return queryset.filter(program=int(value)) if value.isdecimal() and len(value) < 19 else queryset.none()


@admin.register(ReferralProgram)
class ReferralProgramAdmin(PointsAdmin):
    """A way in which members bring others."""

    reads = READS
    list_display = ["name", "code", "stands", "rewarded_when", "valid", "brought"]
    search_fields = ["name", "code"]
    ordering = ("name", "pk")
    creates = CreateReferralProgram
    acts = (EditReferralProgram, GiveCodes, PauseReferralProgram, ResumeReferralProgram)
    says_empty = (
        "With a referral program members bring others: they have codes, and who joins with one is rewarded together"
        " with who has it. Make the first one, then give members codes."
    )
    facts = (
        ("Referral program", ("name", "code", "stands", "valid", "rewarded_when", "program", "description", "tags")),
        ("Points", ("for_referrer", "for_referred", "rewards_each")),
        ("Limits", ("for_code", "for_member", "who_may")),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With how many they brought."""
        house = seat_of(request).organization_id or 0
        return list_referral_programs(house).filter(pk__in=super().get_queryset(request).values("pk"))

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a reading page speaks of."""
        rows = super().everything(request)
        return rows.select_related("program__main_account", "audience", "referrer_account", "referred_account")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """With its numbers."""
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            found.totals = totals_of(found)
            found.referred_count = found.totals["referred_count"]
        return found

    def figures(self, request: HttpRequest, target: Any, at: datetime) -> Sequence[Figure]:
        """How many codes, who came, who was rewarded, and what it cost."""
        totals = target.totals
        share = f"{totals['rewarded_count'] * 100 // totals['referred_count']} %" if totals["referred_count"] else "–"
        figures = [
            Figure("Codes", number(totals["codes"])),
            Figure("Referred", number(totals["referred_count"])),
            Figure("Rewarded", number(totals["rewarded_count"]), [("of those referred", share)]),
        ]
        if seat_of(request).may("ledgers:read", target.organization_id):
            for side, title in (("referrer", "Given to who refers"), ("referred", "Given to who joins")):
                figures.append(Figure(title, _points(target, side, totals[f"{side}_points"])))
        return figures

    def panels(self, request: HttpRequest, target: Any, at: datetime) -> Iterable[Panel]:
        """Who brings most, who came last, and the newest codes; people for those who may read members."""
        tells_people = seat_of(request).may("members:read", target.organization_id)
        if tells_people:
            yield _best_panel(target)
            yield _came_panel(target)
        newest = list_referral_codes(target).order_by("-program_id", "-pk")[:LINES_SHOWN]
        rows = [(link_to(code), number(code.referred), when(code.created_at)) for code in newest]
        more = f"{reverse('admin:campaigns_referralcode_changelist')}?program={target.pk}" if rows else ""
        empty = "Nobody has a code yet. Give members codes, here or by the API."
        yield Panel("Newest codes", ("Code", "Came with it", "Given"), rows, empty=empty, more=more)

    # --- columns and facts ---
    @admin.display(description="State")
    def stands(self, program: ReferralProgram) -> SafeString:
        """Whether it is on."""
        return state("active" if program.active else "paused")

    @admin.display(description="Rewarded when")
    def rewarded_when(self, program: ReferralProgram) -> str:
        """What has to happen."""
        return event_word(program.event_type, program.organization_id)

    @admin.display(description="Valid")
    def valid(self, program: ReferralProgram) -> Any:
        """From when to when."""
        start = when(program.valid_from) if program.valid_from else "always"
        return format_html("{} – {}", start, when(program.valid_to) if program.valid_to else "no end")

    @admin.display(description="Brought")
    def brought(self, program: Any) -> SafeString:
        """How many came."""
        return number(program.referred_count)

    @admin.display(description="For who refers")
    def for_referrer(self, program: ReferralProgram) -> Any:
        """What one is given."""
        return _points(program, "referrer", program.referrer_points)

    @admin.display(description="For who is referred")
    def for_referred(self, program: ReferralProgram) -> Any:
        """What one is given."""
        return _points(program, "referred", program.referred_points)

    @admin.display(description="Rewards for each who joins")
    def rewards_each(self, program: ReferralProgram) -> SafeString:
        """How often."""
        return number(program.most_redeems)

    @admin.display(description="Most for a code")
    def for_code(self, program: ReferralProgram) -> SafeString:
        """How many can join with one."""
        return number(program.max_per_code)

    @admin.display(description="Most for a member")
    def for_member(self, program: ReferralProgram) -> Any:
        """How many one member can bring."""
        return "no limit" if program.max_per_member == UNLIMITED else number(program.max_per_member)

    @admin.display(description="Who may refer")
    def who_may(self, program: ReferralProgram) -> Any:
        """Whom codes are given to."""
        return "everybody" if program.audience is None else link_to(program.audience)


def _best_panel(program: ReferralProgram) -> Panel:
    best = report_on(list(list_referrers(program).filter(referred__gt=0).order_by("-referred", "pk")[:LINES_SHOWN]))
    rows = [
        (link_to(one.member), number(one.referred), number(one.rewarded), _points(program, "referrer", one.points))  # type: ignore[attr-defined]
        for one in best
    ]
    return Panel("Who brings most", ("Member", "Brought", "Rewarded", "Got"), rows, empty="Nobody has come yet.")


def _came_panel(program: ReferralProgram) -> Panel:
    newest = list_referrals(program).select_related("code", "referrer__member").order_by("-program_id", "-pk")
    rows = [
        (link_to(one.member), link_to(one.referrer.member), link_to(one.code), rewarded(one), when(one.created_at))
        for one in newest[:LINES_SHOWN]
    ]
    more = f"{reverse('admin:campaigns_referral_changelist')}?program={program.pk}" if rows else ""
    headers = ("Came", "Brought by", "Code", "Rewarded", "Joined")
    return Panel("Who came", headers, rows, empty="Nobody has come yet.", more=more)


def rewarded(referral: Any) -> SafeString:
    """Whether a referral was rewarded, and not everything taken back."""
    return state("yes" if referral.rewarded else "not yet")


class _OfProgramAdmin(HouseAdmin):
    """Something of a referral program, the newest first. People are for those who may read members."""

    reads = READS
    organization_of = "program__organization"
    list_filter = [ProgramFilter]
    sortable_by = ()
    shows_history = False
    people: Sequence[str] = ()

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        """Without people, for those who may not read members."""
        shown = super().get_list_display(request)
        return shown if seat_of(request).may("members:read") else [name for name in shown if name not in self.people]

    def get_facts(self, request: HttpRequest, target: Any) -> Sequence[tuple[str, Sequence[str]]]:
        """The same for its page."""
        may = seat_of(request).may("members:read", target.program.organization_id)
        return [
            (title, [name for name in names if may or name not in self.people])
            for title, names in super().get_facts(request, target)
        ]

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a reading page speaks of."""
        return super().everything(request).select_related("program", "referrer__member")

    @admin.display(description="Member")
    def who(self, row: Any) -> SafeString:
        """Who refers."""
        return link_to(row.referrer.member)


@admin.register(ReferralCode)
class ReferralCodeAdmin(_OfProgramAdmin):
    """Codes with which others join."""

    people = ("who",)
    list_display = ["text", "program", "who", "came", "created_at"]
    list_select_related = ["program", "referrer__member"]
    search_fields = ["id"]
    search_help_text = "A code in full, whatever its case"
    says_empty = "The codes with which members bring others. Open a referral program to give the first ones."
    facts = (("Code", ("copied", "program", "who", "came", "created_at")),)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the code in full."""
        text = search_term.strip().replace("\x00", "")
        return queryset.filter(code_key=code_key(text)) if text else queryset, False

    def find(self, request: HttpRequest, term: str, most: int) -> Iterable[ReferralCode]:
        """By the code in full."""
        return super().get_queryset(request).filter(code_key=code_key(term.strip())).order_by("-pk")[:most]

    def panels(self, request: HttpRequest, target: ReferralCode, at: datetime) -> Iterable[Panel]:
        """Who came with it, for those who may read members."""
        if not seat_of(request).may("members:read", target.program.organization_id):
            return
        newest = list_referrals(target.program).filter(code=target).order_by("-code_id", "-pk")[:LINES_SHOWN]
        rows = [(link_to(one.member), rewarded(one), when(one.created_at)) for one in newest]
        note = f"The newest {LINES_SHOWN}; there are more." if target.referred > len(rows) else ""
        yield Panel("Who came with it", ("Member", "Rewarded", "Joined"), rows, empty="Nobody yet.", note=note)

    @admin.display(description="Code")
    def text(self, code: ReferralCode) -> str:
        """The code."""
        return str(code)

    @admin.display(description="Code")
    def copied(self, code: ReferralCode) -> SafeString:
        """The code, to copy."""
        return copyable(code.code)

    @admin.display(description="Came with it")
    def came(self, code: ReferralCode) -> SafeString:
        """How many."""
        return number(code.referred)


@admin.register(Referral)
class ReferralAdmin(_OfProgramAdmin):
    """Who came with whose code."""

    people = ("came", "who")
    list_display = ["named", "program", "came", "who", "code", "is_rewarded", "created_at"]
    list_select_related = ["program", "code", "member", "referrer__member"]
    says_empty = "Who joins with the code of a member stands here, with whether both were rewarded."
    facts = (("Referral", ("named", "program", "came", "who", "code", "is_rewarded", "created_at")),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With whether they were rewarded."""
        return with_rewarded(super().get_queryset(request))

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a reading page speaks of."""
        return with_rewarded(super().everything(request).select_related("program", "member", "code"))

    def panels(self, request: HttpRequest, target: Referral, at: datetime) -> Iterable[Panel]:
        """What both sides got, and what of it was taken back."""
        if not seat_of(request).may("ledgers:read", target.program.organization_id):
            return
        rows = [
            (
                number(one.number),
                one.get_side_display(),
                NOTHING if one.transaction is None else points(one.amount, one.transaction.account),
                number(one.taken) if one.taken else NOTHING,
                link_to(one.transaction),
                when(one.created_at),
            )
            for one in target.rewards.select_related("transaction__account").order_by("number", "pk")[:LINES_SHOWN]
        ]
        headers = ("Reward", "Who", "Points", "Taken back", "Transaction", "Given")
        yield Panel("Rewards", headers, rows, empty="Neither has got anything yet.")

    @admin.display(description="Referral")
    def named(self, referral: Referral) -> str:
        """Its number."""
        return str(referral)

    @admin.display(description="Came")
    def came(self, referral: Referral) -> SafeString:
        """Who joined."""
        return link_to(referral.member)

    @admin.display(description="Rewarded")
    def is_rewarded(self, referral: Any) -> SafeString:
        """Whether both were rewarded."""
        return rewarded(referral)
