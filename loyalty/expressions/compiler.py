"""Turns a tree into nested Python functions: made once, then evaluated hundreds of thousands of times a second."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal, DecimalException
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from loyalty.expressions.errors import EvaluationError, TooManySteps
from loyalty.expressions.functions import FUNCTIONS, METHODS, Function, is_number, type_of
from loyalty.expressions.nodes import Node, children
from loyalty.expressions.parser import parse
from loyalty.expressions.printer import serialize
from loyalty.expressions.values import NUMBERS, comparable, element_of, equal, is_in, member_of, truth

Values = dict[str, Any]
Part = Callable[[Values], Any]

MAX_STEPS = 10_000
# Elements of a list (or characters of a text) that are looked at by one fast look, not one by one: so many are a step.
ELEMENTS_A_STEP = 64
_LARGE = frozenset({list, dict})
# Where a running evaluation keeps the steps it has left: no name can look like it.
_STEPS = "#"
_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_BOOLEAN = frozenset({"==", "!=", "<", "<=", ">", ">=", "in", "&&", "||"})


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled expression: its canonical text, its tree, and how to ask it."""

    text: str
    node: Node = field(compare=False, repr=False)
    run: Part = field(compare=False, repr=False)

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """What it comes to with these values (see `prepared`).

        :raises EvaluationError: where a value is of the wrong type, a division by zero is asked, or it takes too long.
        """
        own = dict(values)
        own[_STEPS] = MAX_STEPS
        try:
            return self.run(own)
        except (DecimalException, OverflowError, RecursionError) as error:
            raise EvaluationError("This cannot be computed.") from error

    def matches(self, values: Mapping[str, Any]) -> bool:
        """Whether it holds: null does not.

        :raises EvaluationError: as `evaluate`, or where it comes to something that is neither true nor false.
        """
        return truth(self.evaluate(values))


@lru_cache(maxsize=4096)
def compile_text(text: str, zone: str = "UTC") -> Rule:
    """The rule that `text` says; dates have their days and hours in `zone`.

    :raises ParseError: where it is no expression.
    """
    return compile_node(parse(text), zone)


def compile_node(node: Node, zone: str = "UTC") -> Rule:
    """The rule of a tree.

    :raises NodeError: where it is not one of ours.
    """
    text = serialize(node)
    return Rule(text, parse(text), _Compiler(ZoneInfo(zone)).part(parse(text)))


