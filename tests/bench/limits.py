"""The limits: what the same facts cost in plain psycopg, without an engine, a rule or a framework."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg

from ledger.models import Kind
from loyalty.kernel import clock
from tests.bench.stage import Stage

_TRANSACTION = (
    "organization_id, account_id, kind, from_wallet_id, to_wallet_id, amount, effective_at, created_at, key_kind,"
    " unique_key, content_hash, external_id, description, tags, source, actor"
)
_LOT = (
    "account_id, wallet_id, transaction_id, amount, remaining, held, state, effective_at, valid_from, activated_at,"
    " expires_at, expirations"
)


class PlainPostings:
    """Mints by hand into the wallets of a stage, on one connection."""

    def __init__(self, url: str, stage: Stage) -> None:
        self.connection = psycopg.connect(url)
        self.organization_id, self.account_id = stage.organization_id, stage.account.pk
        self.reserve_id = stage.account.reserve_id

    def close(self) -> None:
        """Give the connection back."""
        self.connection.close()

    def mint(self, wallet_id: int, amount: int, key: str) -> None:
        """Lock, update, insert the transaction, insert the lot, commit."""
        at = clock.now()
        expires_at = at + timedelta(days=365)
        ask = self.connection.execute
        row: Any = ask(
            "SELECT id FROM ledger_balance WHERE account_id = %s AND wallet_id = %s FOR UPDATE",
            (self.account_id, wallet_id),
        ).fetchone()
        ask(
            "UPDATE ledger_balance SET active = active + %s, tracked = tracked + %s, transactions = transactions + 1,"
            " next_change_at = least(next_change_at, %s) WHERE id = %s",
            (amount, amount, expires_at, row[0]),
        )
        made: Any = ask(
            f"INSERT INTO ledger_transaction ({_TRANSACTION})"
            f" VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'client', %s, %s, '', '', '[]', 'plain', 'plain') RETURNING id",
            (
                self.organization_id,
                self.account_id,
                Kind.MINT.value,
                self.reserve_id,
                wallet_id,
                amount,
                at,
                at,
                key,
                "0" * 32,
            ),
        ).fetchone()
        ask(
            f"INSERT INTO ledger_lot ({_LOT}) VALUES (%s, %s, %s, %s, %s, 0, 'active', %s, %s, %s, %s, 0)",
            (self.account_id, wallet_id, made[0], amount, amount, at, at, at, expires_at),
        )
        self.connection.commit()

    def mint_batch(self, wallet_ids: Sequence[int], amount: int, keys: Sequence[str]) -> None:
        """The same for many at once: lock in key order, insert from arrays, update what is grouped, commit."""
        at = clock.now()
        expires_at = at + timedelta(days=365)
        ask = self.connection.execute
        ask(
            "SELECT id FROM ledger_balance WHERE account_id = %s AND wallet_id = ANY(%s)"
            " ORDER BY account_id, wallet_id FOR UPDATE",
            (self.account_id, list(wallet_ids)),
        )
        made = ask(
            f"INSERT INTO ledger_transaction ({_TRANSACTION})"
            f" SELECT %s, %s, 'mint', %s, wallet, %s, %s, %s, 'client', key, %s, '', '', '[]', 'plain', 'plain'"
            f" FROM unnest(%s::bigint[], %s::text[]) AS asked(wallet, key) RETURNING id, to_wallet_id",
            (
                self.organization_id,
                self.account_id,
                self.reserve_id,
                amount,
                at,
                at,
                "0" * 32,
                list(wallet_ids),
                list(keys),
            ),
        ).fetchall()
        ask(
            f"INSERT INTO ledger_lot ({_LOT})"
            f" SELECT %s, wallet, id, %s, %s, 0, 'active', %s, %s, %s, %s, 0"
            f" FROM unnest(%s::bigint[], %s::bigint[]) AS made(id, wallet)",
            (
                self.account_id,
                amount,
                amount,
                at,
                at,
                at,
                expires_at,
                [row[0] for row in made],
                [row[1] for row in made],
            ),
        )
        ask(
            "UPDATE ledger_balance b SET active = active + s.points, tracked = tracked + s.points,"
            " transactions = transactions + s.n, next_change_at = least(next_change_at, %s)"
            " FROM (SELECT wallet, count(*) AS n, count(*) * %s::bigint AS points"
            " FROM unnest(%s::bigint[]) AS t(wallet) GROUP BY wallet) s"
            " WHERE b.account_id = %s AND b.wallet_id = s.wallet",
            (expires_at, amount, list(wallet_ids), self.account_id),
        )
        self.connection.commit()


# What expires is gone through once; every table is written by one statement.
_EXPIRY = (
    """
    CREATE TEMP TABLE falling ON COMMIT DROP AS
    SELECT nextval('ledger_transaction_id_seq') AS transaction_id, due.* FROM (
        SELECT l.id, l.account_id, l.wallet_id, l.remaining, l.expires_at, a.organization_id, a.expired_id
        FROM ledger_lot l JOIN ledger_ledgeraccount a ON a.id = l.account_id
        WHERE l.state = 'active' AND l.expires_at AT TIME ZONE 'UTC' <= %(at)s AT TIME ZONE 'UTC'
        FOR UPDATE OF l
    ) AS due
    """,
    f"""
    INSERT INTO ledger_transaction (id, {_TRANSACTION})
    SELECT transaction_id, organization_id, account_id, 'expire', wallet_id, expired_id, remaining, expires_at, %(now)s,
           'system', 'expire:' || id, '', '', '', '[]', 'expiry', 'plain'
    FROM falling
    """,
    "INSERT INTO ledger_lotuse (lot_id, transaction_id, amount) SELECT id, transaction_id, remaining FROM falling",
    """
    UPDATE ledger_lot l SET remaining = 0, state = 'expired', expirations = expirations + 1
    FROM falling f WHERE l.id = f.id
    """,
    """
    UPDATE ledger_balance b SET active = active - s.points, tracked = tracked - s.points,
           transactions = transactions + s.n,
           next_change_at = COALESCE((SELECT min(l.expires_at) FROM ledger_lot l WHERE l.wallet_id = b.wallet_id
               AND l.account_id = b.account_id AND l.state = 'active'), '9999-01-01T00:00:00Z')
    FROM (SELECT account_id, wallet_id, sum(remaining) AS points, count(*) AS n FROM falling
          GROUP BY account_id, wallet_id) s
    WHERE b.account_id = s.account_id AND b.wallet_id = s.wallet_id
    """,
    """
    INSERT INTO ledger_accountday (account_id, day, minted, burned, expired, transferred, reverted, pending, held,
                                   transactions)
    SELECT account_id, (expires_at AT TIME ZONE 'UTC')::date, 0, 0, sum(remaining), 0, 0, 0, 0, count(*)
    FROM falling GROUP BY 1, 2
    """,
)


def expire_by_hand(connection: psycopg.Connection[Any], at: datetime) -> None:
    """Expire everything due at `at`, in one transaction and a statement for each table (accounts in UTC)."""
    for statement in _EXPIRY:
        connection.execute(statement, {"at": at, "now": clock.now()})
    connection.commit()


# Everything `check_books` reads, each with the column that is added up.
BOOKS = {
    "ledger_transaction": "amount",
    "ledger_lot": "remaining",
    "ledger_lotuse": "amount",
    "ledger_balance": "active",
    "ledger_hold": "amount",
    "ledger_holdslice": "amount",
    "ledger_accountday": "minted",
    "ledger_accountsupply": "consumed",
}


def count_rows(connection: psycopg.Connection[Any]) -> int:
    """How many rows the books have."""
    counted: list[Any] = [connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in BOOKS]
    connection.commit()
    return sum(row[0] for row in counted)


def add_up(connection: psycopg.Connection[Any]) -> None:
    """Go through every table of the books once, adding one column up."""
    for table, column in BOOKS.items():
        connection.execute(f"SELECT sum({column}) FROM {table}")
    connection.commit()
