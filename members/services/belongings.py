"""What apps above keep of members: each says once how it goes along when a member is merged, exported or erased."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from members.models import Member


@dataclass(frozen=True, slots=True)
class Belongings:
    """How one kind of thing that members have goes along with them, inside the transaction of the act.

    `name` is what a person reads. `move(kept, merged)` gives what the merged member has to the one who is kept; the
    merged one's row says already whom it became part of, both rows are locked, and no balance is yet. `parts(member)`
    are the parts of an export, each naming itself as `part`. `forget(member)` blanks what names the person.
    `count(member, at)` tells how many of them the member can use.
    """

    name: str
    move: Callable[[Member, Member], None]
    parts: Callable[[Member], Iterator[dict[str, Any]]]
    forget: Callable[[Member], None]
    count: Callable[[Member, datetime], int]


_kinds: dict[str, Belongings] = {}


def register_belongings(kind: Belongings) -> None:
    """Have `kind` go along with members. Once, from the `ready()` of the app that keeps it."""
    _kinds[kind.name] = kind


def move_belongings(*, kept: Member, merged: Member) -> None:
    """Give everything the merged member has to the one who is kept."""
    for kind in _kinds.values():
        kind.move(kept, merged)


def parts_of_belongings(member: Member) -> Iterator[dict[str, Any]]:
    """Everything the member has, for an export."""
    for kind in _kinds.values():
        yield from kind.parts(member)


def forget_belongings(member: Member) -> None:
    """Blank what names the person in everything the member has."""
    for kind in _kinds.values():
        kind.forget(member)


def count_belongings(member: Member, *, at: datetime) -> dict[str, int]:
    """How many of each kind the member can use, by its name."""
    return {kind.name: kind.count(member, at) for kind in _kinds.values()}
