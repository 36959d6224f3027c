"""Ends holds: captures and releases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from ledger.engine.requests import Capture, Release
from ledger.engine.run import execute
from ledger.errors import NotPending
from ledger.models import Hold, Transaction
from ledger.selectors.records import TransactionRecord, describe
from ledger.services.posting import tell
from loyalty.kernel.actors import Actor


def capture_holds(
    *,
    organization_id: int,
    captures: Mapping[int, int | None],
    actor: Actor,
    at: datetime,
    ledger_id: int | None = None,
    account_id: int | None = None,
    description: str = "",
    source: str = "",
) -> list[TransactionRecord]:
    """Capture holds by their transaction ids, wholly (None) or partly; the rest of each is released. All or none.

    :raises NotFound: a hold that is not of this organization, ledger and account.
    :raises NotPending: a hold that has ended.
    :raises InvalidInput: an amount that is not between 1 and what is held.
    :raises AccountInactive: the account takes no captures now.
    """
    requests = [
        Capture(
            transaction_id=hold_id,
            amount=amount,
            ledger_id=ledger_id,
            account_id=account_id,
            description=description,
            source=source,
        )
        for hold_id, amount in captures.items()
    ]
    execute([requests], organization_id=organization_id, actor=str(actor), at=at, announce=tell)
    return describe(list(Transaction.objects.filter(pk__in=captures).order_by("pk")))


def release_hold(
    *,
    organization_id: int,
    transaction_id: int,
    actor: Actor,
    at: datetime,
    description: str = "",
    source: str = "",
    only_once: bool = False,
) -> TransactionRecord:
    """Give back what a hold keeps. Releasing twice is the same as once, unless `only_once` has the second refused.

    :raises NotFound: where there is no such hold.
    :raises NotPending: where it was captured, or with `only_once` has ended in any way.
    """
    request = Release(transaction_id=transaction_id, description=description, source=source)
    posting = execute([[request]], organization_id=organization_id, actor=str(actor), at=at, announce=tell)
    if only_once and posting.outcomes[0].answers[0].replayed:
        raise NotPending
    return describe([Transaction.objects.get(pk=transaction_id)])[0]


def void_stale_holds(*, older_than: timedelta, actor: Actor, at: datetime, most: int = 500) -> int:
    """Release holds that have been open for longer than `older_than`; answers how many (semantics 2.2)."""
    stale = list(
        Hold.objects.filter(state=Hold.State.PENDING, created_at__lt=at - older_than)
        .order_by("created_at")
        .values_list("transaction_id", "transaction__organization_id")[:most]
    )
    voided = 0
    for organization_id in sorted({organization_id for _, organization_id in stale}):
        groups = [
            [Release(transaction_id=pk, description="The hold was open for too long.", source="hold-ttl")]
            for pk, owner in stale
            if owner == organization_id
        ]
        outcomes = execute(
            groups, organization_id=organization_id, actor=str(actor), at=at, tolerant=True, announce=tell
        ).outcomes
        voided += sum(outcome.error is None for outcome in outcomes)
    return voided