class _Compiler:
    """One function for each type of node."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    def part(self, node: Node) -> Part:
        """The function of a node."""
        made: Part = getattr(self, f"make_{node['type']}")(node)
        return made

    def held(self, node: Node) -> Part:
        """The function of a node that must say true or false."""
        run = self.part(node)
        kind = node["type"]
        if kind in ("boolean", "not", "exists", "all") or (kind == "binary" and node["operator"] in _BOOLEAN):
            return run
        return lambda values: truth(run(values))

    def make_null(self, node: Node) -> Part:
        return lambda values: None

    def make_literal(self, value: Any) -> Part:
        return lambda values: value

    def make_boolean(self, node: Node) -> Part:
        return self.make_literal(node["value"])

    def make_string(self, node: Node) -> Part:
        return self.make_literal(node["value"])

    def make_number(self, node: Node) -> Part:
        return self.make_literal(_number(node))

    def make_list(self, node: Node) -> Part:
        items = [self.part(item) for item in node["items"]]
        if all(item["type"] in ("string", "number", "boolean", "null") for item in node["items"]):
            fixed = [item({}) for item in items]
            return lambda values: fixed
        return lambda values: [item(values) for item in items]

    def make_identifier(self, node: Node) -> Part:
        name = node["name"]
        return lambda values: values.get(name)

    def make_member(self, node: Node) -> Part:
        owner, name = node["object"], node["property"]
        if owner["type"] == "identifier":
            root = owner["name"]

            def short(values: Values) -> Any:
                found = values.get(root)
                return found.get(name) if found.__class__ is dict else member_of(found, name)

            return short
        run = self.part(owner)

        def long(values: Values) -> Any:
            found = run(values)
            return found.get(name) if found.__class__ is dict else member_of(found, name)

        return long

    def make_index(self, node: Node) -> Part:
        owner, index = self.part(node["object"]), self.part(node["index"])
        return lambda values: element_of(owner(values), index(values))

    def make_not(self, node: Node) -> Part:
        run = self.held(node["operand"])
        return lambda values: not run(values)

    def make_negate(self, node: Node) -> Part:
        run = self.part(node["operand"])

        def negate(values: Values) -> Any:
            value = run(values)
            if value is None:
                return None
            if not is_number(value) and not isinstance(value, timedelta):
                raise EvaluationError(f"A {type_of(value)} has no opposite.")
            return -value

        return negate

    def make_conditional(self, node: Node) -> Part:
        condition, then, other = self.held(node["condition"]), self.part(node["then"]), self.part(node["else"])
        return lambda values: then(values) if condition(values) else other(values)

    def make_binary(self, node: Node) -> Part:
        sign = node["operator"]
        if sign in ("&&", "||"):
            left, right = self.held(node["left"]), self.held(node["right"])
            if sign == "&&":
                return lambda values: left(values) and right(values)
            return lambda values: left(values) or right(values)
        if sign in ("==", "!="):
            return self.equality(node, sign == "==")
        left, right = self.part(node["left"]), self.part(node["right"])
        if sign == "in":
            return _membership(left, right)
        if sign in _ORDER:
            return _ordering(_ORDER[sign], left, right, node["right"])
        return _arithmetic(sign, left, right)

    def equality(self, node: Node, wanted: bool) -> Part:
        """`==` and `!=`: with the word null they ask whether there is something, else null answers false to both."""
        for one, other in (("left", "right"), ("right", "left")):
            if node[one]["type"] == "null":
                return _presence(self.part(node[other]), there=not wanted)
        left, right = self.part(node["left"]), self.part(node["right"])
        if node["right"]["type"] == "string":
            text = node["right"]["value"]
            if wanted:
                return lambda values: left(values) == text
            return lambda values: (found := left(values)) is not None and found != text

        def alike(values: Values) -> bool:
            one, other = left(values), right(values)
            if one is None or other is None:
                return False
            if one.__class__ in _LARGE and other.__class__ in _LARGE:
                _spend(values, min(_extent(one), _extent(other)))
            return equal(one, other) is wanted

        return alike

    def make_call(self, node: Node) -> Part:
        target = node.get("target")
        function = (METHODS if target is not None else FUNCTIONS)[node["function"]]
        arguments = ([target] if target is not None else []) + node["arguments"]
        return _call(node["function"], function, [self.part(argument) for argument in arguments], self.zone)

    def make_exists(self, node: Node) -> Part:
        return self.macro(node, empty=False)

    def make_all(self, node: Node) -> Part:
        return self.macro(node, empty=True)

    def make_filter(self, node: Node) -> Part:
        owner, condition, name, cost = self.loop(node)

        def kept(values: Values) -> list[Any] | None:
            items = _items(values, owner, cost)
            if items is None:
                return None
            before = values.get(name)
            found = []
            for item in items:
                values[name] = item
                if condition(values):
                    found.append(item)
            values[name] = before
            return found

        return kept

    def macro(self, node: Node, *, empty: bool) -> Part:
        """`exists` and `all`; they stop at the first element that decides."""
        owner, condition, name, cost = self.loop(node)

        def decide(values: Values) -> bool:
            items = _items(values, owner, cost)
            if not items:
                return empty
            before = values.get(name)
            answer = empty
            for item in items:
                values[name] = item
                if condition(values) is not empty:
                    answer = not empty
                    break
            values[name] = before
            return answer

        return decide

    def loop(self, node: Node) -> tuple[Part, Part, str, int]:
        """What a loop is made of: the list, the condition, the element's name, and what each element costs."""
        return (
            self.part(node["object"]),
            self.held(node["condition"]),
            node["variable"],
            _weight(node["condition"]),
        )


