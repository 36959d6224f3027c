"""What a member has of one kind of point: the balance, its account and its owner at once, in one query."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from ledger.selectors.statements import COLUMNS, StatementRow, read_row, with_validity
from loyalty.kernel import prepared
from loyalty.kernel.clock import NEVER, aware


@dataclass(frozen=True, slots=True)
class Holding:
    """A member's balance in one account (smallest units), and what there is to know to show and to move it.

    `own_wallets` are the account's: what comes from another wallet came from another holder. `first_expiry` is when
    the first of what can be spent expires, None where none does or nobody asked. `zone` is the organization's.
    """

    balance_id: int
    wallet_id: int
    account_id: int
    customer_id: uuid.UUID
    decimals: int
    tracked: bool
    zone: str
    available: int
    pending: int
    next_change_at: datetime
    transactions: int
    own_wallets: tuple[int, ...]
    first_expiry: datetime | None = None


_FACTS = (
    "b.id, m.wallet_id, a.id, m.customer_id, a.decimals, a.point_tracking_enabled, g.timezone, b.active - b.held,"
    " b.pending, b.next_change_at, b.transactions, a.reserve_id, a.burned_id, a.expired_id, a.issuance_id"
)
# The index of a wallet's open lots in the order they are spent gives the first; what is held of it cannot be spent. All
# of that order is asked for: the dates alone would lead into everybody's lots.
_FIRST_EXPIRY = (
    "(SELECT l.expires_at FROM ledger_lot l WHERE l.wallet_id = b.wallet_id AND l.account_id = b.account_id"
    " AND l.state = 'active' AND l.remaining > l.held ORDER BY l.expires_at, l.effective_at, l.id LIMIT 1)"
)
_BY_BALANCE = (
    "SELECT {columns} FROM ledger_balance b JOIN ledger_ledgeraccount a ON a.id = b.account_id"
    " JOIN loyalty_organization g ON g.id = a.organization_id"
    " JOIN members_member m ON m.wallet_id = b.wallet_id AND m.organization_id = a.organization_id"
    " WHERE b.id = %s AND a.organization_id = %s"
)
_BY_CUSTOMER = (
    "SELECT {columns} FROM members_member m JOIN loyalty_organization g ON g.id = m.organization_id"
    " LEFT JOIN ledger_balance b ON b.wallet_id = m.wallet_id"
    " LEFT JOIN ledger_ledgeraccount a ON a.id = b.account_id"
    " WHERE m.customer_id = %s AND m.organization_id = %s ORDER BY a.id"
)
_FIND = _BY_BALANCE.format(columns=_FACTS)
_READ = _BY_BALANCE.format(columns=f"{_FACTS}, {_FIRST_EXPIRY}")
_LIST = _BY_CUSTOMER.format(columns=f"{_FACTS}, {_FIRST_EXPIRY}")


def _holding(row: tuple[Any, ...]) -> Holding:
    (balance_id, wallet_id, account_id, customer, decimals, tracked, zone, available, pending, next_change, count) = (
        row[:11]
    )
    return Holding(
        balance_id=balance_id,
        wallet_id=wallet_id,
        account_id=account_id,
        customer_id=customer if isinstance(customer, uuid.UUID) else uuid.UUID(customer),
        decimals=decimals,
        tracked=bool(tracked),
        zone=zone,
        available=available,
        pending=pending,
        next_change_at=aware(next_change) or NEVER,
        transactions=count,
        own_wallets=tuple(row[11:15]),
        first_expiry=aware(row[15]) if len(row) > 15 else None,
    )


def find_holding(organization_id: int, balance_id: int, *, with_expiry: bool = False) -> Holding | None:
    """The member's balance with this number, if it is of the organization; in one query, the plan of which is kept.

    Right only where no `next_change_at` has passed: the caller settles it first.
    """
    found = prepared.fetch(_READ if with_expiry else _FIND, [balance_id, organization_id])
    return _holding(found[0]) if found else None


def list_holdings(organization_id: int, customer_id: uuid.UUID) -> list[Holding] | None:
    """All balances of a member, in the order of their accounts, in one query; None where there is no such member."""
    given = customer_id if connection.vendor == "postgresql" else customer_id.hex
    found = prepared.fetch(_LIST, [given, organization_id])
    return [_holding(row) for row in found if row[0] is not None] if found else None


@dataclass(frozen=True, slots=True)
class Movement:
    """A transaction seen from one member's holding."""

    row: StatementRow
    holding: Holding


_MOVEMENT = (
    f"SELECT {COLUMNS}, {_FACTS} FROM ledger_transaction t JOIN ledger_ledgeraccount a ON a.id = t.account_id"
    " JOIN loyalty_organization g ON g.id = t.organization_id"
    " JOIN ledger_balance b ON b.account_id = t.account_id AND b.wallet_id IN (t.from_wallet_id, t.to_wallet_id)"
    " JOIN members_member m ON m.wallet_id = b.wallet_id"
    " WHERE t.organization_id = %s AND t.kind NOT IN ('hold', 'release', 'supply') AND "
)
_BY_NUMBER = _MOVEMENT + "t.id = %s"
_BY_KEY = _MOVEMENT + "t.unique_key = %s AND t.key_kind = %s"


def find_movement(
    organization_id: int, *, number: int | None = None, key: tuple[str, str] | None = None, received: bool = False
) -> Movement | None:
    """A transaction that moved a member's points, by its number or its (kind, unique key), with the dates of its
    credit; of two members it moved points between, the giver's side, or where `received` the taker's.
    """
    if key is not None:
        found = prepared.fetch(_BY_KEY, [organization_id, key[1], key[0]])
    else:
        found = prepared.fetch(_BY_NUMBER, [organization_id, number])
    width = len(COLUMNS.split(","))
    sides = []
    for row in found:
        holding = _holding(row[width:])
        sides.append(Movement(read_row(row[:width], holding.wallet_id), holding))
    if not sides:
        return None
    chosen = next((side for side in sides if side.row.incoming == received), sides[0])
    with_validity([chosen.row], chosen.holding.wallet_id)
    return chosen
