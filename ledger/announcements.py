"""The one thing that travels up: what was posted, told in the same database transaction to whoever subscribed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.engine.book import INNER_KINDS
from ledger.engine.rows import Account, Entry
from ledger.models import Kind


@dataclass(frozen=True, slots=True)
class Posted:
    """The transactions one call wrote, in their order; a bulk of thousands is one announcement."""

    organization_id: int
    at: datetime
    actor: str
    entries: Sequence[Entry]
    accounts: dict[int, Account]
    # Whom the members' wallets among them belong to, as those above told the ledger.
    holders: dict[int, int]

    def moved(self) -> list[tuple[Entry, int]]:
        """Each transaction with each holder's wallet it touches. Steps inside a hold are not told by themselves, as in
        a wallet's list.
        """
        return [
            (entry, wallet_id)
            for entry in self.entries
            if entry.kind not in INNER_KINDS and entry.kind != Kind.SUPPLY
            for wallet_id in (entry.from_wallet_id, entry.to_wallet_id)
            if wallet_id != self.accounts[entry.account_id].reserve_id
        ]


Subscriber = Callable[[Posted], None]
_subscribers: list[Subscriber] = []


def subscribe(subscriber: Subscriber) -> None:
    """Have `subscriber` called for everything that is posted. Once, from an app's `ready()`."""
    if subscriber not in _subscribers:
        _subscribers.append(subscriber)


def announce(posted: Posted) -> None:
    """Tell every subscriber; what one of them raises undoes the posting."""
    for subscriber in _subscribers:
        subscriber(posted)
