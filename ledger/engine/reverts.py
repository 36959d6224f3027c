"""The rules of revert: the opposite of a transaction, with the very lots it took or made (semantics 2.3)."""

from __future__ import annotations

from ledger.engine.book import Book
from ledger.engine.holds import release_hold
from ledger.engine.primitives import (
    close_if_empty,
    credit_lot,
    credit_untracked,
    debit,
    move_reserve,
    require,
    restore,
    rule_expiry,
    take,
)
from ledger.engine.requests import Reclaim, Revert
from ledger.engine.rows import Account, Balance, Entry, Lot
from ledger.errors import NotRevertible
from ledger.models import Hold as HoldModel
from ledger.models import Kind, Wallet
from ledger.models import Lot as LotModel
from loyalty.kernel.errors import NotFound

_DAY_COLUMN = {Kind.MINT: "minted", Kind.BURN: "burned", Kind.TRANSFER: "transferred"}


def post_revert(book: Book, request: Revert) -> Entry:
    """Write the opposite of a mint, burn, transfer or captured hold; void a pending hold.

    Answers the opposite (for a pending hold the hold itself). Reverting twice answers as the first time.

    :raises NotRevertible: for a revert, an expiry, a supply change, or a credit that was cancelled.
    :raises InsufficientBalance: where what was given is no longer there.
    """
    original = book.originals.get(request.transaction_id)
    if original is None or request.account_id not in (None, original.account_id):
        raise NotFound("There is no such transaction.")
    account = book.moved_in(original.account_id, request)
    if original.kind == Kind.HOLD:
        hold = book.holds[original.id]
        if hold.state == HoldModel.State.PENDING:
            release_hold(book, account, original, hold, request)
            return original
        if hold.state == HoldModel.State.VOIDED:
            return original
        moved, kind = book.store.load_capture(book, original.id), Kind(hold.kind)
    elif original.kind in _DAY_COLUMN:
        moved, kind = original, original.kind
    else:
        raise NotRevertible(ledgerTransactionId=str(original.id))
    earlier = book.store.find_revert(book, original.id)
    if earlier is not None:
        if earlier.amount != moved.amount:
            raise NotRevertible("This credit was cancelled.", ledgerTransactionId=str(original.id))
        return earlier
    return _post_opposite(book, request, account, original, moved, kind)


def _post_opposite(book: Book, request: Revert, account: Account, original: Entry, moved: Entry, kind: Kind) -> Entry:
    # A receiver in debt pays it from what it gets: those uses are its own affair, not the sender's.
    taken = [use for use in book.store.load_uses(book, moved.id) if use[0].wallet_id == moved.from_wallet_id]
    made = book.store.load_lots_made(book, moved.id)
    _require_back(book, account, moved, made)
    entry = book.add_entry(
        account,
        Kind.REVERT,
        moved.to_wallet_id,
        moved.from_wallet_id,
        moved.amount,
        request=request,
        key=("system", f"revert:{original.id}"),
        answers_id=original.id,
    )
    move_reserve(book, account, entry)
    book.count(account, moved.effective_at, _DAY_COLUMN[kind], -moved.amount)
    book.count(account, entry.effective_at, "reverted", moved.amount)
    debtor = book.balances.get((account.id, moved.to_wallet_id))
    if debtor is not None and book.wallets[moved.to_wallet_id].kind in (Wallet.Kind.MEMBER, Wallet.Kind.CLEARING):
        _take_back(book, account, debtor, entry, made)
    if kind != Kind.MINT:
        _give_back(book, account, book.balances[account.id, moved.from_wallet_id], entry, taken)
    return entry


def _require_back(book: Book, account: Account, moved: Entry, made: list[Lot]) -> None:
    """:raises InsufficientBalance: where the receiver no longer has what would be taken back."""
    balance = book.balances.get((account.id, moved.to_wallet_id))
    if balance is None or book.wallets[moved.to_wallet_id].kind not in (Wallet.Kind.MEMBER, Wallet.Kind.CLEARING):
        return
    waiting = sum(lot.remaining for lot in made if lot.state == LotModel.State.PENDING)
    if moved.amount > waiting:
        require(balance, moved.amount - waiting)


