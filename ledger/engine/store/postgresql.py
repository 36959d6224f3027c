"""The engine on PostgreSQL: several statements in one round trip, row locks in key order, COPY where there is much."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import orjson
from django.db import DataError, connection
from psycopg.pq import Escaping

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
from ledger.engine.store.reading import Store

if TYPE_CHECKING:
    from ledger.engine.book import Book

# From here on COPY is faster than one INSERT with all its rows written out.
COPY_FROM_ROWS = 24
COPY_BLOCK = 250
# From here on one UPDATE over arrays is faster than one UPDATE a row.
UNNEST_FROM_ROWS = 6

_TYPES = {
    "state": "text",
    "next_change_at": "timestamptz",
    "activated_at": "timestamptz",
    "expires_at": "timestamptz",
    "closed_at": "timestamptz",
    "expirations": "smallint",
}
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def _balances(keys: Collection[BalanceKey]) -> str:
    return (
        f"SELECT {selected(BALANCE_COLUMNS)} FROM {BALANCE} WHERE (account_id, wallet_id) IN (VALUES {pairs(keys)})"
        f" ORDER BY account_id, wallet_id FOR UPDATE"
    )


def _supplies(account_ids: Collection[int]) -> str:
    return (
        f"SELECT account_id, max_supply, consumed FROM {SUPPLY} WHERE account_id IN ({numbers(account_ids)})"
        f" ORDER BY account_id FOR UPDATE"
    )


def _new_ids(transactions: int, lots: int) -> str:
    """Fresh numbers from both sequences: (0, transaction) and (1, lot)."""
    return (
        f"SELECT 0, nextval('{TRANSACTION}_id_seq') FROM generate_series(1, {transactions:d}) UNION ALL"
        f" SELECT 1, nextval('{LOT}_id_seq') FROM generate_series(1, {lots:d})"
    )


def _ask(*queries: str) -> list[list[tuple[Any, ...]]]:
    """The answers of several queries in one round trip, each seeing what committed before it began."""
    answers = []
    with connection.cursor() as cursor:
        cursor.execute(";\n".join(queries))
        for index in range(len(queries)):
            if index:
                cursor.nextset()
            answers.append(cursor.fetchall())
    return answers


def _tell(statements: Sequence[str]) -> None:
    """Run statements that answer nothing, in one round trip."""
    with connection.cursor() as cursor:
        cursor.execute(";\n".join(statements))


def literal(value: Any) -> str:
    """A value as it stands in SQL. Escaping is libpq's own; going through parameters costs ten times as much here,
    since every placeholder of a statement that is new each time would be looked for, typed and filled in again.
    """
    if value is None:
        return "NULL"
    if isinstance(value, str):
        if "\x00" in value:
            raise DataError("A text holds a NUL character.")
        return Escaping(connection.connection.pgconn).escape_literal(str(value).encode()).decode()
    if isinstance(value, datetime):
        return f"'{value.isoformat()}'"
    if isinstance(value, list):
        return literal(orjson.dumps(value).decode())
    return f"{value:d}"


def _copied_text(value: str | None) -> str:
    if value is None:
        return "\\N"
    text = str(value)
    return text.translate(_ESCAPES) if "\\" in text or "\n" in text or "\t" in text or "\r" in text else text


def _copied_number(value: int | None) -> str:
    return "\\N" if value is None else str(value)


def _copied_json(value: Any) -> str:
    return orjson.dumps(value).decode().translate(_ESCAPES) if value else "[]"


@lru_cache(maxsize=1024)
def _copied_moment(value: datetime | None) -> str:
    return "\\N" if value is None else value.isoformat()


# How COPY reads each column; a number where nothing is said.
_COPIED: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(
        ("kind", "key_kind", "unique_key", "content_hash", "external_id", "description", "source", "actor", "state"),
        _copied_text,
    ),
    **dict.fromkeys(
        ("effective_at", "external_event_at", "created_at", "valid_from", "activated_at", "expires_at", "closed_at"),
        _copied_moment,
    ),
    "tags": _copied_json,
}


def _element(value: Any) -> str:
    """A number, moment or state inside an array literal."""
    if value is None:
        return "NULL"
    return f'"{_copied_moment(value)}"' if isinstance(value, datetime) else str(value)


class _Batch:
    """Statements gathered for one round trip; what is many rows goes by COPY at once."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Add rows."""
        if len(rows) >= COPY_FROM_ROWS:
            self.flush()
            writers = [_COPIED.get(column, _copied_number) for column in columns]
            # Django lets COPY through without making its errors Django's.
            command = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
            with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(command) as copy:
                # In blocks, so that the database works on one while the next is written out here, column by column.
                for start in range(0, len(rows), COPY_BLOCK):
                    block = zip(*rows[start : start + COPY_BLOCK], strict=True)
                    texts = [map(write, column) for write, column in zip(writers, block, strict=True)]
                    copy.write("\n".join(map("\t".join, zip(*texts, strict=True))) + "\n")
        elif rows:
            values = ", ".join(["(" + ", ".join(map(literal, row)) + ")" for row in rows])
            self.statements.append(f"INSERT INTO {table} ({', '.join(columns)}) VALUES {values}")

    def update(self, table: str, key: str, columns: Sequence[str], rows: Sequence[Any]) -> None:
        """Set `columns` of locked rows to what is in hand."""
        if len(rows) < UNNEST_FROM_ROWS:
            for row in rows:
                values = ", ".join([f"{name} = {literal(getattr(row, name))}" for name in columns])
                self.statements.append(f"UPDATE {table} SET {values} WHERE {key} = {getattr(row, key):d}")
            return
        names = (key, *columns)
        arrays = []
        for name in names:
            elements = ",".join([_element(getattr(row, name)) for row in rows])
            arrays.append(f"'{{{elements}}}'::{_TYPES.get(name, 'bigint')}[]")
        self.statements.append(
            f"UPDATE {table} SET {', '.join(f'{name} = v.{name}' for name in columns)}"
            f" FROM unnest({', '.join(arrays)}) AS v({', '.join(names)}) WHERE {table}.{key} = v.{key}"
        )

    def add_days(self, days: Iterable[tuple[int, Any, list[int]]]) -> None:
        """Add to daily totals: to a row that nobody has locked, or to one more row (see AccountDay)."""
        for account_id, day, sums in days:
            added = ", ".join(
                f"{name} = {name} + {value:d}" for name, value in zip(DAY_COLUMNS, sums, strict=True) if value
            )
            self.statements.append(
                f"WITH done AS (UPDATE {ACCOUNT_DAY} SET {added} WHERE id = (SELECT id FROM {ACCOUNT_DAY}"
                f" WHERE account_id = {account_id:d} AND day = '{day.isoformat()}' LIMIT 1 FOR UPDATE SKIP LOCKED)"
                f" RETURNING id) INSERT INTO {ACCOUNT_DAY} (account_id, day, {', '.join(DAY_COLUMNS)})"
                f" SELECT {account_id:d}, '{day.isoformat()}', {', '.join(f'{value:d}' for value in sums)}"
                f" WHERE NOT EXISTS (SELECT FROM done)"
            )

    def flush(self) -> None:
        """Send what was gathered."""
        if self.statements:
            _tell(self.statements)
        self.statements = []


