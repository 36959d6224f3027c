"""Moves points at the counter of a store, and ends single transfers: cancelled, activated, expired.

Amounts are smallest units of the store's account. `source` says who stood there; the list of transfers shows it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ledger.errors import LotClosed, NotPending
from ledger.services import (
    Move,
    activate_lot,
    burn,
    cancel_lot,
    expire_lot,
    mint,
    post_transactions,
    release_hold,
    transfer,
)
from loyalty.kernel.actors import Actor
from members.errors import NotThisTransfer
from members.models import Store
from members.selectors.single_transfers import SingleTransfer
from members.services.stores import Dates, dates_at


def give_at_store(
    *,
    store: Store,
    timezone: str,
    wallet_id: int,
    amount: int,
    actor: Actor,
    at: datetime,
    days: int | None = None,
    comment: str = "",
    source: str = "",
) -> int:
    """Give points with the store's dates, alive for `days` where those are said; answers the transaction's number.

    :raises DomainError: whatever posting a mint may raise.
    """
    dates = _dates(store, timezone, at, days)
    move = mint(
        account_id=store.account_id,
        wallet_id=wallet_id,
        amount=amount,
        valid_from=dates.valid_from,
        expires_at=dates.expires_at,
        description=comment,
        source=source,
    )
    return _post(store, move, actor, at)


def _dates(store: Store, timezone: str, at: datetime, days: int | None) -> Dates:
    dates = dates_at(store, at, timezone, days=days)
    if dates.expires_at <= (dates.valid_from or at):
        # Within the last second of a month or year: it belongs to the next.
        return dates_at(store, at + timedelta(seconds=1), timezone, days=days)
    return dates


def spend_at_store(
    *,
    store: Store,
    wallet_id: int,
    amount: int,
    actor: Actor,
    at: datetime,
    comment: str = "",
    source: str = "",
    block: bool = False,
) -> int:
    """Take points for good, or (with `block`) only keep them from being spent; answers the transaction's number.

    :raises InsufficientBalance: fewer are available.
    :raises DomainError: whatever else posting a burn may raise.
    """
    move = burn(
        account_id=store.account_id,
        wallet_id=wallet_id,
        amount=amount,
        description=comment,
        source=source,
        hold=block,
    )
    return _post(store, move, actor, at)


def send_at_store(
    *, store: Store, from_wallet_id: int, to_wallet_id: int, amount: int, actor: Actor, at: datetime, source: str = ""
) -> int:
    """Move points from one member to another, each credit with its own expiry; answers the transaction's number.

    :raises SameWallet: both are one member.
    :raises InsufficientBalance: fewer are available.
    :raises DomainError: whatever else posting a transfer may raise.
    """
    move = transfer(
        account_id=store.account_id,
        from_wallet_id=from_wallet_id,
        to_wallet_id=to_wallet_id,
        amount=amount,
        source=source,
    )
    return _post(store, move, actor, at)


def _post(store: Store, move: Move, actor: Actor, at: datetime) -> int:
    posting = post_transactions(organization_id=store.organization_id, moves=[move], actor=actor, at=at)
    return posting.records[0].id


def cancel_transfer(*, store: Store, found: SingleTransfer, actor: Actor, at: datetime, source: str = "") -> None:
    """Take back what is left of points that were given, or end a block. Once: the second time is refused.

    :raises NotThisTransfer: spent points, points from another member, and what has ended.
    """
    words = {"organization_id": store.organization_id, "actor": actor, "at": at, "source": source}
    try:
        if found.hold_id is not None:
            release_hold(transaction_id=found.hold_id, only_once=True, **words)  # type: ignore[arg-type]
        elif found.is_given and found.lot_id is not None:
            cancel_lot(lot_id=found.lot_id, **words)  # type: ignore[arg-type]
        else:
            raise NotThisTransfer
    except (LotClosed, NotPending) as error:
        raise NotThisTransfer from error


def activate_transfer(*, store: Store, found: SingleTransfer, actor: Actor, at: datetime) -> None:
    """Make locked points valid now.

    :raises NotThisTransfer: where they are not locked.
    """
    if found.lot_id is None:
        raise NotThisTransfer
    try:
        activate_lot(organization_id=store.organization_id, lot_id=found.lot_id, actor=actor, at=at)
    except LotClosed as error:
        raise NotThisTransfer from error


def expire_transfer(*, store: Store, found: SingleTransfer, actor: Actor, at: datetime, source: str = "") -> None:
    """Let what is free of points that were given, or came from another member, expire now.

    :raises NotThisTransfer: where they are not active, or nothing of them is left.
    """
    if found.lot_id is None:
        raise NotThisTransfer
    try:
        expire_lot(organization_id=store.organization_id, lot_id=found.lot_id, actor=actor, at=at, source=source)
    except LotClosed as error:
        raise NotThisTransfer from error
