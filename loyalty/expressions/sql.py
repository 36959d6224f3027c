"""Translates a tree to a Django `Q` that selects exactly the rows for which the compiled rule holds.

Every part is translated to two conditions: when it is true, and when evaluating it would fail. A row where it fails is
not selected, just as a rule that fails in memory does not hold, and `&&` and `||` skip what they would skip there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Exists, Q
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual

from loyalty.expressions.compiler import compile_node
from loyalty.expressions.errors import EvaluationError, NotInSql
from loyalty.expressions.nodes import MACROS, Node, children
from loyalty.expressions.places import (
    Columns,
    FieldPlace,
    Held,
    JsonPlace,
    KnownPlace,
    Place,
    both,
    either,
    negated,
)

# Of the conditions of one rule, written out. The embedded database's parser gives up at some 40 levels.
MOST_PARTS = 3000
MOST_DEEP = 24
_LOOKUPS = {"<": LessThan, "<=": LessThanOrEqual, ">": GreaterThan, ">=": GreaterThanOrEqual}
_MIRROR = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def to_q(node: Node, columns: Columns, values: Mapping[str, Any], zone: str = "UTC") -> Q:
    """The rows for which the rule holds; `values` are what it may read beside them (`now`), in the rule's `zone`.

    :raises NotInSql: where some part of it cannot be asked of the database.
    """
    held = _Translator(columns, values, zone).held(node).true
    if isinstance(held, bool):
        return Q() if held else Q(pk__in=[])
    return held


def chained(node: Node, sign: str) -> list[Node]:
    """The parts of a chain of `&&` or `||`, from the left; a node that is none is the one part."""
    if node["type"] != "binary" or node["operator"] != sign:
        return [node]
    return [*chained(node["left"], sign), *chained(node["right"], sign)]


class _Translator:
    """One way for each shape of condition."""

    def __init__(self, columns: Columns, values: Mapping[str, Any], zone: str) -> None:
        self.columns, self.values, self.zone = columns, values, zone
        self.measures: dict[int, tuple[int, int, Any]] = {}

    def held(self, node: Node) -> Held:
        """A node that must say true or false.

        :raises NotInSql: also where asking it would be too long a question.
        """
        if self.is_constant(node):
            return self.constant_held(node)
        found = self.asked(node)
        for condition in (found.true, found.fails):
            weight, depth = self.measured(condition)
            if weight > MOST_PARTS or depth > MOST_DEEP:
                raise NotInSql("This is too long a question for the database.")
        return found

    def asked(self, node: Node) -> Held:
        """A node that reads the row, as conditions."""
        kind = node["type"]
        if kind == "not":
            inner = self.held(node["operand"])
            return Held(both(negated(inner.true), negated(inner.fails)), inner.fails)
        if kind == "binary" and node["operator"] in ("&&", "||"):
            return self.connected(node["operator"], [self.held(part) for part in chained(node, node["operator"])])
        if kind == "conditional":
            choice, then, other = (self.held(node[part]) for part in ("condition", "then", "else"))
            chosen, not_chosen = choice.true, both(negated(choice.true), negated(choice.fails))
            return Held(
                either(both(chosen, then.true), both(not_chosen, other.true)),
                either(choice.fails, either(both(chosen, then.fails), both(not_chosen, other.fails))),
            )
        if kind == "binary":
            return self.compared(node)
        if kind == "call":
            return self.called(node)
        if kind in ("exists", "all"):
            return self.looped(node, wanted=kind == "exists")
        place = self.place(node)
        return place.boolean()

    def connected(self, sign: str, parts: list[Held]) -> Held:
        """A chain of `&&` or of `||`: what comes later only counts where nothing before it decides. Folded from its
        end, each part stands in it once or twice; from its beginning, each would double what is there.
        """
        found = parts[-1]
        for part in reversed(parts[:-1]):
            if sign == "&&":
                fails = either(part.fails, both(part.true, found.fails))
                found = Held(both(part.true, found.true), fails)
            else:
                fails = either(part.fails, both(negated(part.true), found.fails))
                found = Held(either(part.true, both(negated(part.fails), found.true)), fails)
        return found

    def measured(self, condition: Any) -> tuple[int, int]:
        """How many parts a condition has, written out, and how deep they nest; a shared part counts again."""
        known = self.measures.get(id(condition))
        if known is not None:
            return known[0], known[1]
        below: Sequence[Any] = ()
        if isinstance(condition, Q):
            below = condition.children
        elif isinstance(condition, BaseExpression):
            below = [part for part in condition.get_source_expressions() if part is not None]
        found = [self.measured(part) for part in below]
        weight, depth = 1 + sum(one for one, _ in found), 1 + max((deep for _, deep in found), default=0)
        # With the condition itself, so that no other can get its id.
        self.measures[id(condition)] = (weight, depth, condition)
        return weight, depth

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
        return compile_node(node, self.zone).evaluate(self.values)

    def constant_held(self, node: Node) -> Held:
        """A condition that does not depend on the row."""
        try:
            return Held(compile_node(node, self.zone).matches(self.values))
        except EvaluationError:
            return Held(False, True)

    def looped(self, node: Node, *, wanted: bool) -> Held:
        """`exists` and `all` over rows of another table.

        :raises NotInSql: over anything else, or with a condition that reads more than the row it stands at, or that
            could fail: in memory the order of the list would then matter.
        """
        column = self.columns.get(self.path(node["object"]))
        if column is None or column.rows is None or column.columns is None:
            raise NotInSql("This list cannot be asked of the database.")
        name = node["variable"]
        columns: Columns = {(name, part): held for part, held in column.columns.items()}
        values = {other: value for other, value in self.values.items() if other != name}
        inner = _Translator(columns, values, self.zone).held(node["condition"])
        if inner.fails is not False:
            raise NotInSql("A condition that could fail cannot be asked of the database.")
        # `all` holds where none can be found for which it does not.
        sought = inner.true if wanted else negated(inner.true)
        if sought is False:
            return Held(not wanted)
        weight, depth = self.measured(sought)
        rows = Exists(column.rows() if sought is True else column.rows().filter(sought))
        self.measures[id(rows)] = (weight + 1, depth + 4, rows)
        found = Q(rows)
        return Held(found if wanted else negated(found))

    def path(self, node: Node) -> tuple[str, ...]:
        """The names of a path, from its root.

        :raises NotInSql: where it is no path.
        """
        names: list[str] = []
        while node["type"] in ("member", "index"):
            if node["type"] == "index" and node["index"]["type"] != "string":
                raise NotInSql("An element of a list cannot be asked of the database.")
            names.append(node["property"] if node["type"] == "member" else node["index"]["value"])
            node = node["object"]
        if node["type"] != "identifier":
            raise NotInSql("This cannot be asked of the database.")
        return (node["name"], *reversed(names))

    def place(self, node: Node) -> Place:
        """Where in the database a path leads.

        :raises NotInSql: where it leads nowhere there.
        """
        path = self.path(node)
        for length in range(len(path), 0, -1):
            column = self.columns.get(path[:length])
            if column is None:
                continue
            rest = path[length:]
            if column.type == "json" and rest:
                if any(not name or name.isdigit() or '"' in name or "\\" in name for name in rest):
                    raise NotInSql("A part with such a name cannot be asked of the database.")
                return JsonPlace(column.field, rest)
            if not rest and column.type not in ("json", "rows"):
                return FieldPlace(column) if column.known is None else KnownPlace(column.field, column.known())
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
                there = negated(place.missing())
                return Held(there if sign == "!=" else both(negated(there), negated(place.broken())), place.broken())
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
        return Held(both(negated(same), negated(place.missing())), place.broken())

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
