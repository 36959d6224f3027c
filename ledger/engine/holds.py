"""The rules of capture and release: how a hold ends, once."""

from __future__ import annotations

from ledger.engine.book import Book
from ledger.engine.moves import receive
from ledger.engine.primitives import Slices, move_reserve, take, wake
from ledger.engine.requests import Capture, Release, Request
from ledger.engine.rows import Account, Balance, Entry, Hold
from ledger.errors import AccountInactive, NotPending
from ledger.models import Hold as HoldModel
from ledger.models import Kind
from loyalty.kernel.errors import InvalidInput, NotFound


def find_hold(book: Book, request: Capture | Release) -> tuple[Entry, Hold, Account]:
    """The hold the request names.

    :raises NotFound: where it is not one, or not of this organization, ledger and account.
    """
    original = book.originals.get(request.transaction_id)
    hold = book.holds.get(request.transaction_id)
    if original is None or hold is None or request.account_id not in (None, original.account_id):
        raise NotFound("There is no such pending transaction.")
    return original, hold, book.account(original.account_id, request.ledger_id)


def _unhold(book: Book, balance: Balance, hold: Hold) -> Slices:
    """Stop keeping the hold's points aside; answers the slices they lie in. A lot past its expiry becomes due."""
    book.change_balance(balance).held -= hold.amount
    slices: Slices = []
    for lot_id, part in hold.slices:
        lot = book.lot(lot_id)
        book.change_lot(lot).held -= part
        balance.held_tracked -= part
        balance.lots[lot.id] = lot
        wake(book, balance, lot.expires_at)
        slices.append((lot, part))
    return slices


def post_capture(book: Book, request: Capture) -> Entry:
    """Take the captured part from the very lots that were held, release the rest (semantics 2.2).

    :raises NotPending: where the hold has ended.
    :raises InvalidInput: where the amount is not between 1 and what is held.
    """
    original, hold, account = find_hold(book, request)
    if hold.state != HoldModel.State.PENDING:
        raise NotPending(ledgerTransactionId=str(original.id))
    if not account.active:
        raise AccountInactive
    amount = hold.amount if request.amount is None else request.amount
    if not 1 <= amount <= hold.amount:
        raise InvalidInput(f"The captured amount must be from 1 to {hold.amount}.", field="captureAmount")
    balance = book.balances[account.id, original.from_wallet_id]
    slices = _unhold(book, balance, hold)
    entry = book.add_entry(
        account,
        Kind.CAPTURE,
        original.from_wallet_id,
        original.to_wallet_id,
        amount,
        request=request,
        answers_id=original.id,
    )
    taken: Slices = []
    left = amount
    for lot, part in slices:
        bite = min(part, left)
        if bite:
            take(book, balance, entry.id, lot, bite)
            taken.append((lot, bite))
            left -= bite
    balance.active -= left
    if amount < hold.amount:
        _add_release(book, account, original, hold.amount - amount)
    _close(book, hold, HoldModel.State.CAPTURED, amount)
    book.count(account, entry.effective_at, "held", -hold.amount)
    if hold.kind == Kind.TRANSFER:
        book.count(account, entry.effective_at, "transferred", amount)
        receive(book, account, entry, taken, left)
    else:
        move_reserve(book, account, entry)
        book.count(account, entry.effective_at, "burned", amount)
    return entry


def post_release(book: Book, request: Release) -> Entry:
    """Give back all that the hold keeps. Releasing twice answers as the first time and does nothing.

    :raises NotPending: where the hold was captured.
    """
    original, hold, account = find_hold(book, request)
    if hold.state == HoldModel.State.CAPTURED:
        raise NotPending(ledgerTransactionId=str(original.id))
    if hold.state == HoldModel.State.PENDING:
        release_hold(book, account, original, hold, request)
    return original


def release_hold(book: Book, account: Account, original: Entry, hold: Hold, request: Request) -> Entry:
    """Void a pending hold."""
    _unhold(book, book.balances[account.id, original.from_wallet_id], hold)
    entry = _add_release(book, account, original, hold.amount, request)
    _close(book, hold, HoldModel.State.VOIDED, 0)
    book.count(account, entry.effective_at, "held", -hold.amount)
    return entry


def _add_release(book: Book, account: Account, original: Entry, amount: int, request: Request | None = None) -> Entry:
    """What goes back, in the books: from where it would have gone to where it stays."""
    return book.add_entry(
        account,
        Kind.RELEASE,
        original.to_wallet_id,
        original.from_wallet_id,
        amount,
        request=request,
        answers_id=original.id,
    )


def _close(book: Book, hold: Hold, state: str, captured: int) -> None:
    book.change_hold(hold)
    hold.state, hold.captured, hold.closed_at = state, captured, book.at
