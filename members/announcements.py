"""What happened to members, told upwards in the same database transaction to whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from members.models import LoyaltyEvent

Rows = Sequence[tuple[Any, ...]]
# The events, read or made only where somebody wants them.
Find = Callable[[], Sequence[LoyaltyEvent]]


@dataclass(frozen=True, slots=True)
class Listener:
    """Who wants to hear of events.

    `asks` gives the query that says whether anybody of an organization does, which it is given as SQL: rows of a
    number, a text and a moment. It goes along with what is written anyway, so that events nobody wants cost nothing
    more.
    `hears` is given its rows, the types of the events, and a way to them. One that is `inside` hears only of what the
    system tells by itself: whoever takes an event in from outside does for it what there is to do.
    """

    asks: Callable[[str], str]
    hears: Callable[[Rows, frozenset[str], Find], None]
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Cause:
    """The event that something comes of, if it is one, and how many such steps lie behind it. Where the chain `ends`,
    nothing more comes of it.
    """

    event_id: int | None
    depth: int
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Who asks later what is to be given for what the system tells: events of these `types`.

    `waits` gives the SQL condition that an event of an organization and type (both SQL) waits for that, one that is
    caused by another or not. `cause_of` says what is told of a member right now comes of; None where nothing is being
    evaluated.
    """

    types: frozenset[str]
    waits: Callable[[str, str, bool], str]
    cause_of: Callable[[int | None], Cause | None]


_listeners: list[Listener] = []
_evaluators: list[Evaluator] = []


def listen(listener: Listener) -> None:
    """Have `listener` told of every event. Once, from an app's `ready()`."""
    if listener not in _listeners:
        _listeners.append(listener)


def evaluate_with(evaluator: Evaluator) -> None:
    """Have `evaluator` say which events wait. Once, from an app's `ready()`."""
    _evaluators[:] = [evaluator]


def evaluator() -> Evaluator | None:
    """Who evaluates events, if anybody does."""
    return next(iter(_evaluators), None)


def question(organization: str, *, outside: bool = False) -> str:
    """What all listeners ask about an organization (SQL), as one query; only those that hear of events from outside,
    where it is about one.
    """
    asked = [
        f"SELECT {place} AS place, a{place}.* FROM ({listener.asks(organization)}) AS a{place}"
        for place, listener in enumerate(_listeners)
        if not (outside and listener.inside)
    ]
    return " UNION ALL ".join(asked) or "SELECT 0 AS place, 0, '', NULL WHERE 1 = 0"


def tell(rows: Rows, types: frozenset[str], find: Find) -> None:
    """Tell each listener whose query has found somebody; what one of them raises undoes the event."""
    for place, listener in enumerate(_listeners):
        mine = [row[1:] for row in rows if row[0] == place]
        if mine:
            listener.hears(mine, types, find)


def answers_to(statements: Sequence[str]) -> Iterator[Rows]:
    """The rows of statements that bind nothing; on PostgreSQL all of them are one round trip."""
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
