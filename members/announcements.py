"""What happened to members, told upwards in the same database transaction to whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from loyalty.kernel.prepared import fetch
from members.models import LoyaltyEvent

Rows = Sequence[tuple[Any, ...]]
# The events, read or made only where somebody wants them.
Find = Callable[[], Sequence[LoyaltyEvent]]


@dataclass(frozen=True, slots=True)
class Listener:
    """Who wants to hear of events.

    `asks` gives the query that says whether anybody of an organization does: it goes along with what is asked anyway,
    so that events nobody wants cost nothing more. `hears` is given its rows, the types of the events, and a way to
    them.
    """

    asks: Callable[[int], str]
    hears: Callable[[Rows, frozenset[str], Find], None]


_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Have `listener` told of every event. Once, from an app's `ready()`."""
    if listener not in _listeners:
        _listeners.append(listener)


def questions(organization_id: int) -> list[str]:
    """The query of each listener."""
    return [listener.asks(organization_id) for listener in _listeners]


def tell(answers: Sequence[Rows], types: frozenset[str], find: Find) -> None:
    """Tell each listener whose query has found somebody; what one of them raises undoes the event."""
    for listener, rows in zip(_listeners, answers, strict=True):
        if rows:
            listener.hears(rows, types, find)


def answers_to(statements: Sequence[str]) -> Iterator[Rows]:
    """The rows of statements that bind nothing; on PostgreSQL all of them are one round trip."""
    if len(statements) == 1:
        yield fetch(statements[0], [])
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(";".join(statements))
            for place in range(len(statements)):
                if place:
                    cursor.nextset()
                yield cursor.fetchall() if cursor.description else []
        else:
            for statement in statements:
                cursor.execute(statement)
                yield cursor.fetchall() if cursor.description else []
