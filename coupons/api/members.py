"""A member's benefits in the core API (tag Benefits Organization Members, semantics 3.12)."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from drf_spectacular.drainage import set_override
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from coupons import selectors
from coupons.api import serializers as shapes
from coupons.api.books import MOST_LOCALE, ORDER_COLUMNS, in_locale
from coupons.models import CouponBook, CouponUsage
from loyalty.kernel.api.fields import MAX_ID, CamelSerializer, WholeNumber
from loyalty.kernel.api.filters import FlagFilter, MomentFilter, TextFilter, WholeNumberFilter, comma_list
from loyalty.kernel.api.resources import CoreViewSet, ResourceViewSet, written
from members.models import LoyaltyProgram, Member
from members.selectors import get_member, get_program


class _NumbersField(forms.Field):
    def to_python(self, value: Any) -> list[int]:
        words = comma_list(value)
        if len(words) > 200 or any(
            not (word.isascii() and word.isdigit() and len(word) < 20 and 1 <= int(word) <= MAX_ID) for word in words
        ):
            raise ValidationError("Send numbers of tiers, with commas between them.")
        return [int(word) for word in words]


class NumbersFilter(django_filters.Filter):
    """Numbers with commas between them; the document shows one."""

    field_class = _NumbersField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_override(self, "field", {"type": "number"})


class MemberBookAnswer(shapes.BookAnswer):
    """A book as a member sees it: whether there is any left, and where it is asked for, the member's last use of it."""

    outOfStock = serializers.BooleanField()
    lastUsage = shapes.UsageAnswer(allow_null=True, required=False)

    def to_representation(self, book: CouponBook) -> dict[str, Any]:
        """The book; without the last use where nobody asked for it."""
        answer = super().to_representation(book)
        if not hasattr(book, "last_usage"):
            answer.pop("lastUsage", None)
        return answer


class _Wishes(django_filters.FilterSet):
    """What a member's list of books is narrowed by: read here, and asked where the member's books are found."""

    tags = TextFilter(max_length=2000, method="text_asked")
    couponBookId = WholeNumberFilter(method="asked")
    validFromDate = MomentFilter(method="moment_asked")
    validToDate = MomentFilter(method="moment_asked")
    tiers = NumbersFilter(method="asked")
    audiences = TextFilter(max_length=2000, method="text_asked")
    outOfStock = FlagFilter(method="asked")
    includeLastUsage = FlagFilter(method="asked")
    locale = TextFilter(max_length=MOST_LOCALE, method="text_asked")

    def asked(self, queryset: QuerySet[CouponBook], name: str, value: Any) -> QuerySet[CouponBook]:
        """Nothing is narrowed here."""
        return queryset

    def text_asked(self, queryset: QuerySet[CouponBook], name: str, value: str) -> QuerySet[CouponBook]:
        """The same for a text."""
        return queryset

    def moment_asked(self, queryset: QuerySet[CouponBook], name: str, value: datetime) -> QuerySet[CouponBook]:
        """The same for an instant."""
        return queryset

    def filter_queryset(self, queryset: QuerySet[CouponBook]) -> QuerySet[CouponBook]:
        """The member's books, as the view finds them."""
        view: Any = self.request.parser_context["view"]
        found: QuerySet[CouponBook] = view.books(self.form.cleaned_data)
        return found


class _MemberView:
    """Looks at one member of one program."""

    organization_id: int
    kwargs: dict[str, Any]

    @cached_property
    def program(self) -> LoyaltyProgram:
        """The program of the path."""
        return get_program(self.organization_id, self.kwargs["loyaltyProgramId"])

    @cached_property
    def member(self) -> Member:
        """The member of the path."""
        return get_member(self.organization_id, self.kwargs["memberId"])


