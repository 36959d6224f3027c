"""Adds up what a book counted, one sum for each account and day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from ledger.engine.book import DAY_COLUMNS


def totals(days: Iterable[tuple[int, date, int, int]]) -> list[tuple[int, date, list[int]]]:
    """(account, day, column, amount) rows as (account, day, sums in the order of DAY_COLUMNS), days without any left
    out, in an order that is the same for every writer.
    """
    sums: dict[tuple[int, date], list[int]] = {}
    for account_id, day, column, amount in days:
        row = sums.get((account_id, day))
        if row is None:
            row = sums[account_id, day] = [0] * len(DAY_COLUMNS)
        row[column] += amount
    return [(account_id, day, row) for (account_id, day), row in sorted(sums.items()) if any(row)]
