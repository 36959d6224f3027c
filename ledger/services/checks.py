"""What has to agree in the books: each rule as a query that answers a row for every disagreement."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """A query that answers one row for each disagreement: account, wallet, row, and the difference as a text."""

    rule: str
    says: str
    sql: str


@dataclass(frozen=True, slots=True)
class Pass:
    """Checks that go through a large table together: `facts` reads it once, as a name their queries use.

    A pass `in_order` joins two large tables by what both have an index on: once through both, side by side.
    """

    checks: tuple[Check, ...]
    facts: str = ""
    in_order: bool = False

    def sql(self, accounts: str) -> str:
        """One query for all of them: the number of the check, and what it answers. `accounts` are row numbers with
        commas between them, or empty for all there are.
        """
        asked = [f"SELECT {number} AS number, c.* FROM ({c.sql}) AS c" for number, c in enumerate(self.checks)]
        return _ONLY.sub(rf"\1 IN ({accounts})" if accounts else "TRUE", self.facts + " UNION ALL ".join(asked))


# Stored figures go in with a minus sign, recomputed ones with a plus: what does not come out as zero is a finding.
# Sums are cast since PostgreSQL's own are numeric, which is slow to go on with.
# `{only x}` narrows to the accounts checked; _OWN leaves out an account's own wallets, which keep no balance.
_ONLY = re.compile(r"\{only ([a-z_.]+)\}")
_NONE = "CAST(NULL AS bigint)"
_OWN = "({side} <> a.reserve_id AND {side} <> a.burned_id AND {side} <> a.expired_id AND {side} <> a.issuance_id)"
_TO = _OWN.format(side="m.to_wallet_id")
_FROM = _OWN.format(side="m.from_wallet_id")
_VALUE = "CASE WHEN m.kind IN ('hold', 'release', 'supply') THEN 0 ELSE m.amount END"
_SHOWN = "CASE WHEN m.kind IN ('capture', 'release') THEN 0 ELSE m.n END"

# What moved between two wallets in an account, by kind: far fewer rows than transactions.
_MOVED = """
WITH moved AS (
    SELECT account_id, kind, from_wallet_id, to_wallet_id, CAST(SUM(amount) AS bigint) AS amount, COUNT(*) AS n
    FROM ledger_transaction WHERE {only account_id}
    GROUP BY account_id, kind, from_wallet_id, to_wallet_id
)
"""

_TRANSACTIONS = Pass(
    facts=_MOVED,
    checks=(
        Check(
            "balance-equals-transactions",
            "active and pending points differ from the sum of the wallet's transactions, or their number from their"
            " count",
            f"""
            SELECT account_id, wallet_id, {_NONE} AS row_id, SUM(points) || ', ' || SUM(shown) AS difference FROM (
                SELECT m.account_id, m.to_wallet_id AS wallet_id, {_VALUE} AS points, {_SHOWN} AS shown
                FROM moved m JOIN ledger_ledgeraccount a ON a.id = m.account_id WHERE {_TO}
                UNION ALL
                SELECT m.account_id, m.from_wallet_id, -({_VALUE}), {_SHOWN}
                FROM moved m JOIN ledger_ledgeraccount a ON a.id = m.account_id WHERE {_FROM}
                UNION ALL
                SELECT account_id, wallet_id, -(active + pending), -transactions FROM ledger_balance
                WHERE {{only account_id}}
            ) AS both_sides GROUP BY account_id, wallet_id HAVING SUM(points) <> 0 OR SUM(shown) <> 0
            """,
        ),
        Check(
            "supply-equals-reserve",
            "the consumed supply differs from what left the reserve",
            f"""
            SELECT account_id, {_NONE}, {_NONE}, CAST(SUM(amount) AS text) FROM (
                SELECT m.account_id, CASE WHEN m.from_wallet_id = a.reserve_id THEN m.amount ELSE -m.amount END
                    AS amount
                FROM moved m JOIN ledger_ledgeraccount a ON a.id = m.account_id
                JOIN ledger_accountsupply s ON s.account_id = a.id
                WHERE (m.from_wallet_id = a.reserve_id OR m.to_wallet_id = a.reserve_id)
                    AND m.kind NOT IN ('hold', 'release', 'supply')
                UNION ALL
                SELECT account_id, -consumed FROM ledger_accountsupply WHERE {{only account_id}}
            ) AS both_sides GROUP BY account_id HAVING SUM(amount) <> 0
            """,
        ),
        Check(
            "days-equal-transactions",
            "the running totals differ from the transactions"
            " (minted, burned, expired, transferred, reverted, transactions)",
            f"""
            SELECT account_id, {_NONE}, {_NONE}, SUM(minted) || ', ' || SUM(burned) || ', ' || SUM(expired) || ', '
                || SUM(transferred) || ', ' || SUM(reverted) || ', ' || SUM(n)
            FROM (
                SELECT account_id,
                       CASE WHEN kind = 'mint' THEN amount ELSE 0 END AS minted,
                       CASE WHEN kind = 'burn' THEN amount ELSE 0 END AS burned,
                       CASE WHEN kind = 'expire' THEN amount ELSE 0 END AS expired,
                       CASE WHEN kind = 'transfer' THEN amount ELSE 0 END AS transferred,
                       CASE WHEN kind = 'revert' THEN amount ELSE 0 END AS reverted,
                       {_SHOWN} AS n
                FROM moved m
                UNION ALL
                SELECT c.account_id, 0, CASE WHEN h.kind = 'burn' THEN c.amount ELSE 0 END, 0,
                       CASE WHEN h.kind = 'transfer' THEN c.amount ELSE 0 END, 0, 0
                FROM ledger_transaction c JOIN ledger_hold h ON h.transaction_id = c.answers_id
                WHERE c.kind = 'capture' AND {{only c.account_id}}
                UNION ALL
                SELECT r.account_id, CASE WHEN o.kind = 'mint' THEN -r.amount ELSE 0 END,
                       CASE WHEN o.kind = 'burn' OR h.kind = 'burn' THEN -r.amount ELSE 0 END, 0,
                       CASE WHEN o.kind = 'transfer' OR h.kind = 'transfer' THEN -r.amount ELSE 0 END, 0, 0
                FROM ledger_transaction r JOIN ledger_transaction o ON o.id = r.answers_id
                LEFT JOIN ledger_hold h ON h.transaction_id = o.id
                WHERE r.kind = 'revert' AND {{only r.account_id}}
                UNION ALL
                SELECT account_id, -minted, -burned, -expired, -transferred, -reverted, -transactions
                FROM ledger_accountday WHERE {{only account_id}}
            ) AS both_sides GROUP BY account_id
            HAVING SUM(minted) <> 0 OR SUM(burned) <> 0 OR SUM(expired) <> 0 OR SUM(transferred) <> 0
                OR SUM(reverted) <> 0 OR SUM(n) <> 0
            """,
        ),
    ),
)

_LOTS = Pass(
    checks=(
        Check(
            "lots-equal-balance",
            "open lots differ from what the balance says lies in lots (tracked, held of it, pending)",
            f"""
            SELECT account_id, wallet_id, {_NONE}, SUM(tracked) || ', ' || SUM(held) || ', ' || SUM(pending) FROM (
                SELECT account_id, wallet_id, remaining - pending AS tracked, held, pending FROM (
                    SELECT account_id, wallet_id, CAST(SUM(remaining) AS bigint) AS remaining,
                           CAST(SUM(held) AS bigint) AS held,
                           CAST(SUM(CASE WHEN state = 'pending' THEN remaining ELSE 0 END) AS bigint) AS pending
                    FROM ledger_lot WHERE remaining > 0 AND {{only account_id}} GROUP BY account_id, wallet_id
                ) AS lots
                UNION ALL
                SELECT account_id, wallet_id, -tracked, -held_tracked, -pending FROM ledger_balance
                WHERE {{only account_id}}
            ) AS both_sides GROUP BY account_id, wallet_id
            HAVING SUM(tracked) <> 0 OR SUM(held) <> 0 OR SUM(pending) <> 0
            """,
        ),
    ),
)

_USES = Pass(
    in_order=True,
    checks=(
        Check(
            "lot-equals-its-uses",
            "what is left of the lot differs from its amount without its uses",
            """
            SELECT l.account_id, l.wallet_id, l.id, CAST(l.amount - COALESCE(u.used, 0) - l.remaining AS text)
            FROM ledger_lot l LEFT JOIN (
                SELECT lot_id, CAST(SUM(amount) AS bigint) AS used FROM ledger_lotuse GROUP BY lot_id
            ) AS u ON u.lot_id = l.id
            WHERE l.amount - l.remaining <> COALESCE(u.used, 0) AND {only l.account_id}
            """,
        ),
    ),
)

_SMALL = (
    Check(
        "tracked-accounts-have-lots",
        "points of a member lie in no lot although the account tracks them",
        f"""
        SELECT b.account_id, b.wallet_id, {_NONE}, CAST(b.active - b.tracked AS text)
        FROM ledger_balance b JOIN ledger_ledgeraccount a ON a.id = b.account_id
        JOIN ledger_wallet w ON w.id = b.wallet_id
        WHERE a.point_tracking_enabled AND NOT b.may_owe AND w.kind = 'member' AND b.active <> b.tracked
            AND {{only b.account_id}}
        """,
    ),
    Check(
        "open-holds-equal-held",
        "held points differ from the wallet's open holds",
        f"""
        SELECT account_id, wallet_id, {_NONE}, CAST(SUM(amount) AS text) FROM (
            SELECT t.account_id, t.from_wallet_id AS wallet_id, h.amount
            FROM ledger_hold h JOIN ledger_transaction t ON t.id = h.transaction_id
            WHERE h.state = 'pending' AND {{only t.account_id}}
            UNION ALL
            SELECT account_id, wallet_id, -held FROM ledger_balance WHERE held <> 0 AND {{only account_id}}
        ) AS both_sides GROUP BY account_id, wallet_id HAVING SUM(amount) <> 0
        """,
    ),
    Check(
        "hold-slices-equal-held-lots",
        "what is held of the lot differs from the slices of open holds",
        """
        SELECT account_id, wallet_id, lot_id, CAST(SUM(amount) AS text) FROM (
            SELECT l.account_id, l.wallet_id, s.lot_id, s.amount
            FROM ledger_holdslice s JOIN ledger_hold h ON h.transaction_id = s.hold_id
            JOIN ledger_lot l ON l.id = s.lot_id
            WHERE h.state = 'pending' AND {only l.account_id}
            UNION ALL
            SELECT l.account_id, l.wallet_id, l.id, -l.held FROM ledger_balance b
            JOIN ledger_lot l ON l.wallet_id = b.wallet_id AND l.account_id = b.account_id AND l.state = 'active'
            WHERE b.held_tracked <> 0 AND l.held <> 0 AND {only b.account_id}
        ) AS both_sides GROUP BY account_id, wallet_id, lot_id HAVING SUM(amount) <> 0
        """,
    ),
    Check(
        "holds-end-once",
        "the hold's captures and releases do not fit how it ended",
        """
        SELECT t.account_id, t.from_wallet_id, h.transaction_id,
               (COALESCE(SUM(CASE WHEN e.kind = 'capture' THEN e.amount END), 0) - h.captured) || ', ' ||
               (COALESCE(SUM(e.amount), 0) - CASE WHEN h.state = 'pending' THEN 0 ELSE h.amount END)
        FROM ledger_hold h JOIN ledger_transaction t ON t.id = h.transaction_id
        LEFT JOIN ledger_transaction e ON e.answers_id = h.transaction_id AND e.kind IN ('capture', 'release')
        WHERE {only t.account_id}
        GROUP BY t.account_id, t.from_wallet_id, h.transaction_id, h.captured, h.state, h.amount
        HAVING COALESCE(SUM(CASE WHEN e.kind = 'capture' THEN e.amount END), 0) <> h.captured
            OR COALESCE(SUM(e.amount), 0) <> CASE WHEN h.state = 'pending' THEN 0 ELSE h.amount END
        """,
    ),
    Check(
        "supply-row-equals-account",
        "the account's supply and its supply row differ",
        f"""
        SELECT a.id, {_NONE}, {_NONE}, CAST(COALESCE(a.max_supply, -1) - COALESCE(s.max_supply, -1) AS text)
        FROM ledger_ledgeraccount a LEFT JOIN ledger_accountsupply s ON s.account_id = a.id
        WHERE COALESCE(a.max_supply, -1) <> COALESCE(s.max_supply, -1) AND {{only a.id}}
        """,
    ),
    Check(
        "days-equal-balances",
        "the running totals of circulating, pending and held points differ from the balances",
        f"""
        SELECT account_id, {_NONE}, {_NONE}, SUM(circulating) || ', ' || SUM(pending) || ', ' || SUM(held) FROM (
            SELECT account_id, active + pending AS circulating, pending, held FROM ledger_balance
            WHERE {{only account_id}}
            UNION ALL
            SELECT account_id, -(minted - burned - expired), -pending, -held FROM ledger_accountday
            WHERE {{only account_id}}
        ) AS both_sides GROUP BY account_id HAVING SUM(circulating) <> 0 OR SUM(pending) <> 0 OR SUM(held) <> 0
        """,
    ),
)

# Two halves of about the same work: what reads the transactions, and everything else.
PASSES = (_TRANSACTIONS,)
BESIDE = (_LOTS, _USES, *(Pass((check,)) for check in _SMALL))
CHECKS = tuple(check for one in (*PASSES, *BESIDE) for check in one.checks)
