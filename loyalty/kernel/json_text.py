"""JSON as text, whatever numbers it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

_WIDEST = 2**63


def write_json(value: Any, *, default: Callable[[Any], Any] | None = None, option: int = 0) -> bytes:
    """`value` as JSON, as orjson writes it, and whole numbers of more than 64 bits too: PostgreSQL gives one back for
    a fraction such as 1e30 that somebody left in an attribute.

    :raises TypeError: what is neither JSON nor known to `default`.
    """
    try:
        return orjson.dumps(value, default=default, option=option)
    except TypeError:
        return orjson.dumps(_spelt(value), default=default, option=option)


def _spelt(value: Any) -> Any:
    """The same with long numbers written out; lists and objects are new ones."""
    if isinstance(value, dict):
        return {name: _spelt(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_spelt(held) for held in value]
    if isinstance(value, int) and not -_WIDEST <= value < _WIDEST:
        return orjson.Fragment(str(value))
    return value
