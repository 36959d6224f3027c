"""The rows of one call in hand: what was locked and loaded, what is to be written, and a way back for one group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from ledger.engine.requests import Request
from ledger.engine.rows import (
    Account,
    Balance,
    BalanceKey,
    Entry,
    Hold,
    KnownKey,
    Lot,
    Supply,
    WalletFacts,
    copied,
    put_back,
)
from ledger.errors import ClearingAccount, SystemWallet
from ledger.models import Kind, Wallet
from loyalty.kernel.clock import local_day
from loyalty.kernel.errors import NotFound

if TYPE_CHECKING:
    from ledger.engine.store.reading import Store

# Kinds that are steps inside a hold: they are in the books, but a wallet's list shows the hold instead.
INNER_KINDS = (Kind.CAPTURE, Kind.RELEASE)
# The columns of a day's totals, in the order of `Book.days`.
DAY_COLUMNS = ("minted", "burned", "expired", "transferred", "reverted", "pending", "held", "transactions")


def answered(kind: str, transaction_id: int, answers_id: int | None) -> int:
    """Which transaction callers are told of: of a step inside a hold it is the hold."""
    return answers_id if kind in INNER_KINDS and answers_id is not None else transaction_id


class Book:
    """Everything one call has locked, and everything it will write.

    Rules read and change the rows through here, so that a group that fails can be undone without touching the groups
    before it: `attempt` remembers each row as it was at its first change.
    """

    def __init__(self, *, organization_id: int, actor: str, at: datetime, store: Store) -> None:
        self.organization_id = organization_id
        self.actor = actor
        self.at = at
        self.store = store
        self.accounts: dict[int, Account] = {}
        self.wallets: dict[int, WalletFacts] = {}
        self.balances: dict[BalanceKey, Balance] = {}
        self.made_balances: list[BalanceKey] = []
        self.supplies: dict[int, Supply] = {}
        self.lots: dict[int, Lot] = {}
        self.holds: dict[int, Hold] = {}
        self.originals: dict[int, Entry] = {}
        self.keys: dict[tuple[str, str], KnownKey] = {}
        self.transaction_ids: list[int] = []
        self.lot_ids: list[int] = []
        # To be written.
        self.entries: list[Entry] = []
        self.new_lots: list[Lot] = []
        self.new_holds: list[Hold] = []
        self.uses: list[tuple[int, int, int]] = []
        self.days: list[tuple[int, date, int, int]] = []
        self.changed_balances: dict[BalanceKey, Balance] = {}
        self.changed_lots: dict[int, Lot] = {}
        self.changed_holds: dict[int, Hold] = {}
        self.changed_supplies: dict[int, Supply] = {}
        self._saved: dict[int, tuple[Any, tuple[Any, ...]]] | None = None

    # --- what is in hand ---

    def account(self, account_id: int, ledger_id: int | None) -> Account:
        """The account, if it is this organization's (and in the ledger the caller named).

        :raises NotFound: otherwise.
        """
        account = self.accounts.get(account_id)
        if account is None or (ledger_id is not None and account.ledger_id != ledger_id):
            raise NotFound("There is no such ledger account.")
        return account

    def moved_in(self, account_id: int, request: Request) -> Account:
        """The account, if the request may move something in it.

        :raises NotFound: where it is not this organization's, or in another ledger than the caller named.
        :raises ClearingAccount: where only what settles between companies may.
        """
        account = self.account(account_id, request.ledger_id)
        if not account.for_members and not request.clears:
            raise ClearingAccount
        return account

    def movable(self, wallet_id: int) -> WalletFacts:
        """The wallet, if a movement may name it.

        :raises NotFound: where it is not this organization's.
        :raises SystemWallet: where it is one of an account's own.
        """
        wallet = self.wallets.get(wallet_id)
        if wallet is None:
            raise NotFound("There is no such wallet.")
        if wallet.kind not in (Wallet.Kind.MEMBER, Wallet.Kind.CLEARING):
            raise SystemWallet
        return wallet

    def lot(self, lot_id: int) -> Lot:
        """A lot in hand."""
        return self.lots[lot_id]

    def adopt_lots(self, lots: Iterable[Lot]) -> list[Lot]:
        """Take loaded lots in hand; one already here stays as it is, since it may have been changed."""
        return [self.lots.setdefault(lot.id, lot) for lot in lots]

    # --- what changes ---

    def _keep(self, row: Any) -> None:
        if self._saved is not None and id(row) not in self._saved:
            self._saved[id(row)] = (row, copied(row))

    def change_balance(self, balance: Balance) -> Balance:
        """Announce a change of this balance."""
        self._keep(balance)
        self.changed_balances[balance.key] = balance
        return balance

    def change_lot(self, lot: Lot) -> Lot:
        """Announce a change of this lot."""
        self._keep(lot)
        self.changed_lots[lot.id] = lot
        return lot

    def change_hold(self, hold: Hold) -> Hold:
        """Announce a change of this hold."""
        self._keep(hold)
        self.changed_holds[hold.transaction_id] = hold
        return hold

    def change_supply(self, supply: Supply) -> Supply:
        """Announce a change of this supply."""
        self._keep(supply)
        self.changed_supplies[supply.account_id] = supply
        return supply

    def count(self, account: Account, moment: datetime, column: str, amount: int) -> None:
        """Add `amount` to one of the account's totals of the local day of `moment`."""
        if amount:
            self.days.append((account.id, local_day(moment, account.zone), DAY_COLUMNS.index(column), amount))

    def add_entry(
        self,
        account: Account,
        kind: Kind,
        from_wallet_id: int,
        to_wallet_id: int,
        amount: int,
        *,
        request: Request | None = None,
        effective_at: datetime | None = None,
        key: tuple[str, str] | None = None,
        answers_id: int | None = None,
        source: str = "",
    ) -> Entry:
        """A new transaction, in words of the request that asks for it; `key` names one the system makes itself."""
        if not self.transaction_ids:
            self.transaction_ids = self.store.new_transaction_ids(64)
        key_kind, unique_key = key or ("", None)
        content = ""
        if request is not None and request.unique_key is not None:
            key_kind, unique_key, content = request.key_kind, request.unique_key, request.content_hash()
        external = request.external_event_at if request is not None else None
        entry = Entry(
            self.transaction_ids.pop(),
            account.organization_id,
            account.id,
            kind,
            from_wallet_id,
            to_wallet_id,
            amount,
            effective_at or external or self.at,
            external,
            self.at,
            key_kind,
            unique_key,
            content,
            request.external_id if request is not None else "",
            request.description if request is not None else "",
            list(request.tags) if request is not None else [],
            (request.source if request is not None else "") or source,
            self.actor,
            answers_id,
        )
        self.entries.append(entry)
        if unique_key is not None and content:
            self.keys[key_kind, unique_key] = KnownKey(content, answered(entry.kind, entry.id, answers_id))
        if kind not in INNER_KINDS:
            self.count(account, entry.effective_at, "transactions", 1)
            for wallet_id in (from_wallet_id, to_wallet_id):
                balance = self.balances.get((account.id, wallet_id))
                if balance is not None:
                    self.change_balance(balance).transactions += 1
        return entry

    def add_lot(self, lot: Lot) -> Lot:
        """A new lot."""
        self.lots[lot.id] = lot
        self.new_lots.append(lot)
        return lot

    def next_lot_id(self) -> int:
        """A number no lot has yet."""
        if not self.lot_ids:
            self.lot_ids = self.store.new_lot_ids(64)
        return self.lot_ids.pop()

    def use_lot(self, lot: Lot, entry_id: int, amount: int) -> None:
        """Write down that the transaction took `amount` of the lot (below zero: gave it back)."""
        if amount:
            self.uses.append((lot.id, entry_id, amount))

    # --- the way back ---

    def attempt(self) -> _Attempt:
        """Everything inside happens, or (when it raises) none of it did."""
        return _Attempt(self)

    def begin(self) -> list[int]:
        """Keep from here on what `finish` may have to put back."""
        self._saved = {}
        return [len(made) for made in self._made()]

    def finish(self, lengths: list[int], *, undo: bool) -> None:
        """End what `begin` began: what happened since then stands, or never was."""
        if undo:
            self._undo(lengths)
        self._saved = None

    def _made(self) -> Sequence[list[Any]]:
        return self.entries, self.new_lots, self.new_holds, self.uses, self.days

    def _undo(self, lengths: list[int]) -> None:
        for entry in self.entries[lengths[0] :]:
            if entry.unique_key is not None:
                self.keys.pop((entry.key_kind, entry.unique_key), None)
        for lot in self.new_lots[lengths[1] :]:
            self.lots.pop(lot.id, None)
            self.changed_lots.pop(lot.id, None)
        for hold in self.new_holds[lengths[2] :]:
            self.holds.pop(hold.transaction_id, None)
            self.changed_holds.pop(hold.transaction_id, None)
        for made, length in zip(self._made(), lengths, strict=True):
            del made[length:]
        for row, values in (self._saved or {}).values():
            put_back(row, values)


class _Attempt:
    """A block of a book's changes. A class, since a generator costs a bulk twice as much for each row."""

    __slots__ = ("book", "lengths")

    def __init__(self, book: Book) -> None:
        self.book = book

    def __enter__(self) -> None:
        self.lengths = self.book.begin()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.book.finish(self.lengths, undo=kind is not None)