def _take_back(book: Book, account: Account, balance: Balance, entry: Entry, made: list[Lot]) -> None:
    """Take the amount from the lots the transaction made, pending ones included, then in spend order."""
    left = entry.amount
    for lot in made:
        if lot.state == LotModel.State.PENDING:
            left -= drop_pending(book, account, balance, entry, lot)
    for lot in made:
        part = min(lot.free, left)
        if part and lot.state == LotModel.State.ACTIVE:
            take(book, balance, entry.id, lot, part, LotModel.State.CANCELLED)
            left -= part
    if left:
        debit(book, balance, entry.id, left)


def drop_pending(
    book: Book, account: Account, balance: Balance, entry: Entry, lot: Lot, most: int | None = None
) -> int:
    """Take back all of a lot that has not become valid, or at most so much of it; answers how much."""
    amount = lot.remaining if most is None else min(lot.remaining, most)
    book.change_lot(lot).remaining -= amount
    close_if_empty(lot, LotModel.State.CANCELLED)
    book.change_balance(balance).pending -= amount
    book.use_lot(lot, entry.id, amount)
    book.count(account, entry.effective_at, "pending", -amount)
    return amount


def post_reclaim(book: Book, request: Reclaim) -> Entry | None:
    """Take back what is there of a mint, as a burn; answers None where nothing is, and the revert where there was one.

    Neither the account nor the wallet has to be active: it undoes what was done (semantics 8.4).

    :raises NotRevertible: for anything but a mint.
    """
    original = book.originals.get(request.transaction_id)
    if original is None:
        raise NotFound("There is no such transaction.")
    account = book.moved_in(original.account_id, request)
    if original.kind != Kind.MINT:
        raise NotRevertible(ledgerTransactionId=str(original.id))
    earlier = book.store.find_revert(book, original.id)
    if earlier is not None and earlier.amount == original.amount:
        return earlier
    wallet_id = request.wallet_id or original.to_wallet_id
    moved = wallet_id != original.to_wallet_id
    balance = book.balances.get((account.id, wallet_id))
    if balance is None:
        return None
    made = [] if moved else book.store.load_lots_made(book, original.id)
    waiting = [lot for lot in made if lot.state == LotModel.State.PENDING]
    amount = min(request.amount, sum(lot.remaining for lot in waiting) + max(0, balance.available))
    if amount < 1:
        return None
    target = account.reserve_id if account.revolving else account.burned_id
    entry = book.add_entry(account, Kind.BURN, balance.wallet_id, target, amount, request=request)
    left = amount
    for lot in waiting:
        if left:
            left -= drop_pending(book, account, balance, entry, lot, left)
    for lot in made:
        part = min(lot.free, left) if lot.state == LotModel.State.ACTIVE else 0
        if part:
            take(book, balance, entry.id, lot, part)
            left -= part
    if left:
        debit(book, balance, entry.id, left)
    move_reserve(book, account, entry)
    book.count(account, entry.effective_at, "burned", entry.amount)
    return entry


def _give_back(book: Book, account: Account, balance: Balance, entry: Entry, taken: list[tuple[Lot, int]]) -> None:
    """Restore the lots the transaction took from, each with its own expiry; the rest lay in no lot."""
    left = entry.amount
    for lot, part in taken:
        restore(book, balance, entry, lot, part)
        left -= part
    if not left:
        return
    owed = max(0, -balance.untracked)
    if account.tracking and left > owed and book.wallets[balance.wallet_id].kind == Wallet.Kind.MEMBER:
        # The debt this would have come from was paid meanwhile: what is over becomes points like any others.
        credit_lot(book, balance, entry, left, expires_at=rule_expiry(account, entry.effective_at))
    else:
        credit_untracked(book, balance, left)
