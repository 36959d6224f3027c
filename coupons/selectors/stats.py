"""What was given and used of an organization's books in a stretch of time; what was taken back counts nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Sum

from coupons.models import CouponBook, CouponUsage
from coupons.selectors.books import with_tags
from loyalty.kernel.windows import Question, Window, by_day

_UNITS = """
SELECT SUM(amount) FROM coupons_couponusage WHERE organization_id = %s AND kind = %s AND reverted_at IS NULL
AND created_at >= days.since AND created_at < days.until"""


@dataclass(frozen=True, slots=True)
class BookUnits:
    """How many units of a book were given, and used."""

    book: CouponBook
    assigned: int = 0
    used: int = 0

    @property
    def usage_rate(self) -> float:
        """How many were used for each that was given, to four digits; 0 where nothing was given."""
        return round(self.used / self.assigned, 4) if self.assigned else 0.0


def units_by_day(organization_id: int, window: Window) -> list[tuple[date, int, int]]:
    """Units given and used on each day of the window; one query."""
    questions = [Question(_UNITS, [organization_id, kind]) for kind in ("assign", "use")]
    return [(day, assigned, used) for day, (assigned, used) in by_day(window, *questions)]


def units_by_book(organization_id: int, window: Window, *, tags: Sequence[str] = ()) -> list[BookUnits]:
    """What of each book (with all of `tags`) was given and used in the window, by number; two queries."""
    units: dict[int, dict[str, int]] = {}
    # Both kinds are named, so that each is a range of the index.
    lines = CouponUsage.objects.filter(
        organization=organization_id,
        kind__in=CouponUsage.Kind.values,
        reverted_at__isnull=True,
        created_at__gte=window.since,
        created_at__lt=window.until,
    )
    for book_id, kind, amount in lines.order_by().values_list("book_id", "kind").annotate(Sum("amount")):
        units.setdefault(book_id, {})[kind] = int(amount)
    books = with_tags(CouponBook.objects.filter(organization=organization_id), tags).order_by("pk")
    found = ((book, units.get(book.pk, {})) for book in books.only("key", "name", "discount_type", "discount_amount"))
    return [BookUnits(book, counts.get("assign", 0), counts.get("use", 0)) for book, counts in found]


def discounts_used(organization_id: int, window: Window) -> dict[str, Decimal]:
    """What the coupons used in the window were worth, for each type of discount: the sum of the amounts their books
    say now. Two queries.
    """
    sums = {str(kind): Decimal(0) for kind in CouponBook.DiscountType.values}
    for one in units_by_book(organization_id, window):
        if one.book.discount_type and one.book.discount_amount is not None:
            sums[one.book.discount_type] += one.used * one.book.discount_amount
    return sums
