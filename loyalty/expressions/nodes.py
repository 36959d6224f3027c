"""The tree of an expression: plain dictionaries that can travel as JSON, checked against a closed list of shapes.

| type | parts |
|---|---|
| null | |
| boolean | value: true or false |
| number | value: its digits, as text |
| string | value |
| list | items |
| identifier | name |
| member | object, property |
| index | object, index |
| call | function, arguments, and target where it is called on something |
| exists, all, filter | object, variable, condition |
| not, negate | operand |
| binary | operator, left, right |
| conditional | condition, then, else |
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from loyalty.expressions.errors import NodeError
from loyalty.expressions.functions import FUNCTIONS, METHODS
from loyalty.expressions.tokens import MAX_DIGITS, MAX_LENGTH, MAX_TOKENS

Node = dict[str, Any]

MAX_DEPTH = 50
MACROS = ("exists", "all", "filter")
RESERVED = frozenset({"true", "false", "null", "in"})
# How tightly an operator binds; all of them lean to the left.
POWERS = {"||": 1, "&&": 2, **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), 3), "+": 4, "-": 4}
POWERS |= {"*": 5, "/": 5, "%": 5}

# The parts of each type that are nodes, and those that are lists of nodes.
PARTS: dict[str, tuple[str, ...]] = {
    "member": ("object",),
    "index": ("object", "index"),
    **dict.fromkeys(MACROS, ("object", "condition")),
    "not": ("operand",),
    "negate": ("operand",),
    "binary": ("left", "right"),
    "conditional": ("condition", "then", "else"),
}
LISTS = {"list": "items", "call": "arguments"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def children(node: Node) -> Iterator[Node]:
    """The nodes right below `node`."""
    kind = node["type"]
    for part in PARTS.get(kind, ()):
        yield node[part]
    if kind == "call" and node.get("target") is not None:
        yield node["target"]
    if kind in LISTS:
        yield from node[LISTS[kind]]


def checked(given: Any) -> Node:
    """A tree that somebody gave, with only what belongs in it and numbers in their plain form.

    :raises NodeError: where it is not one of ours, or too large.
    """
    return _Check().node(given, 1)


def plain_digits(number: Decimal) -> str:
    """A number as it is written: no exponent, no needless zeros."""
    text = format(number, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


class _Check:
    """Walks a tree once, and counts what it meets."""

    def __init__(self) -> None:
        self.nodes = 0
        self.characters = 0

    def node(self, given: Any, depth: int) -> Node:
        """A clean copy of one node."""
        if not isinstance(given, Mapping) or not isinstance(given.get("type"), str):
            raise NodeError("A node is an object with a type.")
        self.nodes += 1
        if depth > MAX_DEPTH:
            raise NodeError(f"An expression is at most {MAX_DEPTH} levels deep.")
        if self.nodes > MAX_TOKENS:
            raise NodeError(f"An expression has at most {MAX_TOKENS} nodes.")
        kind = given["type"]
        node: Node = {"type": kind, **self._own(kind, given)}
        for part in PARTS.get(kind, ()):
            node[part] = self.node(given.get(part), depth + 1)
        if kind == "call" and given.get("target") is not None:
            node["target"] = self.node(given["target"], depth + 1)
        if kind in LISTS:
            items = given.get(LISTS[kind])
            if not isinstance(items, list):
                raise NodeError(f"A {kind} has a list of {LISTS[kind]}.")
            node[LISTS[kind]] = [self.node(item, depth + 1) for item in items]
        if kind == "call":
            check_call(node)
        return node

    def _own(self, kind: str, given: Mapping[str, Any]) -> Node:
        """What a node has beside other nodes."""
        if kind in ("null", "list", "index", "not", "negate", "conditional"):
            return {}
        if kind == "boolean":
            if not isinstance(given.get("value"), bool):
                raise NodeError("A boolean is true or false.")
            return {"value": given["value"]}
        if kind == "number":
            return {"value": _digits(given.get("value"))}
        if kind == "string":
            return {"value": self._text(given.get("value"))}
        if kind == "binary":
            if given.get("operator") not in POWERS:
                raise NodeError(f"There is no operator {given.get('operator')!r}.")
            return {"operator": given["operator"]}
        name = {"identifier": "name", "member": "property", "call": "function", **dict.fromkeys(MACROS, "variable")}
        if kind not in name:
            raise NodeError(f"There is no node of type {kind[:40]!r}.")
        word = given.get(name[kind])
        if not isinstance(word, str) or not _NAME.fullmatch(word) or word in RESERVED:
            raise NodeError(f"The {name[kind]} of a {kind} is a name.")
        return {name[kind]: self._text(word)}

    def _text(self, value: Any) -> str:
        if not isinstance(value, str) or "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
            raise NodeError("A text is made of characters.")
        self.characters += len(value)
        if self.characters > MAX_LENGTH:
            raise NodeError(f"An expression has at most {MAX_LENGTH} characters.")
        return value


def _digits(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal) or len(str(value)) > 60:
        raise NodeError("A number is digits.")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise NodeError("A number is digits.") from None
    small = number.is_finite() and not number.is_signed() and abs(number.adjusted()) <= MAX_DIGITS
    digits = plain_digits(number) if small else ""
    if not 1 <= len(digits.replace(".", "")) <= MAX_DIGITS:
        raise NodeError(f"A number is at most {MAX_DIGITS} digits, without a sign.")
    return digits


def check_call(node: Node) -> None:
    """:raises NodeError: where there is no such function, or it takes another number of arguments."""
    name, known = node["function"], METHODS if node.get("target") is not None else FUNCTIONS
    function = known.get(name)
    if function is None:
        raise NodeError(f"There is no function {name}.")
    count = len(node["arguments"])
    if not function.least <= count <= function.most:
        wanted = str(function.least) if function.least == function.most else f"{function.least} or more"
        raise NodeError(f"{name} takes {wanted} argument{'' if wanted == '1' else 's'}, not {count}.")
