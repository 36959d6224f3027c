"""Codes on the console: those of a book, and any by its text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from coupons.admin.code_acts import EditCode
from coupons.admin.display import code_standing
from coupons.admin.usages import BookFilter, lines_panel
from coupons.models import Coupon
from coupons.selectors import coupons_with_code, get_book_to_use, lines_in_order, page_of_coupons
from loyalty.kernel.desk import Panel, copyable, link_to, number, seat_of, when
from loyalty.kernel.desk.display import NOTHING
from loyalty.kernel.desk.found import FoundList, whole_number
from loyalty.kernel.errors import NotFound
from members.admin.found import FoundAdmin, is_odd

LINES_SHOWN = 20


class CodeList(FoundList):
    """The newest codes of a book, or those of one text in all books."""

    says_capped = "Search for a code in full to see any other."

    def look(self, organization_id: int, request: HttpRequest) -> tuple[list[int], bool]:
        """What is named, else what the chosen book has; without either nothing."""
        text, book_id = self.query.strip(), whole_number(self.asked.get("book"))
        if text:
            return [] if is_odd(text) else coupons_with_code(organization_id, text, self.most + 1), False
        if book_id is None:
            self.note = "Choose a book to see its codes, or search for a code in full."
            return [], False
        try:
            book = get_book_to_use(organization_id, book_id)
        except NotFound:
            return [], False
        if book.is_linked:
            self.note = "Its codes are those of the book that was offered. What was given of them is in Given and used."
            return [], False
        return [coupon.pk for coupon in page_of_coupons(book, 0, self.most + 1, newest_first=True)], False

    def read(self, ids: Sequence[int], request: HttpRequest) -> list[Any]:
        """The codes, with whoever has them."""
        rows = Coupon.objects.select_related("book", "member").in_bulk(ids)
        return [rows[pk] for pk in ids]


@admin.register(Coupon)
class CodeAdmin(FoundAdmin):
    """One code of a book. Who has it is for those who may read members."""

    reads = "coupons:read"
    organization_of = "book__organization"
    asked = frozenset({"book"})
    list_display = ["code", "book_link", "stands", "who", "given", "used_units", "made"]
    list_filter = [BookFilter]
    found_by = CodeList
    search_help_text = "A code in full, whatever its case"
    acts = (EditCode,)
    says_empty = (
        "The codes of coupons. Open a coupon book with a list of codes to add the first ones, or upload a file."
    )

    def find(self, request: HttpRequest, term: str, most: int) -> Iterable[Coupon]:
        """By the code in full."""
        ids = coupons_with_code(seat_of(request).organization_id or 0, term, most)
        return Coupon.objects.filter(pk__in=ids).order_by("-pk")

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a reading page speaks of."""
        return super().everything(request).select_related("book__organization", "member")

    def get_facts(self, request: HttpRequest, target: Coupon) -> Sequence[tuple[str, Sequence[str]]]:
        """What it is, and (where the person may read members) whose."""
        who = ("who",) if seat_of(request).may("members:read", target.book.organization_id) else ()
        return (("Code", ("code_text", "book_link", "stands", *who)), ("Counts", ("given", "used_units", "made")))

    def panels(self, request: HttpRequest, target: Coupon, at: datetime) -> Iterable[Panel]:
        """What became of it."""
        tells_people = seat_of(request).may("members:read", target.book.organization_id)
        newest = target.usages.filter(coupon__gte=target.pk, coupon__lte=target.pk).order_by("-coupon_id", "-pk")
        looked_at = list(newest.values_list("pk", "book")[:LINES_SHOWN])
        lines = lines_in_order([pk for pk, book in looked_at if book == target.book_id])
        panel = lines_panel("What became of it", lines, at, tells_people=tells_people)
        if len(lines) < len(looked_at):
            panel.note = "It was given or used through a partner's book, too: that is for its organization to know."
        yield panel

    # --- columns and facts ---
    @admin.display(description="Code")
    def code_text(self, coupon: Coupon) -> SafeString:
        """The code, to copy."""
        return copyable(coupon.code)

    @admin.display(description="Book")
    def book_link(self, coupon: Coupon) -> SafeString:
        """Of which book."""
        return link_to(coupon.book)

    @admin.display(description="State")
    def stands(self, coupon: Coupon) -> SafeString:
        """Whether somebody has it."""
        return code_standing(coupon, coupon.book)

    @admin.display(description="Member")
    def who(self, coupon: Coupon) -> Any:
        """Who was given it first."""
        if coupon.holder is None:
            return NOTHING if coupon.member is None else "a partner's member"
        return link_to(coupon.holder)

    @admin.display(description="Units given")
    def given(self, coupon: Coupon) -> SafeString:
        """How many units of it were given."""
        return number(coupon.assigned if coupon.book.has_codes else None)

    @admin.display(description="Units used")
    def used_units(self, coupon: Coupon) -> SafeString:
        """How many units of it were used."""
        return number(coupon.used if coupon.book.has_codes else None)

    @admin.display(description="Added")
    def made(self, coupon: Coupon) -> SafeString:
        """When it was added."""
        return when(coupon.created_at)
