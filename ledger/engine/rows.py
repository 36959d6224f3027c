"""The rows the engine holds in hand while it decides: plain, mutable, and able to be put back as they were."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from ledger.models import Kind
from ledger.models.accounts import LedgerAccount
from loyalty.kernel.clock import NEVER

BalanceKey = tuple[int, int]
SpendKey = tuple[datetime, datetime, int]


@dataclass(slots=True)
class Account:
    """An account's rules, as they stand while its row is locked against change."""

    id: int
    organization_id: int
    ledger_id: int
    active: bool
    tracking: bool
    expires_in_months: int | None
    spend_order: str
    may_owe: bool
    revolving: bool
    finite: bool
    reserve_id: int
    burned_id: int
    expired_id: int
    issuance_id: int
    zone: str
    mirrored: bool
    for_members: bool


@dataclass(slots=True)
class WalletFacts:
    """What a movement has to know of a wallet."""

    id: int
    organization_id: int
    kind: str
    active: bool
    holder_id: int | None


@dataclass(slots=True)
class Lot:
    """A lot, loaded or just made; field for field the columns of its table."""

    id: int
    account_id: int
    wallet_id: int
    transaction_id: int | None
    origin_id: int | None
    amount: int
    remaining: int
    held: int
    state: str
    effective_at: datetime
    valid_from: datetime
    activated_at: datetime | None
    expires_at: datetime
    expirations: int

    @property
    def free(self) -> int:
        """What is left and not held."""
        return self.remaining - self.held


@dataclass(slots=True)
class Balance:
    """A balance under lock, with those of its open lots that are in hand."""

    id: int
    account_id: int
    wallet_id: int
    active: int
    held: int
    pending: int
    tracked: int
    held_tracked: int
    may_owe: bool
    next_change_at: datetime
    transactions: int
    lots: dict[int, Lot] = field(default_factory=dict)
    # How many of its open lots were loaded, in spend order; None when that is all of them.
    loaded: int | None = 0
    # The last of them in spend order: a lot made meanwhile that comes later must not overtake those not loaded.
    horizon: SpendKey | None = None

    @property
    def available(self) -> int:
        """What can be spent."""
        return self.active - self.held

    @property
    def untracked(self) -> int:
        """What lies in no lot; below zero it is what the wallet owes."""
        return self.active - self.tracked

    @property
    def key(self) -> BalanceKey:
        """Which balance this is."""
        return self.account_id, self.wallet_id


@dataclass(slots=True)
class Supply:
    """A finite supply under lock."""

    account_id: int
    max_supply: int
    consumed: int


@dataclass(slots=True)
class Hold:
    """A hold and the slices of lots it keeps, in the order they will be taken."""

    transaction_id: int
    kind: str
    state: str
    amount: int
    captured: int
    created_at: datetime
    closed_at: datetime | None
    slices: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Entry:
    """A transaction, loaded or about to be written; field for field the columns of its table."""

    id: int
    organization_id: int
    account_id: int
    kind: Kind
    from_wallet_id: int
    to_wallet_id: int
    amount: int
    effective_at: datetime
    external_event_at: datetime | None
    created_at: datetime
    key_kind: str
    unique_key: str | None
    content_hash: str
    external_id: str
    description: str
    tags: list[str]
    source: str
    actor: str
    answers_id: int | None


@dataclass(slots=True)
class KnownKey:
    """A unique key that has acted already: the content it acted with, and what it made."""

    content_hash: str
    transaction_id: int


def spend_key(account: Account, lot: Lot) -> SpendKey:
    """Where the lot stands in the account's spend order."""
    if account.spend_order == LedgerAccount.SpendOrder.OLDEST_FIRST:
        return lot.effective_at, lot.effective_at, lot.id
    return lot.expires_at, lot.effective_at, lot.id


# Everything on a row but a balance's lots, the one thing that is changed in place.
_NAMES = {kind: tuple(f.name for f in fields(kind) if f.name != "lots") for kind in (Balance, Lot, Supply, Hold)}
_VALUES = {kind: attrgetter(*names) for kind, names in _NAMES.items()}


def copied(row: Any) -> tuple[Any, ...]:
    """The row's values, to put back later."""
    values: tuple[Any, ...] = _VALUES[type(row)](row)
    return (*values, row.lots.copy()) if type(row) is Balance else values


def put_back(row: Any, values: tuple[Any, ...]) -> None:
    """Make the row what `copied` saw."""
    for name, value in zip(_NAMES[type(row)], values, strict=False):
        setattr(row, name, value)
    if type(row) is Balance:
        row.lots = values[-1]


__all__ = [
    "NEVER",
    "Account",
    "Balance",
    "BalanceKey",
    "Entry",
    "Hold",
    "KnownKey",
    "Lot",
    "SpendKey",
    "Supply",
    "WalletFacts",
    "copied",
    "put_back",
    "spend_key",
]
