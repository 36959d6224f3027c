"""Reads what callers send, by hand: exact numbers, GUIDs, dates, the vendor's words. Each refuses with the field."""

from __future__ import annotations

import io
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import IO, Any

from django.conf import settings

from loyalty.kernel.api.fields import MAX_AMOUNT, MAX_ID
from loyalty.kernel.api.parsing import StrictJSONParser
from loyalty.kernel.clock import NEVER, zone_of
from loyalty.kernel.errors import InvalidInput

SOURCES = (
    "Automation",
    "Purchase",
    "Manual",
    "Return",
    "ReceiptAdjustment",
    "BonusPromotion",
    "BonusPromotionReturn",
    "RewardVoucher",
    "Adjustment",
    "BonusBalanceAdjustment",
    "UpdateBalance",
    "PointTransactionCancellation",
)
LONGEST_DESCRIPTION = 1000
MAX_COUNT = 1000

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)?)?", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)


class ExactJSONParser(StrictJSONParser):
    """`application/json`, where a number with a fraction stays what was written: no float comes between."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The body's value; the strict parser says first whether it is one."""
        body = stream.read(settings.MAX_BODY_BYTES + 1)
        value = super().parse(io.BytesIO(body), media_type, parser_context)
        if not isinstance(value, dict | list) or not body.strip():
            return value
        return json.loads(body, parse_float=Decimal, parse_int=_whole)


def _whole(digits: str) -> int | Decimal:
    """Of a number longer than any we keep only its size matters, and making an int of it may take long."""
    number = int(digits) if len(digits) <= 20 else MAX_ID + 1
    return number if -MAX_ID <= number <= MAX_ID else Decimal(digits)


def wrong(name: str, message: str) -> InvalidInput:
    """The refusal of a field."""
    return InvalidInput(f"{name} {message}", field=name)


def read_object(data: Any) -> dict[str, Any]:
    """The body, which has to be an object."""
    if not isinstance(data, dict):
        raise InvalidInput("The body must be a JSON object.")
    return data


def read_guid(value: Any, name: str) -> uuid.UUID:
    """A GUID."""
    if value is None or value == "":
        raise wrong(name, "is required.")
    if not isinstance(value, str) or not _GUID.fullmatch(value):
        raise wrong(name, "must be a GUID.")
    return uuid.UUID(value)


def read_account_id(value: Any, name: str) -> int | uuid.UUID:
    """The id of a point account: a GUID, or (decided) a whole number where a GUID is."""
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str) and _DIGITS.fullmatch(value):
        number = int(value)
    elif value is not None and not isinstance(value, str):
        raise wrong(name, "must be a GUID.")
    else:
        return read_guid(value, name)
    if not 1 <= number <= MAX_ID:
        raise wrong(name, "must be a GUID.")
    return number


def read_definition_id(value: Any) -> int:
    """The number of a point definition."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_ID:
        raise wrong("definitionId", "must be a whole number.")
    return value


def read_text(data: Mapping[str, Any], name: str, *, required: bool = False) -> str:
    """A text of up to LONGEST_DESCRIPTION characters; none is an empty one."""
    value = data.get(name)
    if value is None or (required and value == ""):
        if required:
            raise wrong(name, "is required.")
        return ""
    if not isinstance(value, str):
        raise wrong(name, "must be a text.")
    if len(value) > LONGEST_DESCRIPTION:
        raise wrong(name, f"has at most {LONGEST_DESCRIPTION} characters.")
    if required and not value.strip():
        raise wrong(name, "is required.")
    return value


_WORDS = {word.lower(): word for word in SOURCES}


def read_source(data: Mapping[str, Any], *, required: bool = False) -> str:
    """One of the vendor's sources, in whatever case; none is an empty text."""
    value = data.get("source")
    if value is None or value == "":
        if required:
            raise wrong("source", "is required.")
        return ""
    found = _WORDS.get(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise wrong("source", f"must be one of {', '.join(SOURCES)}.")
    return found


_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


def read_moment(data: Mapping[str, Any], name: str, zone: str) -> datetime | None:
    """An instant; without an offset it is local time of the organization. The year 9999 stands for never."""
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise wrong(name, "must be a date, like 2024-11-13T08:16:27Z.")
    try:
        moment = datetime.fromisoformat(value.upper())
        if moment.year == 9999:
            return NEVER
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone_of(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        raise wrong(name, "is no date there is.") from None
    if moment < _EARLIEST:
        raise wrong(name, "lies too far in the past.")
    return moment


def read_amount(value: Any, decimals: int, name: str = "amount") -> int:
    """The smallest units that a JSON number means in an account with so many decimals; exact, never rounded."""
    if value is None:
        raise wrong(name, "is required.")
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise wrong(name, "must be a number.")
    if isinstance(value, int):
        units = value * 10**decimals if abs(value) <= MAX_AMOUNT else MAX_AMOUNT + 1
    else:
        units = _exact(value, decimals, name)
    if not units:
        raise wrong(name, "must not be 0.")
    if abs(units) > MAX_AMOUNT:
        raise wrong(name, "is too large.")
    return units


def _exact(value: Decimal, decimals: int, name: str) -> int:
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or value.adjusted() > 20:
        raise wrong(name, "is too large.")
    shift = exponent + decimals
    if not any(digits):
        return 0
    if shift < 0:
        if len(digits) <= -shift or any(digits[shift:]):
            allowed = {0: "no decimals", 1: "one decimal"}.get(decimals, f"{decimals} decimals")
            raise wrong(name, f"has more decimals than this point definition, which has {allowed}.")
        digits = digits[:shift]
    number: int = int("".join(map(str, digits))) * 10 ** max(shift, 0)
    return -number if sign else number


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list is asked for."""

    offset: int
    count: int

    @property
    def stop(self) -> int:
        """The row behind the last."""
        return self.offset + self.count


def read_window(query: Mapping[str, str]) -> Window:
    """`offset` from 0 (default 0) and `count` from 1 to 1000 (default 100)."""
    return Window(
        _number(query, "offset", 0, 0, 2**53, "must be a whole number, 0 or more."),
        _number(query, "count", 100, 1, MAX_COUNT, f"must be a whole number from 1 to {MAX_COUNT}."),
    )


def _number(query: Mapping[str, str], name: str, default: int, low: int, high: int, says: str) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,16}", text, re.ASCII) or not low <= int(text) <= high:
        raise wrong(name, says)
    return int(text)


def read_choice(query: Mapping[str, str], name: str, choices: Mapping[str, Any], default: Any) -> Any:
    """One of some words, in whatever case; nothing, or nothing written, is the default."""
    text = query.get(name, "")
    if not text:
        return default
    if text.lower() not in choices:
        raise wrong(name, f"must be one of {', '.join(choices)}.")
    return choices[text.lower()]
