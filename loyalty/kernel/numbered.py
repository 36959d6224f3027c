"""UUIDs that stand for the numbers of rows, for APIs that speak in UUIDs.

The first half names the kind of row, the second holds its number: nothing is stored or looked up, an id always leads
back to its row, and never to a row of another kind.
"""

from __future__ import annotations

import hashlib
import uuid
from functools import cache

_NUMBER_BITS = 62


@cache
def _half(kind: str) -> int:
    """The first 64 bits for a kind: digits of its name's hash, marked as a UUID made of a name (version 5)."""
    named = int.from_bytes(hashlib.blake2b(f"tallystick:{kind}".encode(), digest_size=8).digest())
    return (named & ~0xF000) | 0x5000


def uuid_of(kind: str, number: int) -> uuid.UUID:
    """The UUID of row `number` of `kind`."""
    return uuid.UUID(int=_half(kind) << 64 | 0b10 << _NUMBER_BITS | number)


def number_of(kind: str, given: uuid.UUID) -> int | None:
    """The row a UUID stands for, or None where it is none of `kind`."""
    if given.int >> _NUMBER_BITS != _half(kind) << 2 | 0b10:
        return None
    return given.int & (1 << _NUMBER_BITS) - 1
