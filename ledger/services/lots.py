"""Acts on one credit at a time: activate, expire, cancel."""

from __future__ import annotations

from datetime import datetime

from ledger.engine.requests import ActivateLot, CancelLot, ExpireLot, LotRequest
from ledger.engine.run import execute
from ledger.selectors.records import TransactionRecord
from ledger.services.posting import records_of, tell
from loyalty.kernel.actors import Actor


def _act(request: LotRequest, organization_id: int, actor: Actor, at: datetime) -> list[TransactionRecord]:
    posting = execute([[request]], organization_id=organization_id, actor=str(actor), at=at, announce=tell)
    return records_of(posting, posting.outcomes[0].answers)


def activate_lot(*, organization_id: int, lot_id: int, actor: Actor, at: datetime) -> None:
    """Make a pending credit valid now.

    :raises NotFound: where there is no such lot.
    :raises LotClosed: where it is not pending.
    """
    _act(ActivateLot(lot_id=lot_id), organization_id, actor, at)


def expire_lot(
    *, organization_id: int, lot_id: int, actor: Actor, at: datetime, description: str = "", source: str = ""
) -> TransactionRecord:
    """Let what is free of an active credit expire now.

    :raises NotFound: where there is no such lot.
    :raises LotClosed: where it is not active, or a hold keeps all of it.
    """
    return _act(ExpireLot(lot_id=lot_id, description=description, source=source), organization_id, actor, at)[0]


def cancel_lot(
    *, organization_id: int, lot_id: int, actor: Actor, at: datetime, description: str = "", source: str = ""
) -> TransactionRecord:
    """Take back what is left of a minted credit; what was spent of it stays spent.

    :raises NotFound: where there is no such lot.
    :raises LotClosed: where nothing is left, a hold keeps part of it, or a transfer made it.
    """
    return _act(CancelLot(lot_id=lot_id, description=description, source=source), organization_id, actor, at)[0]
