"""Coupon books of the core API (tag Coupon Books, semantics 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from coupons import selectors, services
from coupons.api import serializers as shapes
from coupons.models import CouponBook
from loyalty.kernel.api.filters import TextFilter, WholeNumberFilter, comma_list
from loyalty.kernel.api.parsing import TreeParser
from loyalty.kernel.api.resources import CoreViewSet, ResourceViewSet, written, written_all
from loyalty.kernel.errors import InvalidInput
from members.models import Member
from members.selectors import get_member

ORDER_COLUMNS = {
    "couponBookId": "pk",
    "couponBookKey": "key",
    "rankingIndex": "ranking_index",
    "name": "name",
    "type": "type",
    "publishingStatus": "status",
    "validFromDate": "valid_from",
    "validToDate": "valid_to",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
}
MOST_LOCALE = 35


class BookFilters(django_filters.FilterSet):
    """What a list of books is narrowed by; `locale` says in which language each is told."""

    loyaltyProgramId = WholeNumberFilter(field_name="program")
    search = TextFilter(method="by_words")
    tags = TextFilter(method="by_tags", max_length=2000)
    status = django_filters.ChoiceFilter(field_name="status", choices=CouponBook.Status.choices)
    locale = TextFilter(method="in_locale", max_length=MOST_LOCALE)
    audiences = TextFilter(method="by_audiences", max_length=2000)

    def by_words(self, queryset: QuerySet[CouponBook], name: str, value: str) -> QuerySet[CouponBook]:
        """Books with this in their name, description or external id."""
        return selectors.with_words(queryset, value)

    def by_tags(self, queryset: QuerySet[CouponBook], name: str, value: str) -> QuerySet[CouponBook]:
        """Books with all of these tags."""
        return selectors.with_tags(queryset, comma_list(value))

    def by_audiences(self, queryset: QuerySet[CouponBook], name: str, value: str) -> QuerySet[CouponBook]:
        """Books for any of these audiences."""
        return selectors.with_audiences(queryset, comma_list(value))

    def in_locale(self, queryset: QuerySet[CouponBook], name: str, value: str) -> QuerySet[CouponBook]:
        """All of them: the language narrows nothing."""
        return queryset


def in_locale(request: Request, books: Any) -> Any:
    """The books, each knowing in which language it is asked for.

    :raises InvalidInput: what is no name of a language.
    """
    asked = request.query_params.get("locale")
    if asked is not None and (len(asked) > MOST_LOCALE or "\x00" in asked):
        raise InvalidInput("That is no locale.", field="locale")
    for book in books:
        book.asked_locale = asked
    return books


class BookViewSet(ResourceViewSet):
    """The organization's coupon books."""

    tag = "Coupon Books"
    operations = {
        "list": "listCouponBooks",
        "retrieve": "getCouponBook",
        "create": "createCouponBook",
        "update": "updateCouponBook",
    }
    reads, writes = "coupons:read", "coupons:write"
    wrapper, noun = "couponBook", "coupon book"
    queryset = CouponBook.objects.none()
    lookup_url_kwarg = "couponBookId"
    lookup_field = "pk"
    serializer_class = shapes.BookAnswer
    # A condition may hold a tree.
    parser_classes = [TreeParser]
    inputs = {"create": shapes.BookInput, "update": shapes.BookUpdate}
    filterset_class = BookFilters
    order_columns = ORDER_COLUMNS
    default_order = ("ranking_index", "pk")

    def get_queryset(self) -> QuerySet[CouponBook]:
        """The organization's books."""
        return selectors.list_books(self.organization_id)

    def window(self, queryset: QuerySet[CouponBook], start: int, stop: int) -> Any:
        """The books of a page, in the language asked for."""
        return in_locale(self.request, list(queryset[start:stop]))

    @extend_schema(parameters=[OpenApiParameter("locale", OpenApiTypes.STR)])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One book, in the language asked for."""
        return self.answer(in_locale(request, [self.get_object()])[0])

    def perform_create(self, fields: Mapping[str, Any]) -> CouponBook:  # type: ignore[override]
        """A new book, told in the language it was written in."""
        made = services.create_book(organization_id=self.organization_id, actor=self.actor, at=self.at, **fields)
        made.asked_locale = fields.get("locale")  # type: ignore[attr-defined]
        return made

    def perform_update(self, row: CouponBook, fields: Mapping[str, Any]) -> CouponBook:  # type: ignore[override]
        """The changed book, told in the language it was written in."""
        changed = services.update_book(book=row, changes=fields, actor=self.actor, at=self.at)
        changed.asked_locale = fields.get("locale")  # type: ignore[attr-defined]
        return changed


class _GivingView(CoreViewSet):
    """Gives and uses coupons."""

    tag = "Coupon Books"
    reads, writes = "coupons:read", "coupons:write"

    def book(self) -> CouponBook:
        """The book of the path."""
        return selectors.get_book_to_use(self.organization_id, self.kwargs["couponBookId"])

    def member(self, fields: dict[str, Any]) -> Member:
        """The member the body names."""
        return get_member(self.organization_id, fields.pop("member_id"))

    def given(self, given: services.Given) -> Response:
        """The lines of the journal: 201 where they are new, 200 where they are an earlier call's (semantics 0.12)."""
        body = {"couponUsages": written_all(shapes.UsageAnswer, given.usages)}
        return Response(body, 200 if given.replayed else 201)


