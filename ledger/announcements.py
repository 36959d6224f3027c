"""The one thing that travels up: what was posted, told in the same database transaction to whoever subscribed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.engine.rows import Account, Entry


@dataclass(frozen=True, slots=True)
class Posted:
    """The transactions one call wrote, in their order; a bulk of thousands is one announcement."""

    organization_id: int
    at: datetime
    actor: str
    entries: Sequence[Entry]
    accounts: dict[int, Account]


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
