"""What caused a transaction: told from above, since the ledger only knows its unique key."""

from __future__ import annotations

from typing import Any, Protocol

from ledger.models import Transaction
from loyalty.kernel.desk import Seat


class Causes(Protocol):
    """What an app above the ledger knows of why points moved."""

    def cause_of(self, entry: Transaction, seat: Seat) -> Any:
        """A way to what caused it, as far as the person at the seat may see that; None where it was something else."""


_registered: list[Causes] = []


def register_causes(causes: Causes) -> None:
    """Say what caused transactions. Once, when the console's pages are loaded."""
    _registered.append(causes)


def cause_of(entry: Transaction, seat: Seat) -> Any:
    """A way to what caused a transaction, if anybody knows."""
    return next((found for causes in _registered if (found := causes.cause_of(entry, seat)) is not None), None)
