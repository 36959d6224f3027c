"""A transaction as people and programs read it: with how it stands now, what it made and what answered it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ledger.models import Hold, Kind, LedgerAccount, Lot, Transaction
from loyalty.kernel.clock import NEVER

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
    expiries: dict[int, datetime] = {}
    for transaction_id, expires_at in Lot.objects.filter(transaction_id__in=ids).values_list(
        "transaction_id", "expires_at"
    ):
        expiries[transaction_id] = min(expires_at, expiries.get(transaction_id, NEVER))
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
