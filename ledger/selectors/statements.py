"""A wallet's statement in one account: what moved there and until when it is good, paged by the wallet's own index
ranges, so that nobody else's rows are read however many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db import connection

from ledger.models import Kind
from loyalty.kernel.clock import aware

# All of it; what is good now; what is not good yet.
Which = Literal["all", "active", "pending"]
By = Literal["created", "effective"]

# Up to here a statement is counted row by row; a longer one has the length the balance keeps.
COUNTED = 10_000

# What changes what the wallet has. A hold keeps points aside, and its capture takes them.
STATED = (Kind.MINT, Kind.BURN, Kind.TRANSFER, Kind.EXPIRE, Kind.REVERT, Kind.CAPTURE)
_KINDS = ", ".join(f"'{kind.value}'" for kind in STATED)

COLUMNS = (
    "t.id, t.kind, t.from_wallet_id, t.to_wallet_id, t.amount, t.effective_at, t.created_at, t.key_kind, t.unique_key,"
    " t.external_id, t.description, t.source"
)


@dataclass(slots=True)
class StatementRow:
    """One transaction as its wallet sees it. `valid_from` and `expires_at` are of the credit it made there (the first
    of several), None where it made none; `changed_at` is when that became valid, else when the row was written.
    """

    id: int
    kind: str
    from_wallet_id: int
    to_wallet_id: int
    amount: int
    effective_at: datetime
    created_at: datetime
    key_kind: str
    unique_key: str | None
    external_id: str
    description: str
    source: str
    incoming: bool
    changed_at: datetime
    valid_from: datetime | None = None
    expires_at: datetime | None = None


def read_row(row: Sequence[Any], wallet_id: int) -> StatementRow:
    """A row of COLUMNS, seen from one of its wallets."""
    number, kind, giver, taker, amount, effective_at, created_at, *words = row
    written = aware(created_at)
    return StatementRow(
        number,
        kind,
        giver,
        taker,
        amount,
        aware(effective_at),
        written,
        *words,
        taker == wallet_id,
        written,  # type: ignore[call-arg]
    )


def list_statement(
    *,
    account_id: int,
    wallet_id: int,
    start: int,
    stop: int,
    which: Which = "all",
    by: By = "created",
    descending: bool = True,
    tracked: bool = True,
) -> list[StatementRow]:
    """The rows from `start` to `stop`, in two queries. `active` and `pending` are the credits of which something is
    left that is good now, or not yet; where points are not `tracked`, every credit is good that made no lot.

    The caller has settled the balance. Sorted by `effective` date all of the wallet's rows in the account are looked
    at, by `created` no more than up to the last one shown.
    """
    found, bound = _chosen(account_id, wallet_id, which, tracked)
    column, way = ("id", "DESC" if descending else "ASC")
    order = f"{column} {way}" if by == "created" else f"moment {way}, {column} {way}"
    sides = [f"SELECT * FROM ({side} ORDER BY {order} LIMIT %s) s{place}" for place, side in enumerate(found)]
    window = f"SELECT * FROM ({' UNION ALL '.join(sides)}) u ORDER BY {order} LIMIT %s OFFSET %s"
    outer = order.replace("moment", "p.moment").replace("id ", "p.id ")
    params = [value for part in bound for value in (*part, stop)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {COLUMNS} FROM ({window}) p JOIN ledger_transaction t ON t.id = p.id ORDER BY {outer}",
            [*params, stop - start, start],
        )
        rows = [read_row(row, wallet_id) for row in cursor.fetchall()]
    return with_validity(rows, wallet_id)


def count_statement(*, account_id: int, wallet_id: int, kept: int, which: Which = "all", tracked: bool = True) -> int:
    """How many rows there are; above COUNTED as many as the balance has `kept` count of, which has holds in it too."""
    found, bound = _chosen(account_id, wallet_id, which, tracked)
    sides = [f"SELECT * FROM ({side} LIMIT %s) s{place}" for place, side in enumerate(found)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM ({' UNION ALL '.join(sides)}) u",
            [value for part in bound for value in (*part, COUNTED + 1)],
        )
        (number,) = cursor.fetchone()
    return max(COUNTED, kept) if number > COUNTED else int(number)


# A lot was credited when its transaction happened.
_LOTS = (
    "SELECT DISTINCT l.transaction_id AS id, {moment} AS moment FROM ledger_lot l"
    " WHERE l.wallet_id = %s AND l.account_id = %s AND l.state = '{state}' AND l.transaction_id IS NOT NULL"
)
_NO_LOT = " AND NOT EXISTS (SELECT 1 FROM ledger_lot l WHERE l.transaction_id = t.id)"


def _chosen(account_id: int, wallet_id: int, which: Which, tracked: bool) -> tuple[list[str], list[tuple[int, int]]]:
    """Queries that together find what is asked for, nothing twice, and what they are bound with."""
    mine = (wallet_id, account_id)
    side = f"SELECT t.id, {_moment('t')} AS moment FROM ledger_transaction t WHERE t.kind IN ({_KINDS})"
    received = f"{side} AND t.to_wallet_id = %s AND t.account_id = %s"
    if which == "all":
        return [f"{side} AND t.from_wallet_id = %s AND t.account_id = %s", received], [mine, mine]
    lots = _LOTS.format(state=which, moment=_moment("l"))
    if which == "pending" or tracked:
        return [lots], [mine]
    return [lots, received + _NO_LOT], [mine, mine]


def _moment(table: str) -> str:
    """When a row happened, to sort by: an expression that no index has. Sorted by the date itself, PostgreSQL would go
    through everybody's transactions in that order, and look for the wallet's among them.
    """
    return f"{table}.effective_at" + (" AT TIME ZONE 'UTC'" if connection.vendor == "postgresql" else "")


def with_validity(rows: list[StatementRow], wallet_id: int) -> list[StatementRow]:
    """The rows, each with the dates of the credit it made in the wallet; one query, however many they are."""
    made = [row.id for row in rows if row.incoming]
    if not made:
        return rows
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT transaction_id, MIN(valid_from), MIN(expires_at), MAX(activated_at) FROM ledger_lot"
            f" WHERE transaction_id IN ({', '.join(f'{pk:d}' for pk in made)}) AND wallet_id = %s"
            " GROUP BY transaction_id",
            [wallet_id],
        )
        dates = {pk: tuple(map(aware, found)) for pk, *found in cursor.fetchall()}
    for row in rows:
        valid_from, expires_at, activated_at = dates.get(row.id, (None, None, None)) if row.incoming else (None,) * 3
        row.valid_from, row.expires_at = valid_from, expires_at
        row.changed_at = max(row.created_at, activated_at or row.created_at)
    return rows
