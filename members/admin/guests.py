"""What apps above put on a member's page: told from there, since members know nobody above them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from django.http import HttpRequest

from loyalty.kernel.desk import Act, Panel
from members.models import Member


class Guest(Protocol):
    """An app above members: what can be done with a member there, and what is shown of it."""

    acts: Sequence[type[Act]]

    def panels(self, request: HttpRequest, member: Member, at: datetime) -> Iterable[Panel]:
        """Its tables, as far as the person may see them; a bounded number of queries."""


_registered: list[Guest] = []


def register_guest(guest: Guest) -> None:
    """Have an app on every member's page. Once, when the console's pages are loaded."""
    _registered.append(guest)


def guest_acts() -> list[type[Act]]:
    """What can be done with a member in the apps above."""
    return [act for guest in _registered for act in guest.acts]


def guest_panels(request: HttpRequest, member: Member, at: datetime) -> Iterable[Panel]:
    """The tables of the apps above."""
    for guest in _registered:
        yield from guest.panels(request, member, at)
