"""The engine on the embedded database: one writer at a time, so the transaction itself is the lock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import orjson
from django.db import connection

from ledger.engine.book import DAY_COLUMNS
from ledger.engine.rows import BalanceKey
from ledger.engine.store.columns import (
    ACCOUNT_DAY,
    ACCOUNT_QUERY,
    BALANCE,
    BALANCE_CHANGES,
    BALANCE_COLUMNS,
    ENTRY_COLUMNS,
    HOLD,
    HOLD_CHANGES,
    HOLD_COLUMNS,
    HOLD_SLICE,
    KEY_COLUMNS,
    LOT,
    LOT_CHANGES,
    LOT_COLUMNS,
    LOT_USE,
    SLICE_COLUMNS,
    SUPPLY,
    TRANSACTION,
    USE_COLUMNS,
    WALLET_COLUMNS,
    numbers,
    pairs,
    selected,
)
from ledger.engine.store.days import totals
from ledger.engine.store.reading import Store, rows
from loyalty.kernel.clock import NEVER

if TYPE_CHECKING:
    from ledger.engine.book import Book

# How many values one statement may bind.
_MOST_VALUES = 30_000
# How many parts one union may have.
_MOST_PARTS = 400


def _bound(value: Any) -> Any:
    """A column's value as it is bound."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, list):
        return orjson.dumps(value).decode()
    return str(value) if isinstance(value, str | date) else value


def _insert(table: str, columns: Sequence[str], values: Sequence[Sequence[Any]]) -> None:
    if not values:
        return
    places = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})",
            [[_bound(v) for v in row] for row in values],
        )


def _update(table: str, key: str, columns: Sequence[str], changed: Iterable[Any]) -> None:
    values = [[*(_bound(getattr(row, name)) for name in columns), getattr(row, key)] for row in changed]
    if not values:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET {', '.join(f'{name} = %s' for name in columns)} WHERE {key} = %s", values
        )


def _next_ids(table: str, taken: int, count: int) -> list[int]:
    """Nothing is ever deleted from these tables, and nobody else writes now: the next numbers are free."""
    last = max(taken, rows(f"SELECT COALESCE(MAX(id), 0) FROM {table}")[0][0])
    return list(range(last + count, last, -1))


