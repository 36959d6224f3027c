"""A transaction as people and programs read it: with how it stands now, what it made and what answered it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from ledger.models import Hold, Kind, LedgerAccount, Transaction
from loyalty.kernel.clock import aware
from loyalty.kernel.prepared import bind_list, fetch

PENDING, CAPTURED, VOIDED, REVERTED = "pending", "captured", "voided", "reverted"


@dataclass(slots=True)
class TransactionRecord:
    """One transaction (semantics 15b). A hold is shown as the burn or transfer it will be; `status` tells how far it
    is. `expires_at` is the earliest of the lots it made, NEVER where they do not expire, None where it made none.
    """

    id: int
    organization_id: int
    ledger_id: int
    account_id: int
    kind: str
    status: str
    amount: int
    captured_amount: int
    capture_method: str
    from_wallet_id: int
    to_wallet_id: int
    unique_key: str | None
    external_id: str
    description: str
    tags: list[str]
    source: str
    actor: str
    external_event_at: datetime | None
    effective_at: datetime
    created_at: datetime
    expires_at: datetime | None = None
    reverts_id: int | None = None
    reverted_by_id: int | None = None


def record_of(row: Any, ledger_id: int) -> TransactionRecord:
    """A transaction as it was written, before anything answered it."""
    held = row.kind == Kind.HOLD
    return TransactionRecord(
        id=row.id,
        organization_id=row.organization_id,
        ledger_id=ledger_id,
        account_id=row.account_id,
        kind=str(row.kind),
        status=PENDING if held else CAPTURED,
        amount=row.amount,
        captured_amount=0 if held else row.amount,
        capture_method="manual" if held else "auto",
        from_wallet_id=row.from_wallet_id,
        to_wallet_id=row.to_wallet_id,
        unique_key=row.unique_key,
        external_id=row.external_id,
        description=row.description,
        tags=row.tags,
        source=row.source,
        actor=row.actor,
        external_event_at=row.external_event_at,
        effective_at=row.effective_at,
        created_at=row.created_at,
        reverts_id=row.answers_id if row.kind == Kind.REVERT else None,
    )


def describe(rows: Sequence[Transaction]) -> list[TransactionRecord]:
    """Stored transactions, in the order given; costs three more queries, however many there are."""
    ids = [row.id for row in rows]
    if not ids:
        return []
    ledgers = dict(LedgerAccount.objects.filter(pk__in={row.account_id for row in rows}).values_list("pk", "ledger_id"))
    holds = {}
    held_ids = [row.id for row in rows if row.kind == Kind.HOLD]
    if held_ids:
        holds = Hold.objects.in_bulk(held_ids)
    reverted_by = {
        answers_id: pk
        for pk, answers_id in Transaction.objects.filter(answers_id__in=ids, kind=Kind.REVERT)
        .order_by("-pk")
        .values_list("pk", "answers_id")
    }
    expiries = _first_expiries(ids)
    records = []
    for row in rows:
        record = record_of(row, ledgers[row.account_id])
        hold = holds.get(row.id)
        if hold is not None:
            record.kind, record.status, record.captured_amount = hold.kind, hold.state, hold.captured
        record.reverted_by_id = reverted_by.get(row.id)
        if record.reverted_by_id is not None:
            record.status = REVERTED
        record.expires_at = expiries.get(row.id)
        records.append(record)
    return records


# One look into the index for each transaction, whatever the planner believes of the table: of one it knows nothing
# about, it would rather read all credits there are for a page of them.
_FIRST_EXPIRIES = {
    "postgresql": """
SELECT CAST(asked.value AS bigint), made.expires_at FROM json_array_elements_text(%s) AS asked (value)
CROSS JOIN LATERAL (
  SELECT min(l.expires_at) AS expires_at FROM ledger_lot l WHERE l.transaction_id = CAST(asked.value AS bigint)
) AS made WHERE made.expires_at IS NOT NULL
""",
    "sqlite": """
SELECT l.transaction_id, min(l.expires_at) FROM json_each(%s) AS asked
CROSS JOIN ledger_lot l ON l.transaction_id = CAST(asked.value AS integer)
GROUP BY l.transaction_id
""",
}


def _first_expiries(ids: Sequence[int]) -> dict[int, datetime]:
    """When the first of the credits each transaction made expires, of those that made some; one query."""
    found = fetch(_FIRST_EXPIRIES[connection.vendor], [bind_list([str(number) for number in ids])])
    return {transaction_id: aware(expires_at) for transaction_id, expires_at in found}
