"""One transfer of points, as an API names it: by the transaction that made or took them, or by the credit."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.models import Kind, Lot, Transaction, Wallet
from loyalty.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class SingleTransfer:
    """What of it can be acted on: the credit it made, the hold it is; neither for points that left a member.

    `is_given`: points that were given, not sent by another member.
    """

    is_given: bool = False
    lot_id: int | None = None
    hold_id: int | None = None


def get_transfer_of_transaction(account_id: int, number: int) -> SingleTransfer:
    """The transfer that is a whole transaction: points given, spent, sent or blocked.

    :raises NotFound: where the account has no such transaction, or it is none of these.
    """
    rows = Transaction.objects.filter(account_id=account_id, pk=number)
    row = rows.select_related("from_wallet", "to_wallet").first()
    moves = (Kind.MINT, Kind.BURN, Kind.TRANSFER, Kind.HOLD, Kind.CAPTURE)
    if row is None or row.kind not in moves:
        raise NotFound("There is no such transfer.")
    holder = row.to_wallet if row.kind == Kind.MINT else row.from_wallet
    if holder.kind != Wallet.Kind.MEMBER:
        raise NotFound("There is no such transfer.")
    if row.kind == Kind.HOLD:
        return SingleTransfer(hold_id=row.pk)
    if row.kind != Kind.MINT:
        return SingleTransfer()
    lot_id = Lot.objects.filter(transaction_id=row.pk).values_list("pk", flat=True).first()
    return SingleTransfer(is_given=True, lot_id=lot_id)


def get_transfer_of_lot(account_id: int, number: int) -> SingleTransfer:
    """The transfer that is one credit of several: points another member sent.

    :raises NotFound: where the account has no such credit, or nobody sent it.
    """
    lots = Lot.objects.filter(account_id=account_id, pk=number, wallet__kind=Wallet.Kind.MEMBER)
    if not lots.filter(transaction__kind__in=(Kind.TRANSFER, Kind.CAPTURE)).exists():
        raise NotFound("There is no such transfer.")
    return SingleTransfer(lot_id=number)
