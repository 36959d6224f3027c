"""Reads of wallets and balances."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from ledger.models import Wallet
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


# One row an account: the wallet, its balance there (zeros where it was never used), and what expires first of it.
_BALANCES = """
SELECT w.id, a.ledger_id, a.id, a.key, w.holder_id, COALESCE(b.active, 0), COALESCE(b.held, 0), COALESCE(b.pending, 0),
       b.next_change_at, first_lot.expires_at,
       CASE WHEN first_lot.expires_at IS NULL THEN 0 ELSE (
            SELECT SUM(l.remaining) FROM ledger_lot l
            WHERE l.wallet_id = w.id AND l.account_id = a.id AND l.state = 'active'
              AND l.expires_at = first_lot.expires_at) END
FROM ledger_ledgeraccount a
JOIN ledger_wallet w ON w.id = %s AND w.organization_id = a.organization_id
LEFT JOIN ledger_balance b ON b.wallet_id = w.id AND b.account_id = a.id
LEFT JOIN ledger_lot first_lot ON b.tracked > 0 AND first_lot.id = (
    SELECT l.id FROM ledger_lot l
    WHERE l.wallet_id = w.id AND l.account_id = a.id AND l.state = 'active' AND l.expires_at > %s AND l.expires_at < %s
    ORDER BY l.expires_at, l.effective_at, l.id LIMIT 1)
WHERE a.organization_id = %s AND a.ledger_id = %s
"""


def _read(row: tuple[Any, ...]) -> WalletBalance:
    *facts, next_change_at, first_expiry, amount = row
    return WalletBalance(
        *facts,
        next_change_at=aware(next_change_at) or NEVER,
        next_expiration=None if first_expiry is None else {"amount": int(amount), "expires_at": aware(first_expiry)},
    )


def read_balances(
    organization_id: int, ledger_id: int, wallet_id: int, *, at: datetime, account_id: int | None = None
) -> list[WalletBalance]:
    """The wallet in every account of the ledger (or in one of them), zeros included, in one query.

    Right at `at` only where no `next_change_at` has passed: the caller settles those first.
    """
    moment, never = (connection.ops.adapt_datetimefield_value(value) for value in (at, NEVER))
    sql, params = _BALANCES, [wallet_id, moment, never, organization_id, ledger_id]
    if account_id is not None:
        sql += " AND a.id = %s"
        params.append(account_id)
    with connection.cursor() as cursor:
        cursor.execute(sql + " ORDER BY a.id", params)
        return [_read(row) for row in cursor.fetchall()]


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
