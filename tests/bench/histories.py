"""Writes long histories straight into the tables, in the shape the engine gives them: the books balance afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg

from loyalty.kernel import clock
from tests.bench.measuring import Bench
from tests.bench.places import Place
from tests.bench.stage import Stage, make_stage

_TABLES = ("ledger_transaction", "ledger_lot", "ledger_lotuse")

# Each group of five rows is one wallet's: four mints of 100 and a burn of 50 out of the first of them. Every tenth
# group is the first wallet's, which so has a tenth of all rows.
_GROUPS = """
CREATE TEMP TABLE planned ON COMMIT DROP AS
SELECT n, mod(n, 5) AS place,
       %(first)s + CASE WHEN mod(n / 5, 10) = 0 THEN 0 ELSE 1 + mod(n / 5 * 7919, %(wallets)s - 1) END AS wallet_id,
       %(start)s + (n * %(step)s) * interval '1 second' AS at
FROM generate_series(0::bigint, %(rows)s - 1) AS n
"""
_TRANSACTIONS = """
INSERT INTO ledger_transaction (id, organization_id, account_id, kind, from_wallet_id, to_wallet_id, amount,
    effective_at, created_at, key_kind, unique_key, content_hash, external_id, description, tags, source, actor)
SELECT %(ids)s + n, %(organization)s, %(account)s, CASE WHEN place < 4 THEN 'mint' ELSE 'burn' END,
       CASE WHEN place < 4 THEN %(reserve)s ELSE wallet_id END, CASE WHEN place < 4 THEN wallet_id ELSE %(burned)s END,
       CASE WHEN place < 4 THEN 100 ELSE 50 END, at, at, 'client', 'receipt-' || n, md5(n::text), '', 'A cup', '[]',
       'core', 'credential:1'
FROM planned ORDER BY n
"""
_LOTS = """
INSERT INTO ledger_lot (id, account_id, wallet_id, transaction_id, amount, remaining, held, state, effective_at,
    valid_from, activated_at, expires_at, expirations)
SELECT %(lot_ids)s + n, %(account)s, wallet_id, %(ids)s + n, 100, CASE WHEN place = 0 THEN 50 ELSE 100 END, 0, 'active',
       at, at, at, date_trunc('day', at) + interval '1 year', 0
FROM planned WHERE place < 4 ORDER BY n
"""
_USES = """
INSERT INTO ledger_lotuse (lot_id, transaction_id, amount)
SELECT %(lot_ids)s + n - 4, %(ids)s + n, 50 FROM planned WHERE place = 4 ORDER BY n
"""
# Lots that fall due slice by slice: two at the slice's day and one a year later, for each of its wallets.
_FALLING = """
CREATE TEMP TABLE planned ON COMMIT DROP AS
SELECT n, %(first)s + n / 3 AS wallet_id, %(start)s AS at,
       %(due)s + (n / 3 / %(slice)s) * interval '1 day'
       + CASE WHEN mod(n, 3) = 2 THEN interval '1 year' ELSE '0' END AS expires
FROM generate_series(0::bigint, %(rows)s - 1) AS n
"""
_FALLING_TRANSACTIONS = """
INSERT INTO ledger_transaction (id, organization_id, account_id, kind, from_wallet_id, to_wallet_id, amount,
    effective_at, created_at, key_kind, unique_key, content_hash, external_id, description, tags, source, actor)
SELECT %(ids)s + n, %(organization)s, %(account)s, 'mint', %(reserve)s, wallet_id, 100, at, at, 'client',
       'receipt-' || n, md5(n::text), '', 'A cup', '[]', 'core', 'credential:1'
FROM planned ORDER BY n
"""
_FALLING_LOTS = """
INSERT INTO ledger_lot (id, account_id, wallet_id, transaction_id, amount, remaining, held, state, effective_at,
    valid_from, activated_at, expires_at, expirations)
