"""How many points of a store were earned and spent on which day, and how many expire or become valid."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from ledger.selectors import becoming_valid, daily_totals, expiring
from loyalty.kernel.clock import local_day, zone_of

EARNED, SPENT, EXPIRED, PENDING = "earned", "spent", "expired", "pending"
POINT_TYPES = (EARNED, SPENT, EXPIRED, PENDING)


def points_by_day(
    account_id: int, point_type: str, *, first: date, last: date, at: datetime, zone: str
) -> dict[date, int]:
    """Smallest units on each local day of `zone` from `first` to `last` on which there are any; one query or two.

    What is earned and spent comes from the running totals of the days, so the length of history costs nothing. What
    expired is what did, and what is about to; what is pending becomes valid on that day.
    """
    today = local_day(at, zone)
    found: dict[date, int] = {}
    if point_type in (EARNED, SPENT, EXPIRED):
        for day, totals in daily_totals(account_id, since=first, until=min(last, today)):
            found[day] = {EARNED: totals.minted, SPENT: totals.burned, EXPIRED: totals.expired}[point_type]
    start, end = (datetime.combine(day, time(), zone_of(zone)) for day in (first, last + timedelta(days=1)))
    since, until = start - timedelta(microseconds=1), end - timedelta(microseconds=1)
    if point_type == EXPIRED:
        coming = []
        if since < at:
            # Nobody has settled it yet, but it is over.
            coming += expiring(account_id, since, min(at, until), zone, free=True)
        if until > at:
            coming += expiring(account_id, max(at, since), until, zone)
        for day, amount in coming:
            found[day] = found.get(day, 0) + amount
    if point_type == PENDING and until > at:
        found = dict(becoming_valid(account_id, max(at, since), until, zone))
    return found
