"""The rules of mint, burn and transfer, and of the hold that puts the last two off."""

from __future__ import annotations

from ledger.engine.book import Book
from ledger.engine.primitives import (
    Slices,
    choose,
    credit_lot,
    credit_untracked,
    debit,
    move_reserve,
    require,
    rule_expiry,
)
from ledger.engine.requests import Move
from ledger.engine.rows import Account, Balance, Entry, Hold
from ledger.errors import AccountInactive, InsufficientBalance, SameWallet, WalletInactive
from ledger.models import Hold as HoldModel
from ledger.models import Kind, Wallet
from loyalty.kernel.clock import NEVER
from loyalty.kernel.errors import InvalidInput


def _checked(book: Book, move: Move, *wallet_ids: int) -> Account:
    """The account, after everything that does not depend on balances has been found in order."""
    account = book.moved_in(move.account_id, move)
    wallets = [book.movable(wallet_id) for wallet_id in wallet_ids]
    if move.amount < 1:
        raise InvalidInput("The amount must be at least 1.", field="amount")
    if not account.active:
        raise AccountInactive
    if not all(wallet.active for wallet in wallets):
        raise WalletInactive
    return account


def post_mint(book: Book, move: Move) -> Entry:
    """Issue points from the reserve to a wallet, now or from a later date on.

    :raises SupplyExceeded: where the account's finite supply has fewer left.
    """
    if move.to_wallet_id is None or move.hold:
        raise InvalidInput("A mint needs a wallet, and cannot be held.")
    account = _checked(book, move, move.to_wallet_id)
    balance = book.balances[account.id, move.to_wallet_id]
    entry = book.add_entry(account, Kind.MINT, account.reserve_id, balance.wallet_id, move.amount, request=move)
    move_reserve(book, account, entry)
    book.count(account, entry.effective_at, "minted", entry.amount)
    valid_from = NEVER if move.waits and move.valid_from is None else move.valid_from
    pending = move.waits or (valid_from is not None and valid_from > book.at)
    starts = entry.effective_at if valid_from in (None, NEVER) else valid_from
    expires_at = move.expires_at or rule_expiry(account, starts or entry.effective_at)
    if move.expires_at is not None and move.expires_at <= (starts or entry.effective_at):
        raise InvalidInput("The points would expire before they become valid.", field="expiresAt")
    if pending or _takes_lots(book, account, balance) or move.expires_at is not None:
        credit_lot(book, balance, entry, move.amount, expires_at=expires_at, valid_from=valid_from, pending=pending)
    else:
        credit_untracked(book, balance, move.amount)
    return entry


def _takes_lots(book: Book, account: Account, balance: Balance) -> bool:
    """Whether a credit to this balance makes lots: in a tracked account, for a member (semantics 1.6)."""
    return account.tracking and book.wallets[balance.wallet_id].kind == Wallet.Kind.MEMBER


def post_burn(book: Book, move: Move) -> Entry:
    """Take points out of a wallet for good, or (with `hold`) keep them aside for that.

    :raises InsufficientBalance: where fewer are available.
    """
    if move.from_wallet_id is None:
        raise InvalidInput("A burn needs a wallet.")
    account = _checked(book, move, move.from_wallet_id)
    target = account.reserve_id if account.revolving else account.burned_id
    if move.hold:
        return _hold(book, move, account, move.from_wallet_id, target)
    balance = _payer(book, account, move.from_wallet_id, move.amount)
    entry = book.add_entry(account, Kind.BURN, balance.wallet_id, target, move.amount, request=move)
    debit(book, balance, entry.id, move.amount)
    move_reserve(book, account, entry)
    book.count(account, entry.effective_at, "burned", entry.amount)
    return entry


def post_transfer(book: Book, move: Move) -> Entry:
    """Move points between two wallets, or (with `hold`) keep them aside for that; each slice keeps its expiry.

    :raises InsufficientBalance: where fewer are available.
    :raises SameWallet: where both wallets are one.
    """
    if move.from_wallet_id is None or move.to_wallet_id is None:
        raise InvalidInput("A transfer needs two wallets.")
    account = _checked(book, move, move.from_wallet_id, move.to_wallet_id)
    if move.from_wallet_id == move.to_wallet_id:
        raise SameWallet
    if move.hold:
        return _hold(book, move, account, move.from_wallet_id, move.to_wallet_id)
    balance = _payer(book, account, move.from_wallet_id, move.amount)
    entry = book.add_entry(account, Kind.TRANSFER, balance.wallet_id, move.to_wallet_id, move.amount, request=move)
    slices, untracked = debit(book, balance, entry.id, move.amount)
    book.count(account, entry.effective_at, "transferred", entry.amount)
    receive(book, account, entry, slices, untracked)
    return entry


def receive(book: Book, account: Account, entry: Entry, slices: Slices, untracked: int) -> None:
    """Credit the receiver of a transfer: one lot for each slice, with the expiry the slice had."""
    balance = book.balances[account.id, entry.to_wallet_id]
    if book.wallets[entry.to_wallet_id].kind != Wallet.Kind.MEMBER:
        credit_untracked(book, balance, entry.amount)
        return
    for lot, part in slices:
        credit_lot(book, balance, entry, part, expires_at=lot.expires_at, origin_id=lot.id)
    if untracked and _takes_lots(book, account, balance):
        credit_lot(book, balance, entry, untracked, expires_at=rule_expiry(account, entry.effective_at))
    elif untracked:
        credit_untracked(book, balance, untracked)


def _payer(book: Book, account: Account, wallet_id: int, amount: int) -> Balance:
    balance = book.balances.get((account.id, wallet_id))
    if balance is None:
        raise InsufficientBalance(available=0, requested=amount)
    require(balance, amount)
    return balance


def _hold(book: Book, move: Move, account: Account, from_wallet_id: int, to_wallet_id: int) -> Entry:
    """Keep points aside, lot by lot in spend order; nothing is credited before the capture (semantics 2.1)."""
    balance = _payer(book, account, from_wallet_id, move.amount)
    entry = book.add_entry(account, Kind.HOLD, from_wallet_id, to_wallet_id, move.amount, request=move)
    slices, _ = choose(book, balance, move.amount)
    book.change_balance(balance).held += move.amount
    for lot, part in slices:
        book.change_lot(lot).held += part
        balance.held_tracked += part
    hold = Hold(
        transaction_id=entry.id,
        kind=move.kind,
        state=HoldModel.State.PENDING,
        amount=move.amount,
        captured=0,
        created_at=book.at,
        closed_at=None,
        slices=[(lot.id, part) for lot, part in slices],
    )
    book.holds[entry.id] = hold
    book.new_holds.append(hold)
    book.count(account, entry.effective_at, "held", move.amount)
    return entry
