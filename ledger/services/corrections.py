"""Corrections by a person: a movement with a reason, and its mark in the history, in one transaction.

Amounts are smallest units. The reason is kept as the movement's description too. Each leaves an entry
`correction.<past>` on `target` (the wallet, or whoever the caller says the wallet is); a repeat with the same
`unique_key` answers as the first time and leaves none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Model

from ledger.amounts import as_text
from ledger.engine.requests import Move, burn, mint, transfer
from ledger.models import Kind, LedgerAccount, Lot, Transaction
from ledger.selectors.accounts import get_account
from ledger.selectors.records import TransactionRecord
from ledger.selectors.wallets import get_wallet
from ledger.services.holds import capture_holds, release_hold
from ledger.services.lots import activate_lot, cancel_lot, expire_lot
from ledger.services.posting import post_transactions
from ledger.services.reverting import revert_transactions
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput, NotFound
from loyalty.kernel.models import AuditEntry
from loyalty.kernel.selectors import list_audit_of
from loyalty.kernel.services import record

SOURCE = "correction"
_TWO_SIDED = ("correction.transferred", "correction.received")


@transaction.atomic
def give_points(
    *,
    organization_id: int,
    account_id: int,
    wallet_id: int,
    amount: int,
    reason: str,
    actor: Actor,
    at: datetime,
    unique_key: str | None = None,
    valid_from: datetime | None = None,
    expires_at: datetime | None = None,
    target: Model | None = None,
) -> TransactionRecord:
    """Issue points to a wallet, valid now or from `valid_from` on; without `expires_at` the account's rule decides.

    :raises DomainError: whatever posting a mint may raise.
    """
    move = mint(
        account_id=account_id,
        wallet_id=wallet_id,
        amount=amount,
        valid_from=valid_from,
        expires_at=expires_at,
        **_words(reason, unique_key),
    )
    return _post(move, "given", organization_id, reason, actor, at, [target or wallet_id])


@transaction.atomic
def take_points(
    *,
    organization_id: int,
    account_id: int,
    wallet_id: int,
    amount: int,
    reason: str,
    actor: Actor,
    at: datetime,
    unique_key: str | None = None,
    hold: bool = False,
    target: Model | None = None,
) -> TransactionRecord:
    """Take points out of a wallet for good, or (with `hold`) only keep them aside for that.

    :raises DomainError: whatever posting a burn may raise.
    """
    move = burn(account_id=account_id, wallet_id=wallet_id, amount=amount, hold=hold, **_words(reason, unique_key))
    return _post(move, "held" if hold else "taken", organization_id, reason, actor, at, [target or wallet_id])


@transaction.atomic
def transfer_points(
    *,
    organization_id: int,
    account_id: int,
    from_wallet_id: int,
    to_wallet_id: int,
    amount: int,
    reason: str,
    actor: Actor,
    at: datetime,
    unique_key: str | None = None,
    target: Model | None = None,
    receiver: Model | None = None,
) -> TransactionRecord:
    """Move points from one wallet to another; they keep their expiry. Both sides' histories tell it.

    :raises DomainError: whatever posting a transfer may raise.
    """
    move = transfer(
        account_id=account_id,
        from_wallet_id=from_wallet_id,
        to_wallet_id=to_wallet_id,
        amount=amount,
        **_words(reason, unique_key),
    )
    sides: list[Model | int] = [target or from_wallet_id, receiver or to_wallet_id]
    return _post(move, "transferred", organization_id, reason, actor, at, sides)


@transaction.atomic
def release_held_points(
    *,
    organization_id: int,
    transaction_id: int,
    reason: str,
    actor: Actor,
    at: datetime,
    target: Model | None = None,
) -> TransactionRecord:
    """Give back what a hold keeps.

    :raises NotFound: where there is no such hold.
    :raises NotPending: where it was captured.
    """
    held = _find(organization_id, transaction_id)
    done = release_hold(
        organization_id=organization_id,
        transaction_id=transaction_id,
        actor=actor,
        at=at,
        description=reason,
        source=SOURCE,
    )
    # Releasing twice answers as the first time: only the one that wrote the release leaves a mark.
    if held.answered_by.filter(kind=Kind.RELEASE, created_at=at, actor=str(actor)).exists():
        _mark("released", held.account, held.amount, done.id, [target or held], organization_id, reason, actor, at)
    return done


@transaction.atomic
def capture_held_points(
    *,
    organization_id: int,
    transaction_id: int,
    amount: int,
    reason: str,
    actor: Actor,
    at: datetime,
    target: Model | None = None,
) -> TransactionRecord:
    """Take `amount` of what a hold keeps, and release the rest.

    :raises NotFound: where there is no such hold.
    :raises NotPending: where it has ended.
    :raises InvalidInput: where the amount is more than what is held.
    """
    held = _find(organization_id, transaction_id)
    if amount > held.amount:
        most = as_text(held.amount, held.account.decimals)
        raise InvalidInput(f"The hold keeps {most}, no more than that can be taken.", field="amount")
    captures = {transaction_id: amount}
    done = capture_holds(
        organization_id=organization_id, captures=captures, actor=actor, at=at, description=reason, source=SOURCE
    )[0]
    _mark("captured", held.account, amount, done.id, [target or held], organization_id, reason, actor, at)
    return done


@transaction.atomic
def revert_transaction(
    *, organization_id: int, transaction_id: int, reason: str, actor: Actor, at: datetime
) -> TransactionRecord:
    """Undo a transaction by its opposite; a pending hold is released.

    :raises DomainError: whatever reverting may raise.
    """
    original = _find(organization_id, transaction_id)
    done = revert_transactions(
        organization_id=organization_id,
        transaction_ids=[transaction_id],
        actor=actor,
        at=at,
        description=reason,
        source=SOURCE,
    )
    if not done.replayed:
        amount, answer = done.records[0].amount, done.records[0].id
        _mark("reverted", original.account, amount, answer, [original], organization_id, reason, actor, at)
    return done.records[0]


@transaction.atomic
def activate_credit(*, organization_id: int, lot_id: int, reason: str, actor: Actor, at: datetime) -> None:
    """Make a pending credit valid now.

    :raises LotClosed: where it is not pending.
    """
    lot = _find_lot(organization_id, lot_id)
    activate_lot(organization_id=organization_id, lot_id=lot_id, actor=actor, at=at)
    _mark("activated", lot.account, lot.remaining, None, [lot], organization_id, reason, actor, at)


@transaction.atomic
def expire_credit(*, organization_id: int, lot_id: int, reason: str, actor: Actor, at: datetime) -> TransactionRecord:
    """Let what is free of an active credit expire now.

    :raises LotClosed: where it is not active, or a hold keeps all of it.
    """
    lot = _find_lot(organization_id, lot_id)
    done = expire_lot(
        organization_id=organization_id, lot_id=lot_id, actor=actor, at=at, description=reason, source=SOURCE
    )
    _mark("expired", lot.account, done.amount, done.id, [lot], organization_id, reason, actor, at)
    return done


@transaction.atomic
def cancel_credit(*, organization_id: int, lot_id: int, reason: str, actor: Actor, at: datetime) -> TransactionRecord:
    """Take back what is left of a credit that was given.

    :raises LotClosed: where nothing is left, a hold keeps part of it, or a transfer made it.
    """
    lot = _find_lot(organization_id, lot_id)
    done = cancel_lot(
        organization_id=organization_id, lot_id=lot_id, actor=actor, at=at, description=reason, source=SOURCE
    )
    _mark("cancelled", lot.account, done.amount, done.id, [lot], organization_id, reason, actor, at)
    return done


def forget_side(*, organization_id: int, target: Model) -> None:
    """Blank the name of a person who is forgotten where the other sides of their transfers tell it. Before their own
    history is blanked, which says which transfers those were.
    """
    own = list_audit_of(target._meta.label_lower, target.pk).filter(action__in=_TWO_SIDED)
    transfers = [number for number in own.values_list("after__transaction", flat=True) if number is not None]
    entries = AuditEntry.objects.filter(organization_id=organization_id, action__in=_TWO_SIDED)
    told = list(entries.filter(after__transaction__in=transfers)) if transfers else []
    for entry in told:
        entry.after = {name: value for name, value in entry.after.items() if name not in ("to", "from")}
    AuditEntry.objects.bulk_update(told, ["after"], batch_size=500)


def _words(reason: str, unique_key: str | None) -> dict[str, Any]:
    return {"description": reason, "source": SOURCE, "unique_key": unique_key}


def _find(organization_id: int, transaction_id: int) -> Transaction:
    rows = Transaction.objects.select_related("account")
    found = rows.filter(organization_id=organization_id, pk=transaction_id).first()
    if found is None:
        raise NotFound("There is no such transaction.")
    return found


def _find_lot(organization_id: int, lot_id: int) -> Lot:
    found = Lot.objects.select_related("account").filter(account__organization_id=organization_id, pk=lot_id).first()
    if found is None:
        raise NotFound("There is no such lot.")
    return found


def _post(
    move: Move,
    past: str,
    organization_id: int,
    reason: str,
    actor: Actor,
    at: datetime,
    targets: Sequence[Model | int],
) -> TransactionRecord:
    posting = post_transactions(organization_id=organization_id, moves=[move], actor=actor, at=at)
    done = posting.records[0]
    if not posting.replayed:
        account = get_account(organization_id, move.account_id)
        _mark(past, account, move.amount, done.id, targets, organization_id, reason, actor, at)
    return done


def _mark(
    past: str,
    account: LedgerAccount,
    amount: int,
    transaction_id: int | None,
    targets: Sequence[Model | int],
    organization_id: int,
    reason: str,
    actor: Actor,
    at: datetime,
) -> None:
    """The entry in the history, with the amount as people read it; a second target is who received it."""
    after: dict[str, Any] = {"amount": as_text(amount, account.decimals), "account": account.name}
    if transaction_id is not None:
        after["transaction"] = transaction_id
    rows = [get_wallet(organization_id, one) if isinstance(one, int) else one for one in targets]
    for own, other in zip(rows, reversed(rows), strict=True):
        about: Mapping[str, Any] = after
        what = past
        if own is not other:
            what, side = (past, "to") if own is rows[0] else ("received", "from")
            about = {**after, side: str(other)}
        record(
            actor=actor,
            at=at,
            action=f"correction.{what}",
            target=own,
            organization_id=organization_id,
            after=about,
            reason=reason,
        )
