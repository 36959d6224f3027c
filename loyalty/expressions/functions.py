"""The closed list of functions: what rules may compute beyond operators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from loyalty.expressions.errors import EvaluationError

MANY = 50
# A date is looked for within these years: everything else is a mistyped number.
MAX_DAYS = 366 * 200


@dataclass(frozen=True, slots=True)
class Function:
    """One function: what it computes, of how many arguments of which types, and the type it gives.

    Null anywhere among the arguments gives null. `zoned` functions take the time zone of the rule before the others.
    """

    compute: Callable[..., Any]
    takes: Sequence[str]
    gives: str
    least: int = 1
    most: int = 1
    zoned: bool = False


def is_number(value: Any) -> bool:
    """Whether it is a number; true and false are not."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def type_of(value: Any) -> str:
    """The type of a value as people call it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if is_number(value):
        return "number"
    names = ((str, "string"), (list, "list"), (dict, "object"), (datetime, "timestamp"), (timedelta, "duration"))
    return next((name for kind, name in names if isinstance(value, kind)), "object")


def _size(value: str | list[Any] | dict[str, Any]) -> int:
    return len(value)


def _numbers(values: Sequence[Any]) -> Sequence[Any]:
    found = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    found = [value for value in found if value is not None]
    if not all(is_number(value) for value in found):
        raise EvaluationError("min and max take numbers.")
    return found


def _min(*values: Any) -> Any:
    return min(_numbers(values), default=None)


def _max(*values: Any) -> Any:
    return max(_numbers(values), default=None)


def _round(value: Any, places: Any = 0) -> Decimal:
    if places != int(places) or not 0 <= places <= 10:
        raise EvaluationError("round takes 0 to 10 places.")
    return Decimal(value).quantize(Decimal(1).scaleb(-int(places)), rounding=ROUND_HALF_UP)


def _timestamp(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text) if len(text) > 10 else datetime.combine(date.fromisoformat(text), time())
    except ValueError:
        raise EvaluationError(f"{text[:40]!r} is not a date.") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _span(unit: str) -> Callable[[Any], timedelta]:
    def span(count: Any) -> timedelta:
        try:
            found = timedelta(**{unit: float(count)})
        except (OverflowError, ValueError):
            raise EvaluationError(f"{unit} takes a smaller number.") from None
        if abs(found.days) > MAX_DAYS:
            raise EvaluationError(f"{unit} takes a smaller number.")
        return found

    return span


def _part(name: str) -> Callable[[ZoneInfo, datetime], int]:
    def part(zone: ZoneInfo, moment: datetime) -> int:
        try:
            local = moment.astimezone(zone)
        except OverflowError:
            raise EvaluationError("The date is too far away.") from None
        return local.isoweekday() if name == "weekday" else int(getattr(local, name))

    return part


FUNCTIONS: dict[str, Function] = {
    "size": Function(_size, ("string list object",), "number"),
    "lower": Function(str.lower, ("string",), "string"),
    "upper": Function(str.upper, ("string",), "string"),
    "trim": Function(str.strip, ("string",), "string"),
    "min": Function(_min, ("number list",), "number", 1, MANY),
    "max": Function(_max, ("number list",), "number", 1, MANY),
    "abs": Function(abs, ("number",), "number"),
    "floor": Function(lambda n: Decimal(n).to_integral_value(ROUND_FLOOR), ("number",), "number"),
    "round": Function(_round, ("number", "number"), "number", 1, 2),
    "timestamp": Function(_timestamp, ("string",), "timestamp"),
    "days": Function(_span("days"), ("number",), "duration"),
    "hours": Function(_span("hours"), ("number",), "duration"),
    "minutes": Function(_span("minutes"), ("number",), "duration"),
    **{
        name: Function(_part(name), ("timestamp",), "number", zoned=True)
        for name in ("year", "month", "day", "weekday", "hour")
    },
}
METHODS: dict[str, Function] = {
    "size": Function(_size, ("string list object",), "number", 0, 0),
    "startsWith": Function(str.startswith, ("string", "string"), "boolean"),
    "endsWith": Function(str.endswith, ("string", "string"), "boolean"),
    "contains": Function(str.__contains__, ("string", "string"), "boolean"),
}