class BookGivingViewSet(_GivingView):
    """Gives and uses coupons of a book."""

    operations = {"use": "useCouponFromBook", "assign": "assignCouponFromBook"}
    inputs = {"use": shapes.UseInput, "assign": shapes.AssignInput}
    answers = {"use": shapes.UsagesAnswer, "assign": shapes.UsagesAnswer}

    def use(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Use one unit of a coupon of the book; where the member has none, one is given and used in one step
        (semantics 3.7).
        """
        fields, book = self.read_input(), self.book()
        member = self.member(fields)
        return self.given(services.use_coupon(book=book, member=member, actor=self.actor, at=self.at, **fields))

    def assign(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give the member coupons of the book (semantics 3.5)."""
        fields, book = self.read_input(), self.book()
        member = self.member(fields)
        for name in ("codes", "unique_keys"):
            fields[name] = fields.get(name) or ()
        fields.setdefault("number", len(fields["codes"]) or 1)
        return self.given(services.assign_coupons(book=book, member=member, actor=self.actor, at=self.at, **fields))


class CouponGivingViewSet(_GivingView):
    """Gives and uses one coupon."""

    operations = {"use": "useCoupon", "assign": "assignCoupon"}
    inputs = {"use": shapes.UseCouponInput, "assign": shapes.AssignCouponInput}
    answers = {"use": shapes.UsageEnvelope, "assign": shapes.UsagesAnswer}

    def use(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Use one unit of this coupon (semantics 3.7)."""
        fields, book = self.read_input(), self.book()
        code = selectors.get_coupon(book, kwargs["couponId"]).code
        member = self.member(fields)
        given = services.use_coupon(book=book, member=member, actor=self.actor, at=self.at, code=code, **fields)
        body = {"couponUsage": written(shapes.UsageAnswer, given.usages[-1])}
        return Response(body, 200 if given.replayed else 201)

    def assign(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give the member this coupon (semantics 3.5)."""
        fields, book = self.read_input(), self.book()
        code = selectors.get_coupon(book, kwargs["couponId"]).code
        member = self.member(fields)
        key = fields.pop("unique_key", None)
        fields["unique_keys"] = [key] if key is not None else ()
        return self.given(
            services.assign_coupons(book=book, member=member, actor=self.actor, at=self.at, codes=[code], **fields)
        )


class UsageViewSet(CoreViewSet):
    """Takes back what was given or used."""

    tag = "Coupon Books"
    operations = {"revert": "revertCouponUsage"}
    reads, writes = "coupons:read", "coupons:write"
    asks = ("revert",)
    answers = {"revert": shapes.UsagesAnswer}

    def revert(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take a use or an assignment back, with what was paid for it (semantics 3.9)."""
        usage = selectors.get_usage(self.organization_id, kwargs["couponUsageId"])
        touched = services.revert_usage(usage=usage, actor=self.actor, at=self.at)
        return Response({"couponUsages": written_all(shapes.UsageAnswer, touched)})
