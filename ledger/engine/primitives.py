"""The three things that ever happen to a balance: it is credited, debited, or settled. Every rule is made of these."""

from __future__ import annotations

from datetime import datetime

from ledger.engine.book import Book
from ledger.engine.requests import Request
from ledger.engine.rows import Account, Balance, Entry, Lot, spend_key
from ledger.errors import BalanceTooLarge, InsufficientBalance, SupplyExceeded
from ledger.models import Kind
from ledger.models import Lot as LotModel
from loyalty.kernel.clock import NEVER, end_of_local_day

# JSON numbers are exact up to here; what a caller could not read back must not be kept.
LARGEST_BALANCE = 2**53 - 1

# What a debit took: (lot, amount), and how much lay in no lot.
Slices = list[tuple[Lot, int]]


def rule_expiry(account: Account, start: datetime) -> datetime:
    """When points valid from `start` expire by the account's rule (semantics 1.6)."""
    if account.expires_in_months is None:
        return NEVER
    return end_of_local_day(start, account.zone, months=account.expires_in_months)


def draw_supply(book: Book, account: Account, amount: int) -> None:
    """Take `amount` out of the reserve, or (below zero) put it back. An unlimited account has nothing to lock here.

    :raises SupplyExceeded: where the reserve has less.
    """
    supply = book.supplies.get(account.id)
    if supply is None:
        return
    if supply.consumed + amount > supply.max_supply:
        raise SupplyExceeded(available=supply.max_supply - supply.consumed)
    book.change_supply(supply).consumed += amount


def move_reserve(book: Book, account: Account, entry: Entry) -> None:
    """Let the supply follow a transaction that leaves or enters the reserve."""
    if entry.from_wallet_id == account.reserve_id:
        draw_supply(book, account, entry.amount)
    elif entry.to_wallet_id == account.reserve_id:
        draw_supply(book, account, -entry.amount)


def check_size(balance: Balance, amount: int) -> None:
    """:raises BalanceTooLarge: where `amount` more would be too much to keep."""
    if balance.active + balance.pending + amount > LARGEST_BALANCE:
        raise BalanceTooLarge


def wake(book: Book, balance: Balance, moment: datetime) -> None:
    """Have the balance settled no later than `moment`."""
    if moment < balance.next_change_at:
        book.change_balance(balance).next_change_at = moment


def _repay(book: Book, balance: Balance, lot: Lot, amount: int, entry_id: int) -> int:
    """Let the first of `amount` new active points pay what the wallet owes; answers how much that was."""
    owed = max(0, -balance.untracked)
    paid = min(amount, owed)
    if paid:
        book.use_lot(lot, entry_id, paid)
    return paid


def credit_untracked(book: Book, balance: Balance, amount: int) -> None:
    """Add points that lie in no lot."""
    check_size(balance, amount)
    book.change_balance(balance).active += amount


def credit_lot(
    book: Book,
    balance: Balance,
    entry: Entry,
    amount: int,
    *,
    expires_at: datetime,
    valid_from: datetime | None = None,
    pending: bool = False,
    origin_id: int | None = None,
) -> Lot:
    """Add points in a new lot; a `pending` one waits for `valid_from`, or for a release where that is NEVER."""
    check_size(balance, amount)
    start = valid_from or entry.effective_at
    lot = Lot(
        id=book.next_lot_id(),
        account_id=balance.account_id,
        wallet_id=balance.wallet_id,
        transaction_id=entry.id,
        origin_id=origin_id,
        amount=amount,
        remaining=amount,
        held=0,
        state=LotModel.State.PENDING if pending else LotModel.State.ACTIVE,
        effective_at=entry.effective_at,
        valid_from=start,
        activated_at=None if pending else max(start, entry.effective_at),
        expires_at=expires_at,
        expirations=0,
    )
    book.add_lot(lot)
    book.change_balance(balance)
    if pending:
        balance.pending += amount
        book.count(book.accounts[balance.account_id], entry.effective_at, "pending", amount)
        wake(book, balance, start)
        return lot
    paid = _repay(book, balance, lot, amount, entry.id)
    balance.active += amount
    _open(book, balance, lot, amount - paid)
    return lot


def _open(book: Book, balance: Balance, lot: Lot, remaining: int) -> None:
    """Let the lot lie open in the balance with this much left."""
    lot.remaining = remaining
    balance.tracked += remaining
    if not remaining:
        lot.state = LotModel.State.SPENT
        return
    lot.state = LotModel.State.ACTIVE
    balance.lots[lot.id] = lot
    wake(book, balance, lot.expires_at)


def activate(book: Book, balance: Balance, lot: Lot, when: datetime) -> None:
    """Make a pending lot's points active, `when` says since which instant."""
    book.change_lot(lot).activated_at = when
    book.change_balance(balance).pending -= lot.remaining
    book.count(book.accounts[balance.account_id], when, "pending", -lot.remaining)
    amount = lot.remaining
    paid = _repay(book, balance, lot, amount, lot.transaction_id or 0)
    balance.active += amount
    _open(book, balance, lot, amount - paid)