class MemberBookViewSet(_MemberView, ResourceViewSet):
    """The books a member could be given now, and those of which he has coupons to use."""

    tag = "Benefits Organization Members"
    operations = {"list": "listMemberCouponBooks"}
    reads = "benefits:read"
    queryset = CouponBook.objects.none()
    serializer_class = MemberBookAnswer
    filterset_class = _Wishes
    order_columns = ORDER_COLUMNS
    default_order = ("ranking_index", "pk")

    def get_queryset(self) -> QuerySet[CouponBook]:
        """None yet: which they are depends on what is asked for."""
        return CouponBook.objects.none()

    def books(self, asked: dict[str, Any]) -> QuerySet[CouponBook]:
        """The member's books, narrowed to what is asked for."""
        wishes = selectors.BookWishes(
            book_id=asked["couponBookId"],
            tags=comma_list(asked["tags"]),
            audience_keys=comma_list(asked["audiences"]),
            tier_ids=asked["tiers"] or (),
            valid_from=asked["validFromDate"],
            valid_to=asked["validToDate"],
            out_of_stock=asked["outOfStock"],
        )
        self.with_last_usage = bool(asked["includeLastUsage"])
        return selectors.books_for_member(self.program, self.member, wishes, at=self.at)

    def window(self, queryset: QuerySet[CouponBook], start: int, stop: int) -> Any:
        """The books of a page, each with what a member sees of it."""
        books = in_locale(self.request, list(queryset[start:stop]))
        last = selectors.last_uses(self.member.pk, books) if self.with_last_usage else {}
        for book in books:
            book.out_of_stock = selectors.is_out_of_stock(book)
            if self.with_last_usage:
                book.last_usage = last.get(book.pk)
        return books


class AssignmentFilters(django_filters.FilterSet):
    """What a list of a member's coupons is narrowed by."""

    couponBookId = WholeNumberFilter(field_name="book")
    notUsedOnly = FlagFilter(method="open_only")
    couponBookTags = TextFilter(method="by_tags", max_length=2000)
    couponCodeId = WholeNumberFilter(field_name="coupon")
    couponCode = TextFilter(method="by_code")

    def open_only(self, queryset: QuerySet[CouponUsage], name: str, value: bool) -> QuerySet[CouponUsage]:
        """Coupons of which something is left to use."""
        view: Any = self.request.parser_context["view"]
        return selectors.not_used_only(queryset, view.at) if value else queryset

    def by_tags(self, queryset: QuerySet[CouponUsage], name: str, value: str) -> QuerySet[CouponUsage]:
        """Coupons of books with all of these tags."""
        tagged = selectors.with_tags(CouponBook.objects.all(), comma_list(value))
        return queryset.filter(book__in=tagged)

    def by_code(self, queryset: QuerySet[CouponUsage], name: str, value: str) -> QuerySet[CouponUsage]:
        """Coupons with this code, whatever its case."""
        return selectors.with_code(queryset, value)


class MemberCouponViewSet(_MemberView, ResourceViewSet):
    """What a member was given and was not taken back, newest first."""

    tag = "Benefits Organization Members"
    operations = {"list": "listMemberCoupons"}
    reads = "benefits:read"
    queryset = CouponUsage.objects.none()
    serializer_class = shapes.UsageAnswer
    filterset_class = AssignmentFilters
    order_columns = {"couponUsageId": "pk", "createdAt": "created_at", "expiredAt": "expires_at", "amount": "amount"}
    default_order = ("-pk",)

    def get_queryset(self) -> QuerySet[CouponUsage]:
        """The member's assignments."""
        return selectors.list_assignments(self.program, self.member.pk)


class UsageCountAnswer(CamelSerializer):
    """How many units a member used and was given."""

    amountUsed = WholeNumber()
    amountAssigned = WholeNumber()


class CountFilters(django_filters.FilterSet):
    """The time that is counted, from its first instant up to before its last."""

    validFromDate = MomentFilter(method="asked")
    validToDate = MomentFilter(method="asked")

    def asked(self, queryset: Any, name: str, value: Any) -> Any:
        """The view asks for it."""
        return queryset


class MemberUsageCountViewSet(_MemberView, CoreViewSet):
    """How many units a member used and was given."""

    tag = "Benefits Organization Members"
    operations = {"usages_count": "getMemberCouponUsagesCount"}
    writes = "benefits:read"
    answers = {"usages_count": UsageCountAnswer}
    filterset_class = CountFilters

    @extend_schema(
        parameters=[OpenApiParameter(name, OpenApiTypes.DATETIME) for name in ("validFromDate", "validToDate")]
    )
    def usages_count(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The sums over the time asked for; what was taken back does not count."""
        asked = CountFilters(request.query_params, CouponUsage.objects.none(), request=request)
        if not asked.form.is_valid():
            raise serializers.ValidationError(asked.form.errors)
        since, until = (asked.form.cleaned_data[name] for name in ("validFromDate", "validToDate"))
        found = selectors.count_usages(self.program, self.member.pk, since=since, until=until)
        return Response(written(UsageCountAnswer, found))
