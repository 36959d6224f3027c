"""What was given and used of coupon books (tag Stats, semantics 14)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from coupons import selectors
from coupons.models import CouponBook
from loyalty.kernel.api.fields import CamelSerializer, Money, WholeNumber
from loyalty.kernel.api.filters import FlagFilter, RowsFilter, TextFilter
from loyalty.kernel.api.stats import StatsViewSet, TaggedFilters, WindowFilters
from loyalty.kernel.errors import InvalidInput


class DayUnitsAnswer(CamelSerializer):
    """Units given and used on one day."""

    date = serializers.DateField()
    assigned = WholeNumber()
    used = WholeNumber()


class BenefitUsageViewSet(StatsViewSet):
    """How many units of all books were given and used on each day."""

    operations = {"retrieve": "getBenefitUsageStats"}
    reads = "benefits:read"
    serializer_class = DayUnitsAnswer

    def figures(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Every day of the time asked for."""
        found = selectors.units_by_day(self.organization_id, self.window(asked))
        return [{"date": day, "assigned": assigned, "used": used} for day, assigned, used in found]


class BookUsageAnswer(CamelSerializer):
    """Units of a book that were given, and used."""

    couponBookId = WholeNumber(source="book.pk")
    couponBookKey = serializers.CharField(source="book.key")
    name = serializers.CharField(source="book.name")
    assigned = WholeNumber()
    used = WholeNumber()


class BookPerformanceAnswer(BookUsageAnswer):
    """The same, with how many were used of those that were given."""

    usageRate = serializers.FloatField()


class PerformanceFilters(WindowFilters):
    """The time, how many books, and which come first."""

    limit = RowsFilter()
    orderByUsage = FlagFilter()


class BenefitPerformanceViewSet(StatsViewSet):
    """The books of which most was given, or used."""

    operations = {"retrieve": "getBenefitPerformanceStats"}
    reads = "benefits:read"
    serializer_class = BookPerformanceAnswer
    filterset_class = PerformanceFilters

    def figures(self, asked: Mapping[str, Any]) -> list[selectors.BookUnits]:
        """The first of them; among equals by number."""
        column = "used" if asked["orderByUsage"] else "assigned"
        found = selectors.units_by_book(self.organization_id, self.window(asked))
        return sorted(found, key=lambda one: -getattr(one, column))[: asked["limit"]]


class BookUsageViewSet(StatsViewSet):
    """What of each book was given and used."""

    operations = {"retrieve": "getCouponBookUsageStats"}
    reads = "coupons:read"
    serializer_class = BookUsageAnswer
    filterset_class = TaggedFilters

    def figures(self, asked: Mapping[str, Any]) -> list[selectors.BookUnits]:
        """Every book with the tag, by number."""
        tags = [asked["tag"]] if asked["tag"] else []
        return selectors.units_by_book(self.organization_id, self.window(asked), tags=tags)


class DiscountsAnswer(serializers.Serializer[Any]):
    """What the coupons that were used were worth, for each type of discount."""

    fixed = Money(required=False)
    percentage = Money(required=False)

    def to_representation(self, instance: Mapping[str, Decimal]) -> dict[str, Any]:
        """The types asked for."""
        return {name: Money().to_representation(worth) for name, worth in instance.items()}


class DiscountFilters(WindowFilters):
    """The time, and a type of discount."""

    discountType = TextFilter()


class DiscountStatsViewSet(StatsViewSet):
    """The sum of the discounts of the coupons that were used."""

    operations = {"retrieve": "getCouponBookDiscountStats"}
    reads = "coupons:read"
    wrapper = "result"
    serializer_class = DiscountsAnswer
    filterset_class = DiscountFilters

    def figures(self, asked: Mapping[str, Any]) -> dict[str, Decimal]:
        """The sum of each type, or of the one asked for.

        :raises InvalidInput: where there is no such type.
        """
        kind = asked["discountType"]
        if kind and kind not in CouponBook.DiscountType.values:
            kinds = " or ".join(CouponBook.DiscountType.values)
            raise InvalidInput(f"A type of discount is {kinds}.", field="discountType")
        found = selectors.discounts_used(self.organization_id, self.window(asked))
        return {name: worth for name, worth in found.items() if kind in ("", name)}
