"""Reads what is sent: forms (`transfer[points]=9`), the same as multipart, and JSON (`{"transfer": {"points": 9}}`)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.http import QueryDict
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from loyalty.dialects.open_loyalty.problems import Refused, form_body
from loyalty.kernel.api.fields import MAX_AMOUNT
from loyalty.kernel.api.parsing import BodyTooLarge, BoundedFormParser, StrictJSONParser

BLANK = "This value should not be blank."
WRONG = "This value is not valid."
EXTRA = "This form should not contain extra fields."
LONGEST_COMMENT = 1000
MOST_DAYS = 36_500

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,30})(?:\.([0-9]{1,30}))?")
_WHOLE = re.compile(r"\+?[0-9]{1,6}")

# Reads one child of a form; a text and a number of the right kind become a value.
Reader = Callable[[Any], Any]


class Wrong(ValueError):
    """A child of a form is not as it has to be; the message is what the form says."""


PARSERS = [StrictJSONParser, BoundedFormParser, MultiPartParser]


def check_length(request: Request, most: int) -> None:
    """:raises BodyTooLarge: where the request says that it is longer than `most` bytes."""
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    if not length.isdigit() or int(length) > most:
        raise BodyTooLarge


def read_form(data: Any, name: str) -> Mapping[str, Any]:
    """The children of the form called `name`, as they were sent.

    :raises Wrong: where something else is sent in the place of the form.
    """
    if isinstance(data, QueryDict):
        found: dict[str, Any] = {}
        for key in data:
            child, _, rest = key.removeprefix(f"{name}[").partition("]")
            if key.startswith(f"{name}["):
                found[child] = [data[key]] if rest else data[key]
            elif key == name:
                raise Wrong(WRONG)
        return found
    held = data.get(name, {}) if isinstance(data, dict) else None
    if not isinstance(held, dict):
        raise Wrong(WRONG)
    return held


def check_form(given: Mapping[str, Any], readers: Mapping[str, Reader]) -> dict[str, Any]:
    """The values of a form, every child read.

    :raises Refused: 400 with what is wrong, child by child.
    """
    values, wrong = {}, {}
    for name, read in readers.items():
        try:
            values[name] = read(given.get(name))
        except Wrong as error:
            wrong[name] = [str(error)]
    on_form = [EXTRA] if set(given) - set(readers) else []
    if wrong or on_form:
        raise Refused(400, form_body(readers, wrong, on_form))
    return values


def _text(value: Any) -> str:
    """A text that is there.

    :raises Wrong: nothing, or nothing of the kind.
    """
    if value is None or value == "":
        raise Wrong(BLANK)
    if not isinstance(value, str) or "\x00" in value:
        raise Wrong(WRONG)
    return value


def customer(value: Any) -> uuid.UUID:
    """A customer's UUID."""
    text = _text(value).strip()
    if not _UUID.fullmatch(text):
        raise Wrong("This is not a valid UUID.")
    return uuid.UUID(text)


def party(value: Any) -> str:
    """A customer's UUID, email or phone."""
    text = _text(value).strip()
    if not text:
        raise Wrong(BLANK)
    if len(text) > 255:
        raise Wrong(WRONG)
    return text


def comment(value: Any) -> str:
    """Why; nothing, where nothing is said."""
    if value is None:
        return ""
    if not isinstance(value, str) or "\x00" in value:
        raise Wrong(WRONG)
    if len(value) > LONGEST_COMMENT:
        raise Wrong(f"This value is too long. It should have {LONGEST_COMMENT} characters or less.")
    return value


def days(value: Any) -> int | None:
    """For how many days points live; None, where nothing is said."""
    if value is None or value == "":
        return None
    text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else "-"
    if re.fullmatch(r"-?0*|-[0-9]{1,19}", text) and text not in ("", "-"):
        raise Wrong("This value should be 1 or more.")
    if re.fullmatch(r"\+?[0-9]{1,30}", text) and int(text) > MOST_DAYS:
        raise Wrong(f"This value should be {MOST_DAYS} or less.")
    if not _WHOLE.fullmatch(text):
        raise Wrong(WRONG)
    return int(text)


def points(decimals: int, *, least: int) -> Reader:
    """Reads points as smallest units of an account with `decimals`, exactly; at least `least` of them."""

    def read(value: Any) -> int:
        if value is None or value == "":
            raise Wrong(BLANK)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Wrong(WRONG)
        text = _plain(value)
        found = _NUMBER.fullmatch(text)
        if found is None:
            raise Wrong(WRONG)
        if len((found[2] or "").rstrip("0")) > decimals:
            raise Wrong(f"This value should have {_so_many(decimals)}.")
        whole, part = found[1], (found[2] or "")[:decimals].ljust(decimals, "0")
        amount = int(whole + part) * (-1 if text.startswith("-") else 1)
        if amount < least:
            raise Wrong(f"This value should be {_said(least, decimals)} or more.")
        if amount > MAX_AMOUNT:
            raise Wrong(f"This value should be {_said(MAX_AMOUNT, decimals)} or less.")
        return amount

    return read


def _plain(value: str | float) -> str:
    """The digits of a number as they were written: a float is read back as the shortest decimal that is it."""
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    return str(value).strip()


def _so_many(decimals: int) -> str:
    return {0: "no decimals", 1: "at most 1 decimal"}.get(decimals, f"at most {decimals} decimals")


def _said(amount: int, decimals: int) -> str:
    whole, part = divmod(amount, 10**decimals)
    return f"{whole}.{part:0{decimals}d}".rstrip("0").rstrip(".") if decimals else str(whole)