def restore(book: Book, balance: Balance, entry: Entry, lot: Lot, amount: int) -> None:
    """Give points back to the very lot they came from; one that has expired meanwhile expires again when settled."""
    check_size(balance, amount)
    book.change_lot(lot)
    book.change_balance(balance)
    paid = min(amount, max(0, -balance.untracked))
    balance.active += amount
    book.use_lot(lot, entry.id, paid - amount)
    if amount > paid:
        balance.tracked -= lot.remaining
        _open(book, balance, lot, lot.remaining + amount - paid)


def close_if_empty(lot: Lot, state: str) -> None:
    """A lot with nothing left ends in `state`."""
    if lot.remaining == 0:
        lot.state = state


def take(book: Book, balance: Balance, entry_id: int, lot: Lot, amount: int, state: str = LotModel.State.SPENT) -> None:
    """Take `amount` of what is free in an active lot."""
    book.change_lot(lot).remaining -= amount
    book.change_balance(balance)
    balance.active -= amount
    balance.tracked -= amount
    book.use_lot(lot, entry_id, amount)
    close_if_empty(lot, state)


def spendable(book: Book, balance: Balance, amount: int) -> list[Lot]:
    """Open lots in spend order, enough of them to take `amount`, or all there are."""
    account = book.accounts[balance.account_id]
    while True:
        lots = sorted(balance.lots.values(), key=lambda lot: spend_key(account, lot))
        if balance.loaded is None:
            return lots
        if balance.horizon is not None:
            horizon = balance.horizon
            lots = [lot for lot in lots if spend_key(account, lot) <= horizon]
            if sum(lot.free for lot in lots if lot.state == LotModel.State.ACTIVE) >= amount:
                return lots
        book.store.load_spendable(book, [(balance, max(16, balance.loaded * 8))])


def needs_more(balance: Balance, amount: int) -> bool:
    """Whether there are open lots not in hand that a debit of `amount` may need."""
    return balance.loaded is not None and sum(lot.free for lot in balance.lots.values()) < amount


def require(balance: Balance, amount: int) -> None:
    """:raises InsufficientBalance: where less than `amount` can be spent and the wallet may not owe."""
    if balance.available < amount and not balance.may_owe:
        raise InsufficientBalance(available=max(0, balance.available), requested=amount)


def choose(book: Book, balance: Balance, amount: int) -> tuple[Slices, int]:
    """Which lots `amount` would come from in spend order, and how much of it from no lot. Takes nothing yet."""
    slices: Slices = []
    left = amount
    if balance.tracked > balance.held_tracked:
        for lot in spendable(book, balance, amount):
            part = min(lot.free, left)
            if part > 0 and lot.state == LotModel.State.ACTIVE:
                slices.append((lot, part))
                left -= part
            if not left:
                break
    return slices, left


def debit(book: Book, balance: Balance, entry_id: int, amount: int) -> tuple[Slices, int]:
    """Take `amount` in spend order; the caller has checked that it is there. Answers what it came from."""
    slices, untracked = choose(book, balance, amount)
    for lot, part in slices:
        take(book, balance, entry_id, lot, part)
    book.change_balance(balance).active -= untracked
    return slices, untracked


def expire_free(book: Book, balance: Balance, lot: Lot, when: datetime, *, request: Request | None = None) -> Entry:
    """Let what is free of an active lot expire, as of `when`. What a hold keeps stays until the hold ends.

    The transaction is told in the words of the `request`, where somebody asked for it.
    """
    account = book.accounts[balance.account_id]
    again = f":{lot.expirations + 1}" if lot.expirations else ""
    entry = book.add_entry(
        account,
        Kind.EXPIRE,
        balance.wallet_id,
        account.reserve_id if account.revolving else account.expired_id,
        lot.free,
        request=request,
        effective_at=when,
        key=("system", f"expire:{lot.id}{again}"),
        source="expiry",
    )
    take(book, balance, entry.id, lot, lot.free, LotModel.State.EXPIRED)
    lot.expirations += 1
    move_reserve(book, account, entry)
    book.count(account, when, "expired", entry.amount)
    return entry


def settle(book: Book, balance: Balance, due: list[Lot], next_change_at: datetime) -> None:
    """Let what fell due until now happen, oldest first: activations, then expiries.

    `next_change_at` is when the first of the lots that are not due changes.
    """
    for lot in sorted(due, key=lambda held: (held.valid_from, held.id)):
        if lot.state == LotModel.State.PENDING and lot.valid_from <= book.at:
            activate(book, balance, lot, lot.valid_from)
    for lot in sorted(due, key=lambda held: (held.expires_at, held.id)):
        if lot.state != LotModel.State.ACTIVE:
            continue
        if lot.expires_at > book.at:
            next_change_at = min(next_change_at, lot.expires_at)
        elif lot.free:
            expire_free(book, balance, lot, lot.expires_at)
    book.change_balance(balance).next_change_at = next_change_at