class PostgresStore(Store):
    """Two round trips for a posting: one that locks and reads, one that writes."""

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
        """Lock and read, in one round trip. Later statements see what the locks waited for."""
        queries = [
            f"{ACCOUNT_QUERY} WHERE a.id IN ({numbers(account_ids)}) FOR KEY SHARE OF a",
            f"SELECT {WALLET_COLUMNS} FROM ledger_wallet WHERE id IN ({numbers(wallet_ids)})",
            _balances(balance_keys),
            _new_ids(transactions, lots),
        ]
        if unique_keys:
            queries.append(_known_keys(book.organization_id, unique_keys))
        found = _ask(*queries)
        self.fill_accounts(book, found[0])
        self.fill_wallets(book, found[1])
        self.fill_balances(book, found[2])
        book.transaction_ids = [number for table, number in reversed(found[3]) if table == 0]
        book.lot_ids = [number for table, number in reversed(found[3]) if table == 1]
        if unique_keys:
            self.fill_keys(book, found[4])
        finite = [account.id for account in book.accounts.values() if account.finite]
        if finite:
            self.fill_supplies(book, _ask(_supplies(finite))[0])

    def add_balances(self, book: Book, keys: Collection[BalanceKey]) -> None:
        """Make missing balances; whoever makes one at the same time is waited for."""
        values = ", ".join(
            f"({account_id:d}, {wallet_id:d}, {'true' if book.accounts[account_id].may_owe else 'false'})"
            for account_id, wallet_id in sorted(keys)
        )
        _tell(
            [
                f"INSERT INTO {BALANCE} (account_id, wallet_id, may_owe, active, held, pending, tracked, held_tracked,"
                f" next_change_at, transactions) SELECT v.*, 0, 0, 0, 0, 0, '9999-01-01T00:00:00Z'::timestamptz, 0"
                f" FROM (VALUES {values}) AS v ON CONFLICT (wallet_id, account_id) DO NOTHING"
            ]
        )
        self.fill_balances(book, _ask(_balances(keys))[0])

    def new_transaction_ids(self, count: int) -> list[int]:
        """Numbers from the table's sequence."""
        return [number for _, number in reversed(_ask(_new_ids(count, 0))[0])]

    def first_lots(self, wanted: Collection[tuple[int, int, int]], order: str) -> list[tuple[Any, ...]]:
        """One plan for all of them; each is a few entries of the spend order's index."""
        values = ", ".join([f"({wallet:d}, {account:d}, {limit:d})" for wallet, account, limit in wanted])
        (found,) = _ask(
            f"SELECT first.* FROM (VALUES {values}) AS w (wallet, account, most) CROSS JOIN LATERAL ("
            f" SELECT {selected(LOT_COLUMNS)} FROM {LOT} WHERE wallet_id = w.wallet AND account_id = w.account"
            f" AND state = 'active' ORDER BY {order} LIMIT w.most) AS first"
        )
        return found

    def new_lot_ids(self, count: int) -> list[int]:
        """Numbers from the table's sequence."""
        return [number for _, number in reversed(_ask(_new_ids(0, count))[0])]

    def save(self, book: Book) -> None:
        """Write, in one round trip for a few rows, with COPY for many."""
        batch = _Batch()
        new_lots = {lot.id for lot in book.new_lots}
        batch.insert(TRANSACTION, ENTRY_COLUMNS, _tuples(book.entries, ENTRY_COLUMNS))
        batch.insert(LOT, LOT_COLUMNS, _tuples(book.new_lots, LOT_COLUMNS))
        batch.insert(LOT_USE, USE_COLUMNS, book.uses)
        batch.insert(HOLD, HOLD_COLUMNS, _tuples(book.new_holds, HOLD_COLUMNS))
        batch.insert(
            HOLD_SLICE,
            SLICE_COLUMNS,
            [(hold.transaction_id, lot_id, part) for hold in book.new_holds for lot_id, part in hold.slices],
        )
        batch.update(BALANCE, "id", BALANCE_CHANGES, list(book.changed_balances.values()))
        changed_lots = [lot for lot in book.changed_lots.values() if lot.id not in new_lots]
        batch.update(LOT, "id", LOT_CHANGES, changed_lots)
        new_holds = {hold.transaction_id for hold in book.new_holds}
        changed_holds = [hold for hold in book.changed_holds.values() if hold.transaction_id not in new_holds]
        batch.update(HOLD, "transaction_id", HOLD_CHANGES, changed_holds)
        batch.update(SUPPLY, "account_id", ("consumed",), list(book.changed_supplies.values()))
        batch.add_days(totals(book.days))
        batch.flush()


def _tuples(rows: Iterable[Any], columns: Sequence[str]) -> list[tuple[Any, ...]]:
    return list(map(attrgetter(*columns), rows))


def _known_keys(organization_id: int, keys: Collection[tuple[str, str]]) -> str:
    """The keys among these that acted before."""
    texts = ", ".join([literal(unique_key) for unique_key in sorted({key[1] for key in keys})])
    kinds = ", ".join([literal(kind) for kind in sorted({key[0] for key in keys})])
    return (
        f"SELECT {', '.join(KEY_COLUMNS)} FROM {TRANSACTION} WHERE unique_key IN ({texts})"
        f" AND organization_id = {organization_id:d} AND key_kind IN ({kinds})"
    )
