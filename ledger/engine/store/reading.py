"""Reads the rows the rules ask for, in SQL that both databases speak; each is bounded and indexed."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from django.db import connection

from ledger.engine.book import answered
from ledger.engine.rows import Account, Balance, BalanceKey, Entry, Hold, KnownKey, Lot, Supply, WalletFacts, spend_key
from ledger.engine.store.columns import (
    BALANCE,
    ENTRY_COLUMNS,
    HOLD,
    HOLD_COLUMNS,
    HOLD_SLICE,
    LOT,
    LOT_COLUMNS,
    LOT_USE,
    TRANSACTION,
    numbers,
    pairs,
    selected,
)
from ledger.models import Kind
from ledger.models.accounts import LedgerAccount
from loyalty.kernel.clock import NEVER, aware

if TYPE_CHECKING:
    from ledger.engine.book import Book

_LOTS = f"SELECT {selected(LOT_COLUMNS)} FROM {LOT}"
_ENTRIES = f"SELECT {', '.join(ENTRY_COLUMNS)} FROM {TRANSACTION}"
SPEND_ORDER = {
    LedgerAccount.SpendOrder.SOONEST_EXPIRING: "expires_at, effective_at, id",
    LedgerAccount.SpendOrder.OLDEST_FIRST: "effective_at, id",
}


def rows(sql: str, params: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
    """What the database answers."""
    with connection.cursor() as cursor:
        cursor.execute(sql, list(params) or None)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def read_lot(row: tuple[Any, ...]) -> Lot:
    """A lot as read."""
    lot = Lot(*row)
    lot.effective_at, lot.valid_from = aware(lot.effective_at), aware(lot.valid_from)
    lot.activated_at, lot.expires_at = aware(lot.activated_at), aware(lot.expires_at)
    return lot


def read_entry(row: tuple[Any, ...]) -> Entry:
    """A transaction as read."""
    entry = Entry(*row)
    entry.kind = Kind(entry.kind)
    entry.effective_at, entry.created_at = aware(entry.effective_at), aware(entry.created_at)
    entry.external_event_at = aware(entry.external_event_at)
    if isinstance(entry.tags, str):
        entry.tags = json.loads(entry.tags)
    return entry


class Store(ABC):
    """The database under a book. Reading is the same everywhere; locking, numbering and writing are not."""

    # --- what each database does its own way ---

    @abstractmethod
    def open(
        self,
        book: Book,
        *,
        account_ids: Collection[int],
        wallet_ids: Collection[int],
        balance_keys: Collection[BalanceKey],
        unique_keys: Collection[tuple[str, str]],
        transactions: int,
        lots: int,
    ) -> None:
        """Lock the accounts' rules against change and the balances against everything, in key order, and fill the
        book with them, their wallets and supplies, the keys that acted before, and fresh row numbers.
        """

    @abstractmethod
    def add_balances(self, book: Book, keys: Collection[BalanceKey]) -> None:
        """Make the balances that are not there yet, and lock them too."""

    @abstractmethod
    def save(self, book: Book) -> None:
        """Write everything the book changed, in a number of statements that does not grow with it."""

    @abstractmethod
    def new_transaction_ids(self, count: int) -> list[int]:
        """Numbers no transaction has."""

    @abstractmethod
    def first_lots(self, wanted: Collection[tuple[int, int, int]], order: str) -> list[tuple[Any, ...]]:
        """For each (wallet, account, limit) its first open lots in the order, in one query."""

    @abstractmethod
    def new_lot_ids(self, count: int) -> list[int]:
        """Numbers no lot has."""

    def drop_unused_balances(self, book: Book) -> None:
        """Take away balances this call made for groups that were then refused: a refusal leaves nothing behind."""
        unused = [book.balances[key].id for key in book.made_balances if not book.balances[key].transactions]
        if unused:
            with connection.cursor() as cursor:
                cursor.execute(f"DELETE FROM {BALANCE} WHERE id IN ({numbers(unused)}) AND transactions = 0")

    # --- filling a book ---

    def fill_accounts(self, book: Book, found: Iterable[tuple[Any, ...]]) -> None:
        """Take accounts in hand, if they are the organization's."""
        for row in found:
            account = Account(*row)
            if account.organization_id == book.organization_id:
                book.accounts[account.id] = account

    def fill_wallets(self, book: Book, found: Iterable[tuple[Any, ...]]) -> None:
        """Take wallets in hand, if they are the organization's."""
        for row in found:
            wallet = WalletFacts(*row)
            if wallet.organization_id == book.organization_id:
                book.wallets[wallet.id] = wallet

    def fill_balances(self, book: Book, found: Iterable[tuple[Any, ...]]) -> None:
        """Take locked balances in hand."""
        for row in found:
            balance = Balance(*row)
            balance.next_change_at = aware(balance.next_change_at)
            book.balances[balance.key] = balance

    def fill_supplies(self, book: Book, found: Iterable[tuple[Any, ...]]) -> None:
        """Take locked supplies in hand."""
        for row in found:
            book.supplies[row[0]] = Supply(*row)

    def fill_keys(self, book: Book, found: Iterable[tuple[Any, ...]]) -> None:
        """Take the keys that acted before in hand."""
        for key_kind, unique_key, content_hash, kind, transaction_id, answers_id in found:
            book.keys[key_kind, unique_key] = KnownKey(content_hash, answered(kind, transaction_id, answers_id))

    # --- what the rules ask for ---

    def load_originals(self, book: Book, ids: Collection[int], where: str = "id") -> list[Entry]:
        """Take transactions of the organization in hand, by their numbers."""
        if not ids:
            return []
        found = [
            read_entry(row)
            for row in rows(
                f"{_ENTRIES} WHERE {where} IN ({numbers(ids)}) AND organization_id = %s ORDER BY id",
                [book.organization_id],
            )
        ]
        book.originals.update((entry.id, entry) for entry in found)
        return found

    def load_lots(self, book: Book, ids: Collection[int]) -> None:
        """Take lots in hand, by their numbers."""
        missing = [lot_id for lot_id in ids if lot_id not in book.lots]
        if missing:
            book.adopt_lots(read_lot(row) for row in rows(f"{_LOTS} WHERE id IN ({numbers(missing)})"))

    def lot_homes(self, ids: Collection[int]) -> list[tuple[int, int, int | None]]:
        """(account, wallet, transaction) of lots: what never changes of them, so it can be read before locking."""
        if not ids:
            return []
        return [
            (account_id, wallet_id, transaction_id)
            for account_id, wallet_id, transaction_id in rows(
                f"SELECT account_id, wallet_id, transaction_id FROM {LOT} WHERE id IN ({numbers(ids)})"
            )
        ]

    def load_holds(self, book: Book, ids: Collection[int]) -> None:
        """Take holds in hand with their slices and the lots these are cut from."""
        if not ids:
            return
        for row in rows(f"SELECT {', '.join(HOLD_COLUMNS)} FROM {HOLD} WHERE transaction_id IN ({numbers(ids)})"):
            hold = Hold(*row)
            hold.created_at, hold.closed_at = aware(hold.created_at), aware(hold.closed_at)
            book.holds[hold.transaction_id] = hold
        cut = rows(f"SELECT hold_id, lot_id, amount FROM {HOLD_SLICE} WHERE hold_id IN ({numbers(ids)}) ORDER BY id")
        for hold_id, lot_id, amount in cut:
            book.holds[hold_id].slices.append((lot_id, amount))
        self.load_lots(book, {lot_id for _, lot_id, _ in cut})

    def load_due(self, book: Book, balances: Collection[Balance]) -> dict[BalanceKey, tuple[list[Lot], Any]]:
        """Of each balance: the lots that fell due by now, and when the first of the others changes."""
        at = self.bind(book.at)
        keys = pairs((balance.wallet_id, balance.account_id) for balance in balances)
        due: dict[BalanceKey, list[Lot]] = defaultdict(list)
        found = rows(
            f"{_LOTS} WHERE (wallet_id, account_id) IN (VALUES {keys}) AND state = 'active' AND expires_at <= %s"
            f" UNION ALL "
            f"{_LOTS} WHERE (wallet_id, account_id) IN (VALUES {keys}) AND state = 'pending' AND valid_from <= %s",
            [at, at],
        )
        for lot in book.adopt_lots(map(read_lot, found)):
            due[lot.account_id, lot.wallet_id].append(lot)
        coming: dict[BalanceKey, Any] = {}
        later = rows(
            f"SELECT wallet_id, account_id, min(moment) FROM ("
            f"SELECT wallet_id, account_id, min(expires_at) AS moment FROM {LOT} WHERE (wallet_id, account_id) IN"
            f" (VALUES {keys}) AND state = 'active' AND expires_at > %s GROUP BY wallet_id, account_id"
            f" UNION ALL "
            f"SELECT wallet_id, account_id, min(valid_from) FROM {LOT} WHERE (wallet_id, account_id) IN"
            f" (VALUES {keys}) AND state = 'pending' AND valid_from > %s GROUP BY wallet_id, account_id"
            f") AS first_change GROUP BY wallet_id, account_id",
            [at, at],
        )
        for wallet_id, account_id, moment in later:
            coming[account_id, wallet_id] = aware(moment)
        return {balance.key: (due[balance.key], coming.get(balance.key, NEVER)) for balance in balances}

    def load_spendable(self, book: Book, wanted: Collection[tuple[Balance, int]]) -> None:
        """Take the first so many open lots of each balance in hand, in spend order."""
        found: dict[BalanceKey, list[Lot]] = defaultdict(list)
        orders: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
        for balance, limit in wanted:
            order = SPEND_ORDER[LedgerAccount.SpendOrder(book.accounts[balance.account_id].spend_order)]
            # One more than asked for tells whether there are others behind them.
            orders[order].append((balance.wallet_id, balance.account_id, limit + 1))
        for order, firsts in orders.items():
            for lot in map(read_lot, self.first_lots(firsts, order)):
                found[lot.account_id, lot.wallet_id].append(lot)
        for balance, limit in wanted:
            self._place(book, balance, found[balance.key], limit)

    def _place(self, book: Book, balance: Balance, found: list[Lot], limit: int) -> None:
        """Put the lots found into the balance; one more than asked for says that there are others behind them."""
        account = book.accounts[balance.account_id]
        found.sort(key=lambda lot: spend_key(account, lot))
        balance.loaded = limit if len(found) > limit else None
        # A lot that changed in hand may have left the open ones, or come back to them.
        for lot in book.adopt_lots(found):
            balance.lots[lot.id] = lot
        balance.horizon = spend_key(account, found[-1]) if balance.loaded is not None else None

    def load_uses(self, book: Book, transaction_id: int) -> list[tuple[Lot, int]]:
        """The lots a transaction took from, and how much, in the order it took."""
        found = rows(
            f"SELECT lot_id, amount FROM {LOT_USE} WHERE transaction_id = %s AND amount > 0 ORDER BY id",
            [transaction_id],
        )
        self.load_lots(book, [lot_id for lot_id, _ in found])
        return [(book.lot(lot_id), amount) for lot_id, amount in found]

    def load_lots_made(self, book: Book, transaction_id: int) -> list[Lot]:
        """The lots a transaction made."""
        found = rows(f"{_LOTS} WHERE transaction_id = %s ORDER BY id", [transaction_id])
        return book.adopt_lots(map(read_lot, found))

    def find_revert(self, book: Book, transaction_id: int) -> Entry | None:
        """The transaction that reverted this one, if any did (in this call, or before)."""
        for entry in book.entries:
            if entry.answers_id == transaction_id and entry.kind == Kind.REVERT:
                return entry
        found = rows(f"{_ENTRIES} WHERE answers_id = %s AND kind = 'revert' ORDER BY id LIMIT 1", [transaction_id])
        return read_entry(found[0]) if found else None

    def load_capture(self, book: Book, transaction_id: int) -> Entry:
        """The transaction that captured this hold."""
        for entry in book.entries:
            if entry.answers_id == transaction_id and entry.kind == Kind.CAPTURE:
                return entry
        return read_entry(rows(f"{_ENTRIES} WHERE answers_id = %s AND kind = 'capture'", [transaction_id])[0])

    def bind(self, moment: Any) -> Any:
        """A moment as this database wants it bound."""
        return connection.ops.adapt_datetimefield_value(moment)
