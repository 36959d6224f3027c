"""What a book did over time: how much was given and used on each day, and the points taken for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate

from coupons.models import CouponBook, CouponUsage
from loyalty.kernel.clock import zone_of

# Whoever looks at a book waits for it: of a longer journal only the newest lines are added up.
REACH = 50_000


@dataclass(frozen=True, slots=True)
class BookNumbers:
    """Units given and used by day, and points taken by account; what was taken back counts nowhere. `is_cut`: the
    journal is longer than was looked at.
    """

    given: Mapping[date, int]
    used: Mapping[date, int]
    points: Mapping[int, int]
    is_cut: bool = False


def numbers_of(book: CouponBook, *, since: datetime) -> BookNumbers:
    """The book's numbers from `since` on, by the days of its organization's time zone; three queries."""
    # As a range of one: see `browsing`.
    newest = CouponUsage.objects.filter(book__gte=book.pk, book__lte=book.pk).order_by("-book_id", "-pk")
    edge = list(newest.values_list("pk", "created_at")[REACH : REACH + 1])
    lines = CouponUsage.objects.filter(book=book, created_at__gte=since, reverted_at__isnull=True)
    if edge:
        lines = lines.filter(pk__gt=edge[0][0])
    days: dict[str, dict[date, int]] = {"assign": {}, "use": {}}
    zone = zone_of(book.organization.timezone)
    by_day = lines.annotate(day=TruncDate("created_at", tzinfo=zone)).order_by().values_list("kind", "day")
    for kind, day, units in by_day.annotate(units=Sum("amount")):
        days[kind][day] = int(units)
    is_cut = bool(edge) and edge[0][1] >= since
    return BookNumbers(days["assign"], days["use"], _points(lines), is_cut)


def _points(lines: QuerySet[CouponUsage]) -> dict[int, int]:
    """What was paid for the lines, by account: a burn wholly, of a hold what was captured."""
    paid = lines.filter(transaction__isnull=False).order_by().values_list("transaction__account")
    taken = Coalesce(F("transaction__hold__captured"), F("transaction__amount"))
    return {account_id: int(total) for account_id, total in paid.annotate(total=Sum(taken))}
