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


# One row an account: the wallet and its balance there, zeros where it was never used.
_BALANCES = """
SELECT w.id, a.ledger_id, a.id, a.key, w.holder_id, COALESCE(b.active, 0), COALESCE(b.held, 0), COALESCE(b.pending, 0),
       b.next_change_at, COALESCE(b.tracked, 0)
FROM ledger_ledgeraccount a
JOIN ledger_wallet w ON w.id = %s AND w.organization_id = a.organization_id
LEFT JOIN ledger_balance b ON b.wallet_id = w.id AND b.account_id = a.id
WHERE a.organization_id = %s AND a.ledger_id = %s
"""
# What expires first in each account. MIN alone reads one entry of the index, however many lots there are.
_FIRST_EXPIRY = """
SELECT l.account_id, l.expires_at, SUM(l.remaining)
FROM ledger_ledgeraccount a
JOIN ledger_lot l ON l.account_id = a.id AND l.wallet_id = %s AND l.state = 'active' AND l.expires_at = (
    SELECT MIN(f.expires_at) FROM ledger_lot f
    WHERE f.wallet_id = %s AND f.account_id = a.id AND f.state = 'active' AND f.expires_at > %s)
WHERE a.ledger_id = %s AND l.expires_at < %s
"""


def read_balances(
    organization_id: int, ledger_id: int, wallet_id: int, *, at: datetime, account_id: int | None = None
) -> list[WalletBalance]:
    """The wallet in every account of the ledger (or in one of them), zeros included, in at most two queries.

    Right at `at` only where no `next_change_at` has passed: the caller settles those first.
    """
    one, which = ("", []) if account_id is None else (" AND a.id = %s", [account_id])
    found = prepared.fetch(_BALANCES + one + " ORDER BY a.id", [wallet_id, organization_id, ledger_id, *which])
    balances, may_expire = [], False
    for *facts, next_change_at, tracked in found:
        balance = WalletBalance(*facts, aware(next_change_at) or NEVER, None)  # type: ignore[call-arg]
        balances.append(balance)
        may_expire = may_expire or bool(tracked and balance.next_change_at < NEVER)
    if may_expire:
        moment, never = (connection.ops.adapt_datetimefield_value(value) for value in (at, NEVER))
        params = [wallet_id, wallet_id, moment, ledger_id, never, *which]
        first = prepared.fetch(_FIRST_EXPIRY + one + " GROUP BY l.account_id, l.expires_at", params)
        expiring = {row[0]: {"amount": int(row[2]), "expires_at": aware(row[1])} for row in first}
        for balance in balances:
            balance.next_expiration = expiring.get(balance.ledger_account_id)
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
