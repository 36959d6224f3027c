"""Proves the books: recomputes everything that is kept from what was written, on live data, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection, transaction

from ledger.models import LedgerAccount, Transaction
from ledger.models.triggers import missing_triggers


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where the books do not agree: which rule, where, and by how much."""

    rule: str
    says: str
    account_id: int | None = None
    wallet_id: int | None = None
    row_id: int | None = None
    difference: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The finding for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Check:
    """A query that answers one row for each disagreement: account, wallet, row, and the difference."""

    rule: str
    says: str
    sql: str


# Stored figures go in with a minus sign, recomputed ones with a plus: what does not come out as zero is a finding.
# `{accounts}` narrows to the accounts checked; `{own}` leaves out an account's own wallets, which keep no balance.
_OWN = "({side} <> a.reserve_id AND {side} <> a.burned_id AND {side} <> a.expired_id AND {side} <> a.issuance_id)"
_TO = _OWN.format(side="t.to_wallet_id")
_FROM = _OWN.format(side="t.from_wallet_id")
_VALUE = "CASE WHEN t.kind IN ('hold', 'release', 'supply') THEN 0 ELSE t.amount END"
_SHOWN = "CASE WHEN t.kind IN ('capture', 'release') THEN 0 ELSE 1 END"

CHECKS = (
    Check(
        "balance-equals-transactions",
        "active and pending points differ from the sum of the wallet's transactions, or their number from their count",
        f"""
        SELECT account_id, wallet_id, NULL, SUM(points), SUM(shown) FROM (
            SELECT t.account_id, t.to_wallet_id AS wallet_id, {_VALUE} AS points, {_SHOWN} AS shown
            FROM ledger_transaction t JOIN ledger_ledgeraccount a ON a.id = t.account_id
            WHERE {_TO} AND t.account_id IN ({{accounts}})
            UNION ALL
            SELECT t.account_id, t.from_wallet_id, -({_VALUE}), {_SHOWN}
            FROM ledger_transaction t JOIN ledger_ledgeraccount a ON a.id = t.account_id
            WHERE {_FROM} AND t.account_id IN ({{accounts}})
            UNION ALL
            SELECT account_id, wallet_id, -(active + pending), -transactions FROM ledger_balance
            WHERE account_id IN ({{accounts}})
        ) AS both_sides GROUP BY account_id, wallet_id HAVING SUM(points) <> 0 OR SUM(shown) <> 0
        """,
    ),
    Check(
        "lots-equal-balance",
        "open lots differ from what the balance says lies in lots (tracked, held of it, pending)",
        """
        SELECT account_id, wallet_id, NULL, SUM(tracked), SUM(held), SUM(pending) FROM (
            SELECT account_id, wallet_id, CASE WHEN state = 'active' THEN remaining ELSE 0 END AS tracked, held,
                   CASE WHEN state = 'pending' THEN remaining ELSE 0 END AS pending
            FROM ledger_lot WHERE state IN ('active', 'pending') AND account_id IN ({accounts})
            UNION ALL
            SELECT account_id, wallet_id, -tracked, -held_tracked, -pending FROM ledger_balance
            WHERE account_id IN ({accounts})
        ) AS both_sides GROUP BY account_id, wallet_id HAVING SUM(tracked) <> 0 OR SUM(held) <> 0 OR SUM(pending) <> 0
        """,
    ),
    Check(
        "lot-equals-its-uses",
        "what is left of the lot differs from its amount without its uses",
        """
        SELECT l.account_id, l.wallet_id, l.id, l.amount - COALESCE(u.used, 0) - l.remaining
        FROM ledger_lot l LEFT JOIN (SELECT lot_id, SUM(amount) AS used FROM ledger_lotuse GROUP BY lot_id) u
            ON u.lot_id = l.id
        WHERE l.account_id IN ({accounts}) AND l.amount - COALESCE(u.used, 0) <> l.remaining
        """,
    ),
    Check(
        "tracked-accounts-have-lots",
        "points of a member lie in no lot although the account tracks them",
        """
        SELECT b.account_id, b.wallet_id, NULL, b.active - b.tracked
        FROM ledger_balance b JOIN ledger_ledgeraccount a ON a.id = b.account_id
        JOIN ledger_wallet w ON w.id = b.wallet_id
        WHERE a.point_tracking_enabled AND NOT b.may_owe AND w.kind = 'member' AND b.active <> b.tracked
            AND b.account_id IN ({accounts})
        """,
    ),
    Check(
        "open-holds-equal-held",
        "held points differ from the wallet's open holds",
        """
        SELECT account_id, wallet_id, NULL, SUM(amount) FROM (
            SELECT t.account_id, t.from_wallet_id AS wallet_id, h.amount
            FROM ledger_hold h JOIN ledger_transaction t ON t.id = h.transaction_id
            WHERE h.state = 'pending' AND t.account_id IN ({accounts})
            UNION ALL
            SELECT account_id, wallet_id, -held FROM ledger_balance WHERE held <> 0 AND account_id IN ({accounts})
        ) AS both_sides GROUP BY account_id, wallet_id HAVING SUM(amount) <> 0
        """,
    ),
    Check(
        "hold-slices-equal-held-lots",
        "what is held of the lot differs from the slices of open holds",
        """
        SELECT account_id, wallet_id, lot_id, SUM(amount) FROM (
            SELECT l.account_id, l.wallet_id, s.lot_id, s.amount
            FROM ledger_holdslice s JOIN ledger_hold h ON h.transaction_id = s.hold_id
            JOIN ledger_lot l ON l.id = s.lot_id
            WHERE h.state = 'pending' AND l.account_id IN ({accounts})
            UNION ALL
            SELECT account_id, wallet_id, id, -held FROM ledger_lot WHERE held <> 0 AND account_id IN ({accounts})
        ) AS both_sides GROUP BY account_id, wallet_id, lot_id HAVING SUM(amount) <> 0
        """,
    ),
    Check(
        "holds-end-once",
        "the hold's captures and releases do not fit how it ended",
        """
        SELECT t.account_id, t.from_wallet_id, h.transaction_id,
               COALESCE(SUM(CASE WHEN e.kind = 'capture' THEN e.amount END), 0) - h.captured,
               COALESCE(SUM(e.amount), 0) - CASE WHEN h.state = 'pending' THEN 0 ELSE h.amount END
        FROM ledger_hold h JOIN ledger_transaction t ON t.id = h.transaction_id
        LEFT JOIN ledger_transaction e ON e.answers_id = h.transaction_id AND e.kind IN ('capture', 'release')
        WHERE t.account_id IN ({accounts})
        GROUP BY t.account_id, t.from_wallet_id, h.transaction_id, h.captured, h.state, h.amount
        HAVING COALESCE(SUM(CASE WHEN e.kind = 'capture' THEN e.amount END), 0) <> h.captured
            OR COALESCE(SUM(e.amount), 0) <> CASE WHEN h.state = 'pending' THEN 0 ELSE h.amount END
        """,
    ),
    Check(
        "supply-equals-reserve",
        "the consumed supply differs from what left the reserve",
        """
        SELECT account_id, NULL, NULL, SUM(amount) FROM (
            SELECT t.account_id, CASE WHEN t.from_wallet_id = a.reserve_id THEN t.amount ELSE -t.amount END AS amount
            FROM ledger_transaction t JOIN ledger_ledgeraccount a ON a.id = t.account_id
            JOIN ledger_accountsupply s ON s.account_id = a.id
            WHERE (t.from_wallet_id = a.reserve_id OR t.to_wallet_id = a.reserve_id)
                AND t.kind NOT IN ('hold', 'release', 'supply') AND t.account_id IN ({accounts})
            UNION ALL
            SELECT account_id, -consumed FROM ledger_accountsupply WHERE account_id IN ({accounts})
        ) AS both_sides GROUP BY account_id HAVING SUM(amount) <> 0
        """,
    ),
    Check(
        "supply-row-equals-account",
        "the account's supply and its supply row differ",
        """
        SELECT a.id, NULL, NULL, COALESCE(a.max_supply, -1) - COALESCE(s.max_supply, -1)
        FROM ledger_ledgeraccount a LEFT JOIN ledger_accountsupply s ON s.account_id = a.id
        WHERE COALESCE(a.max_supply, -1) <> COALESCE(s.max_supply, -1) AND a.id IN ({accounts})
        """,
    ),
    Check(
        "days-equal-transactions",
        "the running totals differ from the transactions"
        " (minted, burned, expired, transferred, reverted, transactions)",
        """
        SELECT account_id, NULL, NULL, SUM(minted), SUM(burned), SUM(expired), SUM(transferred), SUM(reverted), SUM(n)
        FROM (
            SELECT account_id,
                   CASE WHEN kind = 'mint' THEN amount ELSE 0 END AS minted,
                   CASE WHEN kind = 'burn' THEN amount ELSE 0 END AS burned,
                   CASE WHEN kind = 'expire' THEN amount ELSE 0 END AS expired,
                   CASE WHEN kind = 'transfer' THEN amount ELSE 0 END AS transferred,
                   CASE WHEN kind = 'revert' THEN amount ELSE 0 END AS reverted,
                   CASE WHEN kind IN ('capture', 'release') THEN 0 ELSE 1 END AS n
            FROM ledger_transaction WHERE account_id IN ({accounts})
            UNION ALL
            SELECT c.account_id, 0, CASE WHEN h.kind = 'burn' THEN c.amount ELSE 0 END, 0,
                   CASE WHEN h.kind = 'transfer' THEN c.amount ELSE 0 END, 0, 0
            FROM ledger_transaction c JOIN ledger_hold h ON h.transaction_id = c.answers_id
            WHERE c.kind = 'capture' AND c.account_id IN ({accounts})
            UNION ALL
            SELECT r.account_id, CASE WHEN o.kind = 'mint' THEN -r.amount ELSE 0 END,
                   CASE WHEN o.kind = 'burn' OR h.kind = 'burn' THEN -r.amount ELSE 0 END, 0,
                   CASE WHEN o.kind = 'transfer' OR h.kind = 'transfer' THEN -r.amount ELSE 0 END, 0, 0
            FROM ledger_transaction r JOIN ledger_transaction o ON o.id = r.answers_id
            LEFT JOIN ledger_hold h ON h.transaction_id = o.id
            WHERE r.kind = 'revert' AND r.account_id IN ({accounts})
            UNION ALL
            SELECT account_id, -minted, -burned, -expired, -transferred, -reverted, -transactions
            FROM ledger_accountday WHERE account_id IN ({accounts})
        ) AS both_sides GROUP BY account_id
        HAVING SUM(minted) <> 0 OR SUM(burned) <> 0 OR SUM(expired) <> 0 OR SUM(transferred) <> 0
            OR SUM(reverted) <> 0 OR SUM(n) <> 0
        """,
    ),
    Check(
        "days-equal-balances",
        "the running totals of circulating, pending and held points differ from the balances",
        """
        SELECT account_id, NULL, NULL, SUM(circulating), SUM(pending), SUM(held) FROM (
            SELECT account_id, active + pending AS circulating, pending, held FROM ledger_balance
            WHERE account_id IN ({accounts})
            UNION ALL
            SELECT account_id, -(minted - burned - expired), -pending, -held FROM ledger_accountday
            WHERE account_id IN ({accounts})
        ) AS both_sides GROUP BY account_id HAVING SUM(circulating) <> 0 OR SUM(pending) <> 0 OR SUM(held) <> 0
        """,
    ),
)