class SqliteStore(Store):
    """The portable twin: the same reads and writes, one statement each."""

    def __init__(self) -> None:
        self.last_transaction_id = 0
        self.last_lot_id = 0

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
        """Read; the IMMEDIATE transaction already keeps every other writer out."""
        accounts = numbers(account_ids)
        self.fill_accounts(book, rows(f"{ACCOUNT_QUERY} WHERE a.id IN ({accounts})"))
        self.fill_wallets(
            book,
            rows(f"SELECT {WALLET_COLUMNS} FROM ledger_wallet WHERE id IN ({numbers(wallet_ids)})"),
        )
        self.fill_balances(book, self._balances(balance_keys))
        self.fill_supplies(
            book,
            rows(f"SELECT account_id, max_supply, consumed FROM {SUPPLY} WHERE account_id IN ({accounts})"),
        )
        wanted = sorted(unique_keys)
        for start in range(0, len(wanted), _MOST_VALUES // 2):
            part = wanted[start : start + _MOST_VALUES // 2]
            self.fill_keys(
                book,
                rows(
                    f"SELECT {', '.join(KEY_COLUMNS)} FROM {TRANSACTION} WHERE organization_id = %s"
                    f" AND (key_kind, unique_key) IN (VALUES {', '.join(['(%s, %s)'] * len(part))})",
                    [book.organization_id, *(text for key in part for text in key)],
                ),
            )

    def _balances(self, keys: Collection[BalanceKey]) -> list[tuple[Any, ...]]:
        return rows(
            f"SELECT {selected(BALANCE_COLUMNS)} FROM {BALANCE} WHERE (account_id, wallet_id) IN"
            f" (VALUES {pairs(keys)}) ORDER BY account_id, wallet_id"
        )

    def add_balances(self, book: Book, keys: Collection[BalanceKey]) -> None:
        """Make missing balances."""
        columns = [name for name in BALANCE_COLUMNS if name != "id"]
        made = [
            (account_id, wallet_id, 0, 0, 0, 0, 0, book.accounts[account_id].may_owe, NEVER, 0)
            for account_id, wallet_id in sorted(keys)
        ]
        _insert(BALANCE, columns, made)
        self.fill_balances(book, self._balances(keys))

    def new_transaction_ids(self, count: int) -> list[int]:
        """The numbers after the last."""
        made = _next_ids(TRANSACTION, self.last_transaction_id, count)
        self.last_transaction_id = made[0]
        return made

    def first_lots(self, wanted: Collection[tuple[int, int, int]], order: str) -> list[tuple[Any, ...]]:
        """One part of a union each, as many as one statement may have."""
        parts = [
            f"SELECT * FROM (SELECT {selected(LOT_COLUMNS)} FROM {LOT} WHERE wallet_id = {wallet:d}"
            f" AND account_id = {account:d} AND state = 'active' ORDER BY {order} LIMIT {limit:d})"
            for wallet, account, limit in wanted
        ]
        found: list[tuple[Any, ...]] = []
        for start in range(0, len(parts), _MOST_PARTS):
            found += rows(" UNION ALL ".join(parts[start : start + _MOST_PARTS]))
        return found

    def new_lot_ids(self, count: int) -> list[int]:
        """The numbers after the last."""
        made = _next_ids(LOT, self.last_lot_id, count)
        self.last_lot_id = made[0]
        return made

    def save(self, book: Book) -> None:
        """Write, one statement a table."""
        new_lots = {lot.id for lot in book.new_lots}
        new_holds = {hold.transaction_id for hold in book.new_holds}
        _insert(TRANSACTION, ENTRY_COLUMNS, _tuples(book.entries, ENTRY_COLUMNS))
        _insert(LOT, LOT_COLUMNS, _tuples(book.new_lots, LOT_COLUMNS))
        _insert(LOT_USE, USE_COLUMNS, book.uses)
        _insert(HOLD, HOLD_COLUMNS, _tuples(book.new_holds, HOLD_COLUMNS))
        _insert(
            HOLD_SLICE,
            SLICE_COLUMNS,
            [(hold.transaction_id, lot_id, part) for hold in book.new_holds for lot_id, part in hold.slices],
        )
        _update(BALANCE, "id", BALANCE_CHANGES, book.changed_balances.values())
        _update(LOT, "id", LOT_CHANGES, (lot for lot in book.changed_lots.values() if lot.id not in new_lots))
        _update(
            HOLD,
            "transaction_id",
            HOLD_CHANGES,
            (hold for hold in book.changed_holds.values() if hold.transaction_id not in new_holds),
        )
        _update(SUPPLY, "account_id", ("consumed",), book.changed_supplies.values())
        for account_id, day, sums in totals(book.days):
            self._add_day(account_id, day, sums)

    def _add_day(self, account_id: int, day: date, sums: Sequence[int]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {ACCOUNT_DAY} SET {', '.join(f'{name} = {name} + %s' for name in DAY_COLUMNS)}"
                f" WHERE account_id = %s AND day = %s",
                [*sums, account_id, str(day)],
            )
            if not cursor.rowcount:
                cursor.execute(
                    f"INSERT INTO {ACCOUNT_DAY} (account_id, day, {', '.join(DAY_COLUMNS)})"
                    f" VALUES ({', '.join(['%s'] * (2 + len(DAY_COLUMNS)))})",
                    [account_id, str(day), *sums],
                )


def _tuples(found: Iterable[Any], columns: Sequence[str]) -> list[tuple[Any, ...]]:
    return [tuple([getattr(row, name) for name in columns]) for row in found]
