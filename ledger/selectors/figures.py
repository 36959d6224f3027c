"""What an account did month by month, and what of it expires when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db import connection
from django.db.models import Sum
from django.db.models.functions import TruncMonth

from ledger.models import AccountDay, Lot
from ledger.selectors.accounts import AccountTotals
from loyalty.kernel.clock import aware, local_day

_SUMS = ("minted", "burned", "expired", "transferred", "reverted", "pending", "held", "transactions")


def monthly_totals(account_id: int) -> list[tuple[date, AccountTotals]]:
    """The account's totals of each month in which something moved, oldest first, in one query."""
    days = AccountDay.objects.filter(account_id=account_id).order_by()
    months = days.annotate(month=TruncMonth("day")).values_list("month").annotate(*(Sum(name) for name in _SUMS))
    return sorted((month, AccountTotals(*map(int, figures))) for month, *figures in months)


def daily_totals(account_id: int, *, since: date, until: date | None = None) -> list[tuple[date, AccountTotals]]:
    """The account's totals of each local day from `since` (up to `until`) on which something moved, oldest first, in
    one query.
    """
    days = AccountDay.objects.filter(account_id=account_id, day__gte=since).order_by()
    if until is not None:
        days = days.filter(day__lte=until)
    sums = days.values_list("day").annotate(*(Sum(name) for name in _SUMS))
    return sorted((day, AccountTotals(*map(int, figures))) for day, *figures in sums)


# The condition is written as the index lot_expiring has it (ledger/migrations/0002_guards.py), on each database.
_EXPIRING = {
    "postgresql": """
SELECT date_trunc('minute', expires_at AT TIME ZONE 'UTC'), SUM({what}) FROM ledger_lot
WHERE state = 'active' AND account_id = %s
  AND (expires_at AT TIME ZONE 'UTC') > %s::timestamp AND (expires_at AT TIME ZONE 'UTC') <= %s::timestamp
GROUP BY 1""",
    "sqlite": """
SELECT substr(expires_at, 1, 16), SUM({what}) FROM ledger_lot
WHERE state = 'active' AND account_id = %s AND (expires_at || '') > %s AND (expires_at || '') <= %s
GROUP BY 1""",
}


def expiring(
    account_id: int, since: datetime, until: datetime, zone: str, *, free: bool = False
) -> list[tuple[date, int]]:
    """What expires after `since` up to `until` on each local day of `zone`, in smallest units, soonest first.

    What holds keep is in it (it expires when the hold gives it back), unless only what is `free` is asked for.
    """
    edges = [f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}" for moment in (since, until)]
    if connection.vendor == "sqlite":
        edges = [edge.removesuffix(".000000") for edge in edges]
    with connection.cursor() as cursor:
        what = "remaining - held" if free else "remaining"
        cursor.execute(_EXPIRING[connection.vendor].format(what=what), [account_id, *edges])
        return _by_day(cursor.fetchall(), zone)


# As the index lot_becoming_valid has it (the migration transfers_by_kind_and_state).
_BECOMING_VALID = {
    vendor: f"""
SELECT {minute}, SUM(amount) FROM ledger_lot
WHERE state = 'pending' AND (account_id + 0) = %s AND valid_from > %s AND valid_from <= %s
GROUP BY 1"""
    for vendor, minute in (
        ("postgresql", "date_trunc('minute', valid_from AT TIME ZONE 'UTC')"),
        ("sqlite", "substr(valid_from, 1, 16)"),
    )
}


def becoming_valid(account_id: int, since: datetime, until: datetime, zone: str) -> list[tuple[date, int]]:
    """What becomes valid after `since` up to `until` on each local day of `zone`, in smallest units, soonest first."""
    edges = [connection.ops.adapt_datetimefield_value(moment) for moment in (since, until)]
    with connection.cursor() as cursor:
        cursor.execute(_BECOMING_VALID[connection.vendor], [account_id, *edges])
        return _by_day(cursor.fetchall(), zone)


def _by_day(found: Iterable[tuple[datetime | str, int]], zone: str) -> list[tuple[date, int]]:
    days: dict[date, int] = {}
    for minute, amount in found:
        day = local_day(aware(minute), zone)
        days[day] = days.get(day, 0) + int(amount)
    return sorted(days.items())


@dataclass(frozen=True, slots=True)
class OpenLots:
    """The credits of a wallet that are not used up, soonest first, and how many more there are."""

    lots: Sequence[Lot]
    more: int = 0


def open_lots(wallet_id: int, *, most: int = 50) -> OpenLots:
    """A wallet's active credits, soonest expiring first, then the pending ones; at most `most` of each are read."""
    found, more = list[Lot](), 0
    # One condition each, so that each finds its own partial index.
    for state, order in ((Lot.State.ACTIVE, "expires_at"), (Lot.State.PENDING, "valid_from")):
        rows = Lot.objects.filter(wallet_id=wallet_id, state=state)
        part = list(rows.select_related("account").order_by(order, "pk")[: most + 1])
        more += rows.count() - most if len(part) > most else 0
        found += part[:most]
    more += max(0, len(found) - most)
    return OpenLots(found[:most], more)
