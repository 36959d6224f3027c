"""Reads of wallets and balances."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from ledger.models import Wallet
from loyalty.kernel import prepared
from loyalty.kernel.clock import NEVER, aware
from loyalty.kernel.errors import NotFound


@dataclass(slots=True)
class WalletBalance:
    """One wallet in one account, as callers read it (semantics 1.8): `balance` is what is active, held points
    included; `pending_balance` what holds keep; `waiting` what is not valid yet.
    """

    wallet_id: int
    ledger_id: int
    ledger_account_id: int
    ledger_account_key: str
    member_id: int | None
    balance: int
    pending_balance: int
    waiting: int
    next_change_at: datetime
    next_expiration: dict[str, Any] | None

    @property
    def available_balance(self) -> int:
        """What can be spent."""
        return self.balance - self.pending_balance


_HAS_BALANCES = (Wallet.Kind.MEMBER, Wallet.Kind.CLEARING)

# One row an account: the wallet and its balance there, zeros where it was never used, and what expires first there.
# MIN alone reads one entry of the index, however many lots there are; where nothing can expire no lot is looked up.
_BALANCES = """
SELECT w.id, a.ledger_id, a.id, a.key, w.holder_id, COALESCE(b.active, 0), COALESCE(b.held, 0), COALESCE(b.pending, 0),
       b.next_change_at, MIN(l.expires_at), SUM(l.remaining), w.kind
FROM ledger_ledgeraccount a
JOIN ledger_wallet w ON w.id = %s AND w.organization_id = a.organization_id
LEFT JOIN ledger_balance b ON b.wallet_id = w.id AND b.account_id = a.id
LEFT JOIN ledger_lot l ON b.tracked > 0 AND b.next_change_at < %s AND l.wallet_id = b.wallet_id
    AND l.account_id = b.account_id AND l.state = 'active' AND l.expires_at < %s AND l.expires_at = (
        SELECT MIN(f.expires_at) FROM ledger_lot f
        WHERE f.wallet_id = b.wallet_id AND f.account_id = b.account_id AND f.state = 'active' AND f.expires_at > %s)
WHERE a.organization_id = %s
"""
# An account's own wallets keep no balance, since every posting would queue on it: they are summed when somebody asks.
_SUMMED = """
SELECT COALESCE(SUM(CASE WHEN to_wallet_id = %s THEN amount ELSE -amount END), 0) FROM ledger_transaction
WHERE account_id = %s AND (from_wallet_id = %s OR to_wallet_id = %s) AND kind NOT IN ('hold', 'release')
"""


def read_balances(
    organization_id: int, ledger_id: int | None, wallet_id: int, *, at: datetime, account_id: int | None = None
) -> list[WalletBalance]:
    """The wallet in every account of the ledger (of all ledgers with None; or in one account), zeros included, in one
    query; one of an account's own wallets takes one more for each account.

    Right at `at` only where no `next_change_at` has passed: the caller settles those first.
    """
    one, which = "", []
    for column, number in (("ledger_id", ledger_id), ("id", account_id)):
        if number is not None:
            one += f" AND a.{column} = %s"
            which.append(number)
    moment, never = (connection.ops.adapt_datetimefield_value(value) for value in (at, NEVER))
    found = prepared.fetch(
        _BALANCES + one + " GROUP BY w.id, a.id, b.id ORDER BY a.id",
        [wallet_id, never, never, moment, organization_id, *which],
    )
    balances = []
    for *facts, next_change_at, first_expiry, expiring, kind in found:
        expiration = None if expiring is None else {"amount": int(expiring), "expires_at": aware(first_expiry)}
        balance = WalletBalance(*facts, aware(next_change_at) or NEVER, expiration)  # type: ignore[call-arg]
        if kind not in _HAS_BALANCES:
            summed = prepared.fetch(_SUMMED, [wallet_id, balance.ledger_account_id, wallet_id, wallet_id])
            balance.balance = int(summed[0][0])
        balances.append(balance)
    return balances


def read_balance(
    organization_id: int, ledger_id: int, account_id: int, wallet_id: int, *, at: datetime
) -> WalletBalance:
    """The wallet in one account of the ledger.

    :raises NotFound: where ledger, account or wallet is not the organization's.
    """
    found = read_balances(organization_id, ledger_id, wallet_id, at=at, account_id=account_id)
    if not found:
        raise NotFound("There is no such wallet in this ledger account.")
    return found[0]


def get_wallet(organization_id: int, wallet_id: int) -> Wallet:
    """One of the organization's wallets.

    :raises NotFound: where it has no such wallet.
    """
    wallet = Wallet.objects.filter(organization_id=organization_id, pk=wallet_id).first()
    if wallet is None:
        raise NotFound("There is no such wallet.")
    return wallet


# By the index on the wallet's debits; what was given back again answers the burn, or the hold that was captured.
_SPENT = """
SELECT COALESCE(SUM(t.amount), 0) FROM ledger_transaction t JOIN ledger_ledgeraccount a ON a.id = t.account_id
WHERE t.from_wallet_id = %s AND t.account_id = %s AND t.to_wallet_id = a.burned_id AND t.kind IN ('burn', 'capture')
    AND t.source <> %s AND NOT EXISTS (
        SELECT 1 FROM ledger_transaction r WHERE r.answers_id = COALESCE(t.answers_id, t.id) AND r.kind = 'revert')
"""


def spent_by(wallet_id: int, account_id: int, *, but_for_source: str = "") -> int:
    """All that was ever burned of the wallet's points in the account and not given back, in smallest units; without
    what `but_for_source` took.
    """
    return int(prepared.fetch(_SPENT, [wallet_id, account_id, but_for_source])[0][0])
