"""Coupon books on the console: what they give, to whom, how much is left, and what they did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Case, Prefetch, Q, QuerySet, When
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from coupons.admin.book_acts import BOOK_ACTS, CreateBook
from coupons.admin.book_panels import languages_panel, lately, numbers_panel, seen_panel, shared_panel
from coupons.admin.code_acts import AddCodes, ExportCodes, ImportCodes
from coupons.admin.display import account_paid, discount_of, left_of, lent_from, limit, price, validity
from coupons.admin.giving import GiveToSomebody
from coupons.admin.usages import lines_panel
from coupons.models import FOREVER_LAST, BookContent, CouponBook
from coupons.selectors import (
    LinesWanted,
    browse_usages,
    lines_in_order,
    page_of_coupons,
    with_stock,
    with_totals,
    with_words,
)
from ledger.admin import Figure, PointsAdmin, points_by_account
from loyalty.kernel.desk import Link, Panel, clock_of, link_to, number, seat_of, state, when
from loyalty.kernel.desk.display import NOTHING
from loyalty.kernel.models import Organization
from members.admin.looking import look_at

LINES_SHOWN = 10


@admin.register(CouponBook)
class BookAdmin(PointsAdmin):
    """One kind of coupon."""

    reads = "coupons:read"
    asked = frozenset({"status__exact", "type__exact"})
    list_display = ["name", "kind", "stands", "program", "valid", "given", "used_units", "codes_had"]
    list_select_related = ["program"]
    list_filter = ["status", "type"]
    search_fields = ["name"]
    search_help_text = "A part of the name, the description or your id"
    ordering = ("ranking_index", "pk")
    creates = CreateBook
    acts = (GiveToSomebody, AddCodes, ImportCodes, ExportCodes, *BOOK_ACTS)
    says_empty = (
        "A coupon book is one kind of coupon: what it gives, who can have it, how often, and for how many points. Make"
        " the first one, add codes where it has its own, and publish it."
    )
    facts = (
        ("Book", ("stands", "kind", "program", "valid", "rank", "key", "external_id", "labels")),
        ("Limits", ("for_member", "for_code", "in_all", "to_get", "to_use", "paid_in")),
        ("For whom", ("audience_keys", "tiers", "rule")),
        ("Told as", ("subtitle", "description", "discount", "picture_url", "detail_picture_url", "content_schema")),
    )

    def get_urls(self) -> list[URLPattern]:
        """And the look at whom a condition means that is being written."""
        view = self.admin_site.admin_view
        return [
            path("look/", view(require_POST(self.look_view)), name="coupons_couponbook_look"),
            path("<path:object_id>/look/", view(require_POST(self.look_view)), name="coupons_couponbook_look_at"),
            *super().get_urls(),
        ]

    def look_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """Whom the condition as it stands would let have a coupon, as far as it is the condition.

        :raises Http404: no such book for this person.
        :raises PermissionDenied: where the person may not write books there.
        """
        organization: Organization | None = seat_of(request).organization
        if object_id is not None:
            held = self.get_object(request, object_id)
            if held is None:
                raise Http404
            organization = held.organization
        said = {"matcher_type": "attribute-matcher", "expression": request.POST.get("expression", "")}
        return look_at(organization, said, seat_of(request), needs="coupons:write", at=clock_of(request))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With their sums."""
        return with_totals(super().get_queryset(request))

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a reading page speaks of."""
        rows = super().everything(request).select_related("organization", "program__main_account", "content_schema")
        contents = BookContent.objects.order_by("pk")
        return with_stock(with_totals(rows.prefetch_related(Prefetch("contents", queryset=contents))))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By what the book says: an organization has few enough of them."""
        text = search_term.strip().replace("\x00", "")
        return with_words(queryset, text) if text else queryset, False

    def find(self, request: HttpRequest, term: str, most: int) -> Iterable[CouponBook]:
        """By a part of the name, or by the key."""
        named = Q(key=term) | Q(name__icontains=term)
        exact_first = Case(When(key=term, then=0), default=1)
        return super().get_queryset(request).filter(named).order_by(exact_first, "ranking_index", "pk")[:most]

    # --- the reading page ---
    def figures(self, request: HttpRequest, target: Any, at: datetime) -> Sequence[Figure]:
        """What was given, used and paid, and what is left."""
        target.numbers = lately(target, at)
        share = f"{target.used * 100 // target.assigned} %" if target.assigned else "–"
        left = [("codes", number(target.stock.codes))] if target.type != CouponBook.Type.CODELESS else []
        figures = [
            Figure("Given", number(target.assigned), [("for a member at most", limit(target.max_assigned_per_member))]),
            Figure("Used", number(target.used), [("of what was given", share)]),
            Figure("Left", left_of(target), left),
        ]
        if seat_of(request).may("ledgers:read", target.organization_id):
            figures.append(Figure("Points taken", points_by_account(target.numbers.points), [("in", "30 days")]))
        return figures

    def get_facts(self, request: HttpRequest, target: CouponBook) -> Sequence[tuple[str, Sequence[str]]]:
        """Of a linked book also whose it gives."""
        (title, names), *others = self.facts
        return ((title, ("lent", *names)), *others) if target.is_linked else self.facts

    def panels(self, request: HttpRequest, target: Any, at: datetime) -> Iterable[Panel]:
        """Its numbers over time, what happened last, who else gives of it, its codes, its content."""
        seat = seat_of(request)
        yield numbers_panel(target, target.numbers, at)
        found = browse_usages(target.organization_id, LinesWanted(book_id=target.pk), at=at, most=LINES_SHOWN)
        tells_people = seat.may("members:read", target.organization_id)
        more = f"{reverse('admin:coupons_couponusage_changelist')}?book={target.pk}"
        yield lines_panel("Given and used", lines_in_order(found.ids), at, tells_people=tells_people, more=more)
        yield from shared_panel(target)
        if _shows_codes(target):
            yield _codes_panel(target)
        yield seen_panel(target, request.GET.get("locale", ""))
        yield languages_panel(target)

    def links(self, request: HttpRequest, target: CouponBook) -> Iterable[Link]:
        """All its codes, and its journal."""
        if _shows_codes(target):
            address = f"{reverse('admin:coupons_coupon_changelist')}?book={target.pk}"
            yield Link("Codes", address, "qr_code_2", "codes")

    # --- columns and facts ---
    @admin.display(description="Codes")
    def kind(self, book: CouponBook) -> str:
        """Where its codes come from."""
        return book.get_type_display()

    @admin.display(description="State")
    def stands(self, book: CouponBook) -> SafeString:
        """Whether it is published."""
        return state(book.get_status_display())

    @admin.display(description="Gives")
    def lent(self, book: CouponBook) -> Any:
        """Whose book it is linked to."""
        return lent_from(book)

    @admin.display(description="Valid")
    def valid(self, book: CouponBook) -> Any:
        """From when to when."""
        return validity(book, when)

    @admin.display(description="Given")
    def given(self, book: Any) -> SafeString:
        """How many units were given."""
        return number(book.assigned)

    @admin.display(description="Used")
    def used_units(self, book: Any) -> SafeString:
        """How many units were used."""
        return number(book.used)

    @admin.display(description="Codes it has")
    def codes_had(self, book: Any) -> SafeString:
        """How many codes it has."""
        return number(book.codes if _shows_codes(book) else None)

    @admin.display(description="Rank")
    def rank(self, book: CouponBook) -> Any:
        """Its place among others."""
        return NOTHING if book.ranking_index == FOREVER_LAST else book.ranking_index

    @admin.display(description="Tags")
    def labels(self, book: CouponBook) -> Any:
        """Its tags."""
        return ", ".join(book.tags) or NOTHING

    @admin.display(description="Most for a member")
    def for_member(self, book: CouponBook) -> Any:
        """How many units one member gets."""
        return limit(book.max_assigned_per_member)

    @admin.display(description="Most for a code")
    def for_code(self, book: CouponBook) -> Any:
        """How often a code is given."""
        return limit(book.limit_per_coupon)

    @admin.display(description="Most in all")
    def in_all(self, book: CouponBook) -> Any:
        """How much there is of it."""
        return limit(book.stock.max_coupon_count)

    @admin.display(description="To get one")
    def to_get(self, book: CouponBook) -> Any:
        """What it costs to be given one."""
        return price(book.assignment_required_points, _account(book))

    @admin.display(description="To use one")
    def to_use(self, book: CouponBook) -> Any:
        """What it costs to use one."""
        return price(book.usage_required_points, _account(book))

    @admin.display(description="Paid in")
    def paid_in(self, book: CouponBook) -> Any:
        """The account it is paid in."""
        account = _account(book)
        return NOTHING if account is None else str(account)

    @admin.display(description="Discount")
    def discount(self, book: CouponBook) -> Any:
        """What the coupon is worth."""
        return discount_of(book)


def _account(book: Any) -> Any:
    """The account the book is paid in, looked for once for a page."""
    if not hasattr(book, "account_on_page"):
        book.account_on_page = account_paid(book)
    return book.account_on_page


def _shows_codes(book: CouponBook) -> bool:
    """Whether it has codes of its own to show."""
    return book.type != CouponBook.Type.CODELESS and not book.is_linked


def _codes_panel(book: CouponBook) -> Panel:
    rows = [
        (link_to(coupon), number(coupon.assigned if book.has_codes else None), when(coupon.created_at))
        for coupon in page_of_coupons(book, 0, LINES_SHOWN, newest_first=True)
    ]
    empty = "It has no codes yet."
    if book.type in (CouponBook.Type.SINGLE, CouponBook.Type.LIST):
        empty += " Add some by hand, or upload a file of them."
    more = f"{reverse('admin:coupons_coupon_changelist')}?book={book.pk}" if rows else ""
    return Panel("Newest codes", ("Code", "Units given", "Added"), rows, empty=empty, more=more)
