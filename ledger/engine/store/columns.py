"""The tables the engine writes and the order of their columns: what a row in hand gives, field for field."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ledger.engine.rows import Entry, Lot
from ledger.models import AccountDay, AccountSupply, Balance, Hold, HoldSlice, LotUse, Transaction
from ledger.models import Lot as LotModel

TRANSACTION = Transaction._meta.db_table
LOT = LotModel._meta.db_table
LOT_USE = LotUse._meta.db_table
BALANCE = Balance._meta.db_table
HOLD = Hold._meta.db_table
HOLD_SLICE = HoldSlice._meta.db_table
SUPPLY = AccountSupply._meta.db_table
ACCOUNT_DAY = AccountDay._meta.db_table

ENTRY_COLUMNS = tuple(field.name for field in fields(Entry))
LOT_COLUMNS = tuple(field.name for field in fields(Lot))
KEY_COLUMNS = ("key_kind", "unique_key", "content_hash", "kind", "id", "answers_id")
WALLET_COLUMNS = "id, organization_id, kind, active, holder_id"
USE_COLUMNS = ("lot_id", "transaction_id", "amount")
SLICE_COLUMNS = ("hold_id", "lot_id", "amount")
HOLD_COLUMNS = ("transaction_id", "kind", "state", "amount", "captured", "created_at", "closed_at")
BALANCE_COLUMNS = (
    "id",
    "account_id",
    "wallet_id",
    "active",
    "held",
    "pending",
    "tracked",
    "held_tracked",
    "may_owe",
    "next_change_at",
    "transactions",
)
# Moments are read as text: a bulk has few different ones, so most are found in a cache instead of being parsed.
_MOMENTS = ("effective_at", "valid_from", "activated_at", "expires_at", "next_change_at")


def selected(columns: tuple[str, ...]) -> str:
    """The columns as they stand in a SELECT."""
    # A name of its own for the text: under the column's name, ORDER BY would sort the text, and use no index.
    return ", ".join(f"CAST({name} AS text) AS {name}_text" if name in _MOMENTS else name for name in columns)


# What changes of a row after its birth.
BALANCE_CHANGES = ("active", "held", "pending", "tracked", "held_tracked", "next_change_at", "transactions")
LOT_CHANGES = ("remaining", "held", "state", "activated_at", "expires_at", "expirations")
HOLD_CHANGES = ("state", "captured", "closed_at")

# An account's rules, in the order of rows.Account.
ACCOUNT_QUERY = """
SELECT a.id, a.organization_id, a.ledger_id, a.active, a.point_tracking_enabled, a.expires_in_months, a.spend_order,
       a.may_owe, a.is_revolving, a.max_supply IS NOT NULL, a.reserve_id, a.burned_id, a.expired_id, a.issuance_id,
       o.timezone, a.sync_algorand, a.for_members
FROM ledger_ledgeraccount a JOIN loyalty_organization o ON o.id = a.organization_id
"""


def numbers(ids: Any) -> str:
    """Our own row numbers as an SQL list; never empty, and never anything but numbers."""
    return ",".join(str(int(number)) for number in ids) or "NULL"


def pairs(keys: Any) -> str:
    """Pairs of our own row numbers as SQL rows; never empty."""
    return ",".join(f"({int(left)},{int(right)})" for left, right in keys) or "(-1,-1)"
