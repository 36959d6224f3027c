"""Translates a tree to a Django `Q` that selects exactly the rows for which the compiled rule holds.

Every part is translated to two conditions: when it is true, and when evaluating it would fail. A row where it fails is
not selected, just as a rule that fails in memory does not hold, and `&&` and `||` skip what they would skip there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Case, DecimalField, F, IntegerField, Q, TextField, Value, When
from django.db.models.functions import Collate, Left, Length, Right, StrIndex
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, IsNull, LessThan, LessThanOrEqual

from loyalty.expressions.compiler import compile_node
from loyalty.expressions.errors import EvaluationError, NotInSql
from loyalty.expressions.functions import is_number, type_of
from loyalty.expressions.json_sql import JsonHolds, JsonNumber, JsonText, JsonType, sqlite_number
from loyalty.expressions.nodes import MACROS, Node, children

Condition = Q | bool
_LOOKUPS = {"<": LessThan, "<=": LessThanOrEqual, ">": GreaterThan, ">=": GreaterThanOrEqual}
_MIRROR = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True, slots=True)
class Column:
    """What a path is in the database: a field of one type, a `json` document, or a `list` that `holds` answers for."""

    type: str
    field: str = ""
    holds: Callable[[Any], Q] | None = None


Columns = Mapping[tuple[str, ...], Column]


@dataclass(frozen=True, slots=True)
class Held:
    """When a part is true, and when it fails."""

    true: Condition
    fails: Condition = False


def to_q(node: Node, columns: Columns, values: Mapping[str, Any]) -> Q:
    """The rows for which the rule holds; `values` are what it may read beside them (`now`).

    :raises NotInSql: where some part of it cannot be asked of the database.
    """
    held = _Translator(columns, values).held(node).true
    if isinstance(held, bool):
        return Q() if held else Q(pk__in=[])
    return held


def _both(one: Condition, other: Condition) -> Condition:
    if isinstance(one, bool):
        return other if one else False
    if isinstance(other, bool):
        return one if other else False
    return one & other


def _either(one: Condition, other: Condition) -> Condition:
    if isinstance(one, bool):
        return True if one else other
    if isinstance(other, bool):
        return True if other else one
    return one | other


def _not(one: Condition) -> Condition:
    if isinstance(one, bool):
        return not one
    # Two-valued: what is neither true nor false in SQL is not true, so its opposite is.
    return Q(Exact(Case(When(one, then=1), default=0, output_field=IntegerField()), 0))


class _Translator:
    """One way for each shape of condition."""

    def __init__(self, columns: Columns, values: Mapping[str, Any]) -> None:
        self.columns, self.values = columns, values

    def held(self, node: Node) -> Held:
        """A node that must say true or false."""
        if self.is_constant(node):
            return self.constant_held(node)
        kind = node["type"]
        if kind == "not":
            inner = self.held(node["operand"])
            return Held(_both(_not(inner.true), _not(inner.fails)), inner.fails)
        if kind == "binary" and node["operator"] in ("&&", "||"):
            return self.connected(node["operator"], self.held(node["left"]), self.held(node["right"]))
        if kind == "conditional":
            choice, then, other = (self.held(node[part]) for part in ("condition", "then", "else"))
            chosen, not_chosen = choice.true, _both(_not(choice.true), _not(choice.fails))
            return Held(
                _either(_both(chosen, then.true), _both(not_chosen, other.true)),
                _either(choice.fails, _either(_both(chosen, then.fails), _both(not_chosen, other.fails))),
            )
        if kind == "binary":
            return self.compared(node)
        if kind == "call":
            return self.called(node)
        place = self.place(node)
        return place.boolean()

    def connected(self, sign: str, left: Held, right: Held) -> Held:
        """`&&` and `||`: the right side only counts where the left does not decide."""
        if sign == "&&":
            return Held(_both(left.true, right.true), _either(left.fails, _both(left.true, right.fails)))
        goes_on = _both(_not(left.true), _not(left.fails))
        return Held(_either(left.true, _both(goes_on, right.true)), _either(left.fails, _both(goes_on, right.fails)))

    def is_constant(self, node: Node) -> bool:
        """Whether a node reads nothing of the row."""
        if node["type"] in MACROS:
            return False
        if node["type"] == "identifier":
            return node["name"] in self.values
        return all(self.is_constant(child) for child in children(node))

    def value(self, node: Node) -> Any:
        """What a constant node comes to.

        :raises NotInSql: where it reads the row.
        :raises EvaluationError: where it fails.
        """
        if not self.is_constant(node):
            raise NotInSql("This cannot be asked of the database.")
        return compile_node(node).evaluate(self.values)

    def constant_held(self, node: Node) -> Held:
        """A condition that does not depend on the row."""
        try:
            return Held(compile_node(node).matches(self.values))
        except EvaluationError:
            return Held(False, True)

    def place(self, node: Node) -> _Place:
        """Where in the database a path leads.

        :raises NotInSql: where it leads nowhere there.
        """
        names: list[str] = []
        while node["type"] in ("member", "index"):
            if node["type"] == "index" and node["index"]["type"] != "string":
                raise NotInSql("An element of a list cannot be asked of the database.")
            names.append(node["property"] if node["type"] == "member" else node["index"]["value"])
            node = node["object"]
        if node["type"] != "identifier":
            raise NotInSql("This cannot be asked of the database.")
        path = (node["name"], *reversed(names))
        for length in range(len(path), 0, -1):
            column = self.columns.get(path[:length])
            if column is None:
                continue
            rest = path[length:]
            if column.type == "json" and rest:
                if any(not name or name.isdigit() or '"' in name or "\\" in name for name in rest):
                    raise NotInSql("A part with such a name cannot be asked of the database.")
                return _Json(column.field, rest)
            if not rest and column.type != "json":
                return _Field(column)
        raise NotInSql(f"{'.'.join(path)} cannot be asked of the database.")

    def compared(self, node: Node) -> Held:
        """A comparison of a path with a constant.

        :raises NotInSql: any other comparison.
        """
        sign, left, right = node["operator"], node["left"], node["right"]
        if sign not in _MIRROR and sign != "in":
            raise NotInSql("This cannot be asked of the database.")
        try:
            if sign == "in":
                if self.is_constant(right):
                    return self.place(left).among(self.value(right))
                return self.place(right).holds(self.value(left))
            if self.is_constant(left):
                sign, left, right = _MIRROR[sign], right, left
            place = self.place(left)
            if right["type"] == "null" and sign in ("==", "!="):
                there = _not(place.missing())
                return Held(there if sign == "!=" else _both(_not(there), _not(place.broken())), place.broken())
            value = self.value(right)
        except EvaluationError:
            return Held(False, True)
        if value is None:
            return Held(False, place.broken())
        if sign in _LOOKUPS:
            return place.ordered(_LOOKUPS[sign], value)
        same = place.equal(value)
        if sign == "==":
            return Held(same, place.broken())
        return Held(_both(_not(same), _not(place.missing())), place.broken())

    def called(self, node: Node) -> Held:
        """`startsWith`, `endsWith` and `contains` of a path, with a constant.

        :raises NotInSql: any other function.
        """
        if node.get("target") is None or node["function"] not in ("startsWith", "endsWith", "contains"):
            raise NotInSql(f"{node['function']} cannot be asked of the database.")
        place = self.place(node["target"])
        try:
            text = self.value(node["arguments"][0])
        except EvaluationError:
            return Held(False, True)
        if text is None:
            return Held(False, place.wrong("string"))
        return place.text_has(node["function"], text)


class _Place:
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
            fits = _either(fits, self.of_type(kind))
        return _either(self.broken(), _both(_not(self.missing()), _not(fits)))

    def equal(self, value: Any) -> Condition:
        """Where it is the same as `value`."""
        kind = type_of(value)
        if kind in ("list", "object", "duration"):
            raise NotInSql(f"A {kind} cannot be asked of the database.")
        return _both(self.of_type(kind), Q(Exact(self.expression(kind), self.constant(value))))

    def boolean(self) -> Held:
        """It alone, as a condition."""
        return Held(self.equal(True), self.wrong("boolean"))

    def ordered(self, lookup: Any, value: Any) -> Held:
        """It before or after `value`."""
        kind = type_of(value)
        if kind not in ("number", "string", "timestamp"):
            return Held(False, _either(self.broken(), _not(self.missing())))
        true = _both(self.of_type(kind), Q(lookup(self.expression(kind), self.constant(value))))
        return Held(true, self.wrong(kind))

    def among(self, values: Any) -> Held:
        """It in a constant list."""
        if values is None:
            return Held(False, self.broken())
        if not isinstance(values, list):
            raise NotInSql("This cannot be asked of the database.")
        true: Condition = False
        for value in values:
            if value is not None:
                true = _either(true, self.equal(value))
        return Held(true, self.broken())

    def holds(self, value: Any) -> Held:
        """A constant in it."""
        raise NotInSql("This cannot be asked of the database.")

    def text_has(self, function: str, text: Any) -> Held:
        """It with `text` at its start, its end, or anywhere."""
        if not isinstance(text, str):
            return Held(False, _either(self.broken(), _not(self.missing())))
        whole, size = self.expression("string"), len(text)
        if not text:
            found = _not(self.missing())
        elif function == "contains":
            found = Q(GreaterThan(StrIndex(whole, Value(text)), 0))
        else:
            part = (Left if function == "startsWith" else Right)(whole, size)
            long_enough = Q(GreaterThanOrEqual(Length(whole), size))
            found = _both(long_enough, Q(Exact(part, Value(text))))
        return Held(_both(self.of_type("string"), found), self.wrong("string"))


class _Field(_Place):
    """A column of one type."""

    def __init__(self, column: Column) -> None:
        self.column = column

    def missing(self) -> Condition:
        """Where it is null; a list never is."""
        return False if self.column.type == "list" else Q(IsNull(F(self.column.field), True))

    def of_type(self, kind: str) -> Condition:
        """Its own type, always."""
        return kind == self.column.type

    def expression(self, kind: str) -> Any:
        """The column; text by its code points."""
        if kind == "string" and connection.vendor == "postgresql":
            return Collate(F(self.column.field), "C")
        return F(self.column.field)

    def holds(self, value: Any) -> Held:
        """What stands for a list answers itself."""
        if value is None:
            return Held(False)
        if self.column.holds is None:
            return Held(False, _not(self.missing()))
        return Held(self.column.holds(value))


class _Json(_Place):
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
            found = _either(found, _not(fine))
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
            if connection.vendor == "sqlite":
                return Value(sqlite_number(value))
            return Value(Decimal(value), output_field=DecimalField(max_digits=60, decimal_places=28))
        return Value(value, output_field=None if isinstance(value, datetime) else TextField())

    def holds(self, value: Any) -> Held:
        """A constant in its list, or among its parts."""
        if value is None:
            return Held(False, self.broken())
        if not isinstance(value, str | bool) and not is_number(value):
            raise NotInSql(f"A {type_of(value)} cannot be asked of the database.")
        kinds = ("list", "object") if isinstance(value, str) else ("list",)
        return Held(Q(Exact(JsonHolds(self.field, self.path, value), Value(True))), self.wrong(*kinds))