def check_books(*, organization_id: int | None = None) -> Iterator[Finding]:
    """Every place where the books of an organization (or of all) do not agree; nothing where they do.

    All checks see one snapshot, so postings may go on meanwhile. Findings are streamed; the database adds up.
    """
    yield from _structure()
    accounts = LedgerAccount.objects.all()
    if organization_id is not None:
        accounts = accounts.filter(organization_id=organization_id)
    with _snapshot():
        ids = ",".join(str(pk) for pk in accounts.order_by("pk").values_list("pk", flat=True))
        for check in CHECKS if ids else ():
            with connection.chunked_cursor() as cursor:
                cursor.execute(check.sql.replace("{accounts}", ids))
                for account_id, wallet_id, row_id, *differences in cursor:
                    yield Finding(
                        rule=check.rule,
                        says=check.says,
                        account_id=account_id,
                        wallet_id=wallet_id,
                        row_id=row_id,
                        difference=", ".join(str(int(n)) for n in differences),
                    )


def _structure() -> Iterator[Finding]:
    """What makes the rest true: the triggers that keep rows as they are, the index that makes keys act once."""
    for name in missing_triggers(connection):
        yield Finding(rule="append-only-triggers", says=f"the trigger {name} is missing")
    with connection.cursor() as cursor:
        constraints: Any = connection.introspection.get_constraints(cursor, Transaction._meta.db_table)
    if not constraints.get("transaction_key_once", {}).get("unique"):
        yield Finding(rule="keys-act-once", says="the unique index on transaction keys is missing")


@contextmanager
def _snapshot() -> Iterator[None]:
    """One view of the data for all checks, without locking anybody out."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            if not connection.savepoint_ids:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL work_mem = '64MB'")
            yield
    elif connection.in_atomic_block:
        yield
    else:
        # Not `atomic`, which would take the only writer's place for as long as the check runs.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
