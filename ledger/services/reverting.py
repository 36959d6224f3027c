"""Reverts transactions: writes their opposites, and gives back the very lots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from ledger.engine.requests import Revert
from ledger.engine.run import execute
from ledger.services.posting import Posting, records_of, tell
from loyalty.kernel.actors import Actor
from loyalty.kernel.clock import or_none


def revert_transactions(
    *,
    organization_id: int,
    transaction_ids: Sequence[int],
    actor: Actor,
    at: datetime,
    ledger_id: int | None = None,
    account_id: int | None = None,
    unique_key: str | None = None,
    external_id: str = "",
    description: str = "",
    tags: Sequence[str] = (),
    external_event_at: datetime | None = None,
    source: str = "",
    clears: bool = False,
) -> Posting:
    """Write the opposite of each transaction, all or none; a pending hold is voided instead (semantics 2.3).

    A burn gives back the same lots with their own expiry; a mint is taken from its own lot first. Reverting again
    answers as the first time. `clears`: this settles between companies, in accounts that are not for members.

    :raises ClearingAccount: it lies in such an account, and this settles nothing.
    :raises NotFound: a transaction that is not of this organization, ledger and account.
    :raises NotRevertible: a revert, an expiry, a supply change or a cancelled credit.
    :raises InsufficientBalance: what was given is no longer there.
    """
    requests = [
        Revert(
            transaction_id=pk,
            ledger_id=ledger_id,
            account_id=account_id,
            unique_key=unique_key if len(transaction_ids) == 1 else None,
            external_id=external_id,
            description=description,
            tags=tags,
            external_event_at=external_event_at,
            source=source,
            clears=clears,
        )
        for pk in transaction_ids
    ]
    posting = execute([requests], organization_id=organization_id, actor=str(actor), at=at, announce=tell)
    answers = posting.outcomes[0].answers
    return Posting(records_of(posting, answers), replayed=bool(answers) and all(a.replayed for a in answers))


@dataclass(frozen=True, slots=True)
class RevertPreview:
    """What a revert would do: the balances it would leave (wallet id -> available) and the lots it would touch."""

    available: dict[int, int]
    lots: list[tuple[int, int, datetime | None]]


class _Undo(Exception):
    """Leaves the transaction of a preview."""


def preview_revert(*, organization_id: int, transaction_id: int, actor: Actor, at: datetime) -> RevertPreview:
    """Do the revert, look, and undo it: the preview cannot differ from the act.

    :raises DomainError: whatever the revert itself would raise.
    """
    preview = RevertPreview({}, [])
    try:
        with transaction.atomic():
            request = Revert(transaction_id=transaction_id)
            book = execute([[request]], organization_id=organization_id, actor=str(actor), at=at).book
            for balance in book.changed_balances.values():
                preview.available[balance.wallet_id] = balance.available
            for lot in book.changed_lots.values():
                preview.lots.append((lot.id, lot.remaining, or_none(lot.expires_at)))
            raise _Undo
    except _Undo:
        return preview
