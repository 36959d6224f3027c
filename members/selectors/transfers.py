"""Transfers of points as Open Loyalty lists them: each credit of a member, and each debit, as a row of its own.

A row is found through an index and in the order of its writing. Lists end after WINDOW rows. A filter that no index
answers looks at the REACH newest (or oldest) transactions of its range, and says so.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from loyalty.kernel.clock import NEVER, aware
from members.selectors.transfer_sources import Part, Range, TransfersWanted, join, sources

WINDOW = 10_000
REACH = 100_000

# What a list may be sorted by, within its window; by `createdAt` it is in the order of its writing.
COLUMNS = {
    "value": "t_amount",
    "state": "f.state",
    "type": "f.type",
    "expiresAt": "shown_expires_at",
    "lockedUntil": "l.valid_from",
    "comment": "t.description",
    "issuer": "t.source",
    "customerId": "m.customer_id",
}


@dataclass(slots=True)
class TransferRow:
    """One transfer with its member as the profile has them now. `lot_id` is set for points another member sent; such a
    row is named by it, any other by its transaction. `expires_at` is None where points never expire.
    """

    type: str
    state: str
    transaction_id: int
    lot_id: int | None
    wallet_id: int
    customer_id: str
    profile: dict[str, Any]
    other_customer_id: str | None
    created_at: datetime
    expires_at: datetime | None
    locked_until: datetime | None
    amount: int
    comment: str
    source: str


@dataclass(frozen=True, slots=True)
class TransferPage:
    """Some rows of a list, how many there are in all (WINDOW at most), and whether there are more."""

    rows: list[TransferRow]
    total: int
    is_capped: bool


def list_transfers(wanted: TransfersWanted, *, start: int, stop: int, sort: str = "createdAt") -> TransferPage:
    """The rows from `start` to `stop` of those wanted; two queries, and one more where a filter has no index."""
    parts = sources(wanted, REACH)
    if not parts:
        return TransferPage([], 0, is_capped=False)
    total = _count(parts)
    is_capped = total > WINDOW
    if not is_capped and wanted.is_searched and total < WINDOW:
        is_capped = _is_beyond_reach(wanted)
    stop = min(stop, WINDOW)
    rows = _rows(wanted, parts, start, stop, sort) if start < min(stop, total) else []
    return TransferPage(rows, min(total, WINDOW), is_capped)


def _ask(part: Part) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(part.sql, [_bound(value) for value in part.params])
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _bound(value: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def _count(parts: Sequence[Part]) -> int:
    # Each with a limit of its own: the planner would not know that of a long range so little is wanted.
    ends = f"LIMIT {WINDOW + 1}"
    every = join(" UNION ALL ", [Part(f"SELECT 1 FROM ({part.sql} {ends}) p", part.params) for part in parts])
    counted = _ask(Part(f"SELECT count(*) FROM (SELECT 1 FROM ({every.sql}) u LIMIT {WINDOW + 1}) c", every.params))
    return int(counted[0][0])


def _is_beyond_reach(wanted: TransfersWanted) -> bool:
    """Whether there is more than a filter without an index looked at."""
    if wanted.wallet_ids is not None:
        return False
    mine = "account_id = %s ORDER BY id"
    if wanted.is_of_few:
        mine = "(account_id + 0) = %s AND kind <> 'mint'"
    sql = f"SELECT id FROM ledger_transaction WHERE {mine} LIMIT 1 OFFSET {REACH}"
    return bool(_ask(Part(sql, (wanted.account_id,))))


_PAGE = """
WITH found AS (SELECT * FROM ({found}) u ORDER BY tid {way}, lid {way} LIMIT {limit} OFFSET {offset})
SELECT f.type, f.state, f.tid, f.lid, f.wallet_id, m.customer_id, m.profile, o.customer_id, t.created_at,
       CASE WHEN f.lid > 0 THEN l.expires_at WHEN f.type = 'blocked' THEN NULL ELSE t.created_at END
         AS shown_expires_at,
       CASE WHEN f.state = 'pending' THEN l.valid_from END, CASE WHEN f.lid > 0 THEN l.amount ELSE t.amount END
         AS t_amount, t.description, t.source
FROM found f
JOIN ledger_transaction t ON t.id = f.tid
JOIN members_member m ON m.wallet_id = f.wallet_id
LEFT JOIN ledger_lot l ON l.id = f.lid
LEFT JOIN members_member o ON o.wallet_id = f.other_id
ORDER BY {order} f.tid {way}, f.lid {way} LIMIT {shown} OFFSET {passed}
"""


def _rows(wanted: TransfersWanted, parts: Sequence[Part], start: int, stop: int, sort: str) -> list[TransferRow]:
    way = "DESC" if wanted.newest_first else "ASC"
    column = COLUMNS.get(sort)
    # Another column sorts what is in the window: all of it is looked at.
    limit, offset = (stop - start, start) if column is None else (WINDOW, 0)
    shown, passed = (stop - start, 0) if column is None else (stop - start, start)
    reach = WINDOW if column is not None else stop
    found = join(
        " UNION ALL ",
        [
            Part(f"SELECT * FROM ({part.sql} ORDER BY {part.order.format(way=way)} LIMIT {reach}) p", part.params)
            for part in parts
        ],
    )
    sql = _PAGE.format(
        found=found.sql,
        way=way,
        limit=limit,
        offset=offset,
        order="" if column is None else f"{column} {way},",
        shown=shown,
        passed=passed,
    )
    return [_row(row) for row in _ask(Part(sql, found.params))]


def _row(row: tuple[Any, ...]) -> TransferRow:
    type_, state, tid, lid, wallet_id, customer_id, profile, other, created, expires, locked, amount, text, source = row
    expires_at, locked_until = aware(expires), aware(locked)
    return TransferRow(
        type=type_,
        state=state,
        transaction_id=tid,
        lot_id=lid if type_ == "p2p_adding" else None,
        wallet_id=wallet_id,
        customer_id=_uuid(customer_id),
        profile=json.loads(profile) if isinstance(profile, str) else profile,
        other_customer_id=None if other is None else _uuid(other),
        created_at=aware(created),
        expires_at=None if expires_at is None or expires_at >= NEVER else expires_at,
        locked_until=None if locked_until is None or locked_until >= NEVER else locked_until,
        amount=amount,
        comment=text,
        source=source,
    )


def _uuid(value: Any) -> str:
    """A UUID as people write it; the embedded database keeps 32 digits."""
    text = str(value)
    return text if len(text) == 36 else f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


__all__ = ["COLUMNS", "REACH", "WINDOW", "Range", "TransferPage", "TransferRow", "TransfersWanted", "list_transfers"]
