"""The rules for one lot at a time: make it valid now, let it expire now, take it back."""

from __future__ import annotations

from ledger.engine.book import Book
from ledger.engine.primitives import activate, expire_free, move_reserve, take
from ledger.engine.requests import ActivateLot, CancelLot, ExpireLot, LotRequest
from ledger.engine.reverts import drop_pending
from ledger.engine.rows import Account, Balance, Entry, Lot
from ledger.errors import LotClosed
from ledger.models import Kind
from ledger.models import Lot as LotModel
from loyalty.kernel.errors import NotFound


def _found(book: Book, request: LotRequest) -> tuple[Lot, Balance, Account]:
    lot = book.lots.get(request.lot_id)
    if lot is None:
        raise NotFound("There is no such lot.")
    account = book.account(lot.account_id, request.ledger_id)
    return lot, book.balances[account.id, lot.wallet_id], account


def post_activate(book: Book, request: ActivateLot) -> None:
    """Make a pending lot valid now. No value moves between wallets, so there is no transaction.

    :raises LotClosed: where it is not pending.
    """
    lot, balance, _ = _found(book, request)
    if lot.state != LotModel.State.PENDING:
        raise LotClosed(state=lot.state)
    activate(book, balance, lot, book.at)


def post_expire(book: Book, request: ExpireLot) -> Entry:
    """Let what is free of an active lot expire now; what a hold keeps expires when the hold gives it back.

    :raises LotClosed: where it is not active, or all of it is held.
    """
    lot, balance, _ = _found(book, request)
    if lot.state != LotModel.State.ACTIVE or not lot.free:
        raise LotClosed(state=lot.state)
    book.change_lot(lot).expires_at = min(lot.expires_at, book.at)
    return expire_free(book, balance, lot, book.at, request=request)


def post_cancel(book: Book, request: CancelLot) -> Entry:
    """Take back what is left of a minted lot; what was spent of it stays spent.

    :raises LotClosed: where nothing is left, a hold keeps part of it, or a transfer made it.
    """
    lot, balance, account = _found(book, request)
    if lot.state not in (LotModel.State.PENDING, LotModel.State.ACTIVE) or lot.held or lot.origin_id is not None:
        raise LotClosed(state=lot.state, held=lot.held)
    minted = book.originals.get(lot.transaction_id or 0)
    if minted is None or minted.kind != Kind.MINT:
        raise LotClosed(state=lot.state)
    entry = book.add_entry(
        account,
        Kind.REVERT,
        lot.wallet_id,
        account.reserve_id,
        lot.remaining,
        request=request,
        key=("system", f"cancel:{lot.id}"),
        answers_id=minted.id,
    )
    if lot.state == LotModel.State.PENDING:
        drop_pending(book, account, balance, entry, lot)
    else:
        take(book, balance, entry.id, lot, lot.remaining, LotModel.State.CANCELLED)
    move_reserve(book, account, entry)
    book.count(account, minted.effective_at, "minted", -entry.amount)
    book.count(account, entry.effective_at, "reverted", entry.amount)
    return entry
