"""Rows of the vendor's arrays: read one by one, answered one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loyalty.kernel.errors import InvalidInput
from members.services import ClaimDraft, Edit

MOST_ROWS = 1000
_ASKED = ("amount", "email", "customerType", "expires")
# What a double still carries exactly; beyond it nobody can mean what is read.
_EXACT = 2**53


def rows_in(data: Any) -> list[Any]:
    """The array a body has to be (contract coggins K5).

    :raises InvalidInput: one object, an empty array, or too many rows.
    """
    if not isinstance(data, list) or not data:
        raise InvalidInput("Invalid or Empty Payload")
    if len(data) > MOST_ROWS:
        raise InvalidInput(f"At most {MOST_ROWS} rows in one request.")
    return data


def _object(row: Any) -> Mapping[str, Any]:
    if not isinstance(row, dict):
        raise InvalidInput("Each row must be an object.")
    return row


def _whole(row: Mapping[str, Any], name: str) -> int:
    """A whole number; 400.0 is one too, since JSON does not tell them apart.

    :raises InvalidInput: none, or a fraction.
    """
    value = row.get(name)
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput(f"{name} must be a whole number.", field=name)
    return value


def _text(row: Mapping[str, Any], name: str, says: str) -> str:
    """A text that says something, or nothing where the row has none.

    :raises InvalidInput: anything else.
    """
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(says, field=name)
    return value


def draft_of(row: Any, unit: int) -> ClaimDraft:
    """The claim a row asks for; `unit` smallest units are a point.

    :raises InvalidInput: with what is wrong.
    """
    row = _object(row)
    return ClaimDraft(
        amount=_whole(row, "amount") * unit,
        email=_text(row, "email", "Supplied email is invalid"),
        customer_type=_text(row, "customerType", "customerType must be a text."),
        days=None if row.get("expires") is None else _whole(row, "expires"),
    )


def edit_of(row: Any) -> Edit:
    """The edit a row asks for.

    :raises InvalidInput: with what is wrong.
    """
    row = _object(row)
    points = _whole(row, "amount")
    email = _text(row, "email", "Supplied email is invalid")
    if not email:
        raise InvalidInput("Supplied email is invalid", field="email")
    return Edit(email, points)


def asked(row: Any) -> dict[str, Any]:
    """The row's own words, as far as the document has them."""
    return {name: row[name] for name in _ASKED if name in row} if isinstance(row, dict) else {}
