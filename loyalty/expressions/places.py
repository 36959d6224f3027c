"""What a path of a rule is in the database, and what can be asked of it there."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Case, DecimalField, F, IntegerField, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Collate, Left, Length, Right, StrIndex
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, In, IsNull, LessThan, LessThanOrEqual

from loyalty.expressions.errors import NotInSql
from loyalty.expressions.functions import METHODS, is_number, type_of
from loyalty.expressions.json_sql import JsonHolds, JsonNumber, JsonText, JsonType, sqlite_number

Condition = Q | bool


@dataclass(frozen=True, slots=True)
class Column:
    """What a path is in the database: a field of one type, a `json` document, a `list` that `holds` answers for, or
    `rows` of another table, joined to the row by `OuterRef`, whose own columns are `columns`.

    Where `blank_is_null`, an empty text stands for null. Where the field's numbers stand for few texts, `known` tells
    them, and a condition on a text becomes one on the numbers, of which the database knows how frequent they are.
    """

    type: str
    field: str = ""
    holds: Callable[[Any], Q] | None = None
    blank_is_null: bool = False
    known: Callable[[], Mapping[int, str]] | None = None
    rows: Callable[[], QuerySet[Any]] | None = None
    columns: Mapping[str, Column] | None = None


Columns = Mapping[tuple[str, ...], Column]


@dataclass(frozen=True, slots=True)
class Held:
    """When a part is true, and when it fails."""

    true: Condition
    fails: Condition = False


def both(one: Condition, other: Condition) -> Condition:
    """Where both hold."""
    if isinstance(one, bool):
        return other if one else False
    if isinstance(other, bool):
        return one if other else False
    return one & other


def either(one: Condition, other: Condition) -> Condition:
    """Where one of them holds, or both."""
    if isinstance(one, bool):
        return True if one else other
    if isinstance(other, bool):
        return True if other else one
    return one | other


def negated(one: Condition) -> Condition:
    """Where it does not hold."""
    if isinstance(one, bool):
        return not one
    # Two-valued: what is neither true nor false in SQL is not true, so its opposite is.
    return Q(Exact(Case(When(one, then=1), default=0, output_field=IntegerField()), 0))


def comparable_kind(value: Any) -> str:
    """The type of a constant, if it can be asked for.

    :raises NotInSql: a list, an object or a duration.
    """
    kind = type_of(value)
    if kind in ("list", "object", "duration"):
        raise NotInSql(f"A {kind} cannot be asked of the database.")
    return kind


_ORDER: dict[Any, Callable[[str, str], bool]] = {
    LessThan: operator.lt,
    LessThanOrEqual: operator.le,
    GreaterThan: operator.gt,
    GreaterThanOrEqual: operator.ge,
}


class Place:
    """A path in the database."""

    def missing(self) -> Condition:
        """Where it is null."""
        raise NotImplementedError

    def broken(self) -> Condition:
        """Where following it fails: something on the way is no document."""
        return False

    def of_type(self, kind: str) -> Condition:
        """Where it holds a value of this type."""
        raise NotImplementedError

    def expression(self, kind: str) -> Any:
        """Its value, where it is of this type."""
        raise NotImplementedError

    def constant(self, value: Any) -> Any:
        """A constant to compare with."""
        return Value(value)

    def wrong(self, *kinds: str) -> Condition:
        """Where there is a value, of none of these types."""
        fits: Condition = False
        for kind in kinds:
            fits = either(fits, self.of_type(kind))
        return either(self.broken(), both(negated(self.missing()), negated(fits)))

    def same(self, kind: str) -> Any:
        """Its value, where only likeness is asked, not order."""
        return self.expression(kind)

    def equal(self, value: Any) -> Condition:
        """Where it is the same as `value`."""
        kind = comparable_kind(value)
        return both(self.of_type(kind), Q(Exact(self.same(kind), self.constant(value))))

    def boolean(self) -> Held:
        """It alone, as a condition."""
        return Held(self.equal(True), self.wrong("boolean"))

    def ordered(self, lookup: Any, value: Any) -> Held:
        """It before or after `value`."""
        kind = type_of(value)
        if kind not in ("number", "string", "timestamp"):
            return Held(False, either(self.broken(), negated(self.missing())))
        true = both(self.of_type(kind), Q(lookup(self.expression(kind), self.constant(value))))
        return Held(true, self.wrong(kind))

    def among(self, values: Any) -> Held:
        """It in a constant list."""
        if values is None:
            return Held(False, self.broken())
        if not isinstance(values, list):
            raise NotInSql("This cannot be asked of the database.")
        kinds: dict[str, list[Any]] = {}
        for value in values:
            if value is not None:
                kinds.setdefault(comparable_kind(value), []).append(self.constant(value))
        true: Condition = False
        for kind, constants in kinds.items():
            true = either(true, both(self.of_type(kind), Q(In(self.same(kind), constants))))
        return Held(true, self.broken())

    def holds(self, value: Any) -> Held:
        """A constant in it."""
        raise NotInSql("This cannot be asked of the database.")

    def text_has(self, function: str, text: Any) -> Held:
        """It with `text` at its start, its end, or anywhere."""
        if not isinstance(text, str):
            return Held(False, either(self.broken(), negated(self.missing())))
        whole, size = self.expression("string"), len(text)
        if not text:
            found = negated(self.missing())
        elif function == "contains":
            found = Q(GreaterThan(StrIndex(whole, Value(text)), 0))
        else:
            part = (Left if function == "startsWith" else Right)(whole, size)
            long_enough = Q(GreaterThanOrEqual(Length(whole), size))
            found = both(long_enough, Q(Exact(part, Value(text))))
        return Held(both(self.of_type("string"), found), self.wrong("string"))


def _number(value: Any) -> Value:
    if connection.vendor == "sqlite":
        return Value(sqlite_number(value))
    return Value(Decimal(value), output_field=DecimalField(max_digits=60, decimal_places=28))


class FieldPlace(Place):
    """A column of one type."""

    def __init__(self, column: Column) -> None:
        self.column = column

    def missing(self) -> Condition:
        """Where it is null; a list never is."""
        if self.column.type == "list":
            return False
        null = Q(IsNull(F(self.column.field), True))
        return null | Q(Exact(F(self.column.field), Value(""))) if self.column.blank_is_null else null

    def of_type(self, kind: str) -> Condition:
        """Its own type, always."""
        if self.column.blank_is_null:
            return negated(self.missing()) if kind == "string" else False
        return kind == self.column.type

    def wrong(self, *kinds: str) -> Condition:
        """Nowhere, or wherever there is a value: a column has one type."""
        return False if self.column.type in kinds else negated(self.missing())

    def same(self, kind: str) -> Any:
        """The column: the same text is the same in every order, so its own index can find it."""
        return F(self.column.field)

    def expression(self, kind: str) -> Any:
        """The column; text by its code points."""
        if kind == "string" and connection.vendor == "postgresql":
            return Collate(F(self.column.field), "C")
        return F(self.column.field)

    def constant(self, value: Any) -> Any:
        """A number no matter how large; a moment in UTC, as both databases keep it.

        :raises NotInSql: a moment that UTC's calendar does not have.
        """
        if is_number(value):
            return _number(value)
        if isinstance(value, datetime):
            try:
                return Value(value.astimezone(UTC))
            except OverflowError:
                raise NotInSql("This moment is in no calendar.") from None
        return Value(value)

    def holds(self, value: Any) -> Held:
        """What stands for a list answers itself."""
        if value is None:
            return Held(False)
        if self.column.holds is None:
            return Held(False, negated(self.missing()))
        return Held(self.column.holds(value))


class KnownPlace(Place):
    """A column whose numbers stand for texts that are known."""

    def __init__(self, field: str, texts: Mapping[int, str]) -> None:
        self.field, self.texts = field, texts

    def missing(self) -> Condition:
        """Where it has no number."""
        return Q(IsNull(F(self.field), True))

    def of_type(self, kind: str) -> Condition:
        """A text, always."""
        return kind == "string"

    def wrong(self, *kinds: str) -> Condition:
        """Nowhere, or wherever there is a number."""
        return False if "string" in kinds else negated(self.missing())

    def those(self, fits: Callable[[str], Any]) -> Condition:
        """Where it stands for a text that fits."""
        numbers = [number for number, text in self.texts.items() if fits(text)]
        return Q(In(F(self.field), numbers)) if numbers else False

    def equal(self, value: Any) -> Condition:
        """The numbers of this text."""
        comparable_kind(value)
        return self.those(lambda text: text == value)

    def ordered(self, lookup: Any, value: Any) -> Held:
        """The numbers of the texts before or after it."""
        if not isinstance(value, str):
            return Held(False, negated(self.missing()))
        return Held(self.those(lambda text: _ORDER[lookup](text, value)))

    def among(self, values: Any) -> Held:
        """The numbers of the texts in the list."""
        if isinstance(values, list):
            return Held(self.those(lambda text: text in values))
        return super().among(values)

    def text_has(self, function: str, text: Any) -> Held:
        """The numbers of the texts that have it."""
        if not isinstance(text, str):
            return super().text_has(function, text)
        return Held(self.those(lambda known: METHODS[function].compute(known, text)))


class JsonPlace(Place):
    """A part of a JSON column."""

    def __init__(self, field: str, path: Sequence[str]) -> None:
        self.field, self.path = field, tuple(path)

    def missing(self) -> Condition:
        """Where it is not there, or JSON's null."""
        kind = JsonType(self.field, self.path)
        return Q(IsNull(kind, True)) | Q(Exact(kind, Value("null")))

    def broken(self) -> Condition:
        """Where something on the way is there, and no document."""
        found: Condition = False
        for length in range(1, len(self.path)):
            kind = JsonType(self.field, self.path[:length])
            fine = Q(IsNull(kind, True)) | Q(Exact(kind, Value("null"))) | Q(Exact(kind, Value("object")))
            found = either(found, negated(fine))
        return found

    def of_type(self, kind: str) -> Condition:
        """Where it is of this type; JSON has no dates."""
        return False if kind == "timestamp" else Q(Exact(JsonType(self.field, self.path), Value(kind)))

    def expression(self, kind: str) -> Any:
        """Its number or its text."""
        return (JsonNumber if kind == "number" else JsonText)(self.field, self.path)

    def constant(self, value: Any) -> Any:
        """A constant as the database compares it with JSON."""
        if isinstance(value, bool):
            return Value("true" if value else "false", output_field=TextField())
        if is_number(value):
            return _number(value)
        return Value(value, output_field=None if isinstance(value, datetime) else TextField())

    def holds(self, value: Any) -> Held:
        """A constant in its list, or among its parts."""
        if value is None:
            return Held(False, self.broken())
        if not isinstance(value, str | bool) and not is_number(value):
            raise NotInSql(f"A {type_of(value)} cannot be asked of the database.")
        kinds = ("list", "object") if isinstance(value, str) else ("list",)
        return Held(Q(Exact(JsonHolds(self.field, self.path, value), Value(True))), self.wrong(*kinds))