def _presence(run: Part, *, there: bool) -> Part:
    if there:
        return lambda values: run(values) is not None
    return lambda values: run(values) is None


def _weight(node: Node) -> int:
    return 1 + sum(_weight(child) for child in children(node))


def _number(node: Node) -> int | Decimal:
    number = Decimal(node["value"])
    return int(number) if number == number.to_integral_value() else number


def _spend(values: Values, elements: int) -> None:
    """Pay for looking at so many elements of a list, or characters of a text, at once.

    :raises TooManySteps: where there are none left.
    """
    values[_STEPS] -= elements // ELEMENTS_A_STEP
    if values[_STEPS] < 0:
        raise TooManySteps(f"A rule takes at most {MAX_STEPS} steps.")


def _extent(value: Any) -> int:
    """How many elements a list or a document has, with all that is in them."""
    if value.__class__ is dict:
        value = value.values()
    elif value.__class__ is not list:
        return 1
    return 1 + sum(map(_extent, value))


def _membership(left: Part, right: Part) -> Part:
    def inside(values: Values) -> bool:
        value, among = left(values), right(values)
        if among.__class__ is list and len(among) > ELEMENTS_A_STEP:
            _spend(values, len(among))
        return is_in(value, among)

    return inside


def _items(values: Values, owner: Part, cost: int) -> list[Any] | None:
    items = owner(values)
    if items is None:
        return None
    if items.__class__ is not list:
        raise EvaluationError(f"A {type_of(items)} is no list.")
    values[_STEPS] -= len(items) * cost
    if values[_STEPS] < 0:
        raise TooManySteps(f"A rule takes at most {MAX_STEPS} steps.")
    return items


def _ordering(compare: Callable[[Any, Any], bool], left: Part, right: Part, node: Node) -> Part:
    if node["type"] == "number":
        number = _number(node)

        def with_number(values: Values) -> bool:
            found = left(values)
            if found.__class__ in NUMBERS:
                return compare(found, number)
            return comparable(found, number)  # False for null, and refuses the rest.

        return with_number

    def ordered(values: Values) -> bool:
        one, other = left(values), right(values)
        return comparable(one, other) and compare(one, other)

    return ordered


_SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda one, other: Decimal(one) / other,
    "%": lambda one, other: Decimal(one) % other,
}
# Beside two numbers: what else may stand around a sign.
_ALSO = {
    "+": (("string", "string"), ("timestamp", "duration"), ("duration", "timestamp"), ("duration", "duration")),
    "-": (("timestamp", "timestamp"), ("timestamp", "duration"), ("duration", "duration")),
}


def _arithmetic(sign: str, left: Part, right: Part) -> Part:
    compute, also = _SIGNS[sign], _ALSO.get(sign, ())

    def work(values: Values) -> Any:
        one, other = left(values), right(values)
        if one is None or other is None:
            return None
        if not (one.__class__ in NUMBERS and other.__class__ in NUMBERS):
            if one.__class__ is str and other.__class__ is str:
                _spend(values, len(one) + len(other))
            kinds = (type_of(one), type_of(other))
            if kinds not in also and kinds != ("number", "number"):
                raise EvaluationError(f"{sign} does not go between a {kinds[0]} and a {kinds[1]}.")
        return compute(one, other)

    return work


def _call(name: str, function: Function, arguments: list[Part], zone: ZoneInfo) -> Part:
    compute, takes = function.compute, function.takes

    def call(values: Values) -> Any:
        given = [argument(values) for argument in arguments]
        for place, value in enumerate(given):
            if value is None:
                return None
            kind = type_of(value)
            if kind not in takes[min(place, len(takes) - 1)]:
                raise EvaluationError(f"{name} takes no {kind} there.")
            if kind in ("string", "list") and name != "size":
                _spend(values, len(value))
        return compute(zone, *given) if function.zoned else compute(*given)

    return call