SELECT %(lot_ids)s + n, %(account)s, wallet_id, %(ids)s + n, 100, 100, 0, 'active', at, at, at, expires, 0
FROM planned ORDER BY n
"""
# What the rows come to: each wallet's balance, each day's totals.
_SUMS = (
    "DELETE FROM ledger_balance WHERE account_id = %(account)s",
    """
    INSERT INTO ledger_balance (account_id, wallet_id, may_owe, active, held, pending, tracked, held_tracked,
        next_change_at, transactions)
    SELECT %(account)s, t.wallet_id, false, sum(t.points), 0, 0, sum(t.points), 0, min(t.expires_at), count(*)
    FROM (
        SELECT m.to_wallet_id AS wallet_id, m.amount AS points, l.expires_at
        FROM ledger_transaction m JOIN ledger_lot l ON l.transaction_id = m.id
        WHERE m.account_id = %(account)s AND m.kind = 'mint'
        UNION ALL
        SELECT from_wallet_id, -amount, NULL FROM ledger_transaction WHERE account_id = %(account)s AND kind = 'burn'
    ) AS t GROUP BY t.wallet_id ORDER BY t.wallet_id
    """,
    """
    INSERT INTO ledger_accountday (account_id, day, minted, burned, expired, transferred, reverted, pending, held,
        transactions)
    SELECT account_id, (effective_at AT TIME ZONE 'UTC')::date, sum(CASE WHEN kind = 'mint' THEN amount ELSE 0 END),
           sum(CASE WHEN kind = 'burn' THEN amount ELSE 0 END), 0, 0, 0, 0, 0, count(*)
    FROM ledger_transaction WHERE account_id = %(account)s GROUP BY 1, 2
    """,
    "SELECT setval('ledger_transaction_id_seq', (SELECT max(id) FROM ledger_transaction))",
    "SELECT setval('ledger_lot_id_seq', (SELECT max(id) FROM ledger_lot))",
)


@contextmanager
def _without_indexes(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Fill the tables without their indexes and foreign keys, which are made anew afterwards, as they were."""
    keys = connection.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND conrelid::regclass::text = ANY(%s)",
        (list(_TABLES),),
    ).fetchall()
    indexes = connection.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
        " WHERE NOT i.indisprimary AND i.indrelid::regclass::text = ANY(%s)",
        (list(_TABLES),),
    ).fetchall()
    for table, name, _ in keys:
        connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    yield
    connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
    for _, definition in indexes:
        connection.execute(definition)
    for table, name, definition in keys:
        connection.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def _write(place: Place, stage: Stage, statements: Sequence[str], facts: dict[str, Any]) -> None:
    facts |= {
        "organization": stage.organization_id,
        "account": stage.account.pk,
        "reserve": stage.account.reserve_id,
        "burned": stage.account.burned_id,
        "first": stage.wallets.start,
        "wallets": len(stage.wallets),
        "ids": 1_000_000_000,
        "lot_ids": 2_000_000_000,
    }
    with psycopg.connect(place.url) as connection:
        # Numbers and dates are put in by psycopg: what makes a table takes no parameters on the server.
        with psycopg.ClientCursor(connection) as cursor, _without_indexes(connection):
            for statement in statements:
                cursor.execute(statement, facts)
        with psycopg.ClientCursor(connection) as cursor:
            for statement in _SUMS:
                cursor.execute(statement, facts)
    place.tidy()


def write_history(place: Place, stage: Stage, rows: int, *, until: datetime) -> None:
    """So many transactions in the year before `until`: mints with their lots, and burns out of them."""
    start = until - timedelta(days=360)
    step = timedelta(days=359).total_seconds() / rows
    _write(
        place,
        stage,
        (_GROUPS, _TRANSACTIONS, _LOTS, _USES),
        {"rows": rows, "start": start, "step": step},
    )


@contextmanager
def history(bench: Bench, label: str, rows: int) -> Iterator[tuple[Place, Stage]]:
    """A year of so many transactions in a database of its own: about fifty a wallet, a tenth of all the first one's."""
    with bench.places.fresh(label) as place:
        stage = make_stage(max(20, rows // 50))
        write_history(place, stage, rows, until=clock.now())
        yield place, stage


def write_falling(place: Place, stage: Stage, *, slices: int, lots: int, first_due: datetime) -> list[datetime]:
    """In each of `slices` days from `first_due` on, let so many lots fall due; answers those days.

    A slice has wallets of its own, with two lots each that fall due and one that does not.
    """
    wallets = lots // 2
    if slices * wallets > len(stage.wallets):
        raise ValueError("there are too few wallets")
    _write(
        place,
        stage,
        (_FALLING, _FALLING_TRANSACTIONS, _FALLING_LOTS),
        {
            "rows": slices * wallets * 3,
            "slice": wallets,
            "due": first_due,
            "start": first_due - timedelta(days=365),
        },
    )
    return [first_due + timedelta(days=day) for day in range(slices)]
