"""Does a thing, looks, and undoes it: so a preview cannot differ from the act."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import transaction

Seen = TypeVar("Seen")


class _Undo(Exception):
    """Leaves the transaction of a rehearsal."""


def rehearse(act: Callable[[], Seen]) -> Seen:
    """Run `act` in a transaction of its own, undo all of it, and answer what it answered.

    What waits for a commit (messages, mails) never happens.

    :raises DomainError: whatever the act itself raises.
    """
    seen: list[Seen] = []
    try:
        with transaction.atomic():
            seen.append(act())
            raise _Undo
    except _Undo:
        return seen[0]
