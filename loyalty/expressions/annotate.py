"""Says of each part of an expression what type it has, and finds what cannot be before anything is evaluated."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from loyalty.expressions.errors import ParseError
from loyalty.expressions.functions import FUNCTIONS, METHODS
from loyalty.expressions.nodes import Node

# Of a part of a document nobody knows the type before it is there.
ANYTHING = "dyn"
ROOTS: Mapping[str, str] = {
    "member": "object",
    "event": "object",
    "order": "object",
    "item": "object",
    "now": "timestamp",
}
_ARITHMETIC = {
    ("+", "string", "string"): "string",
    ("+", "timestamp", "duration"): "timestamp",
    ("+", "duration", "timestamp"): "timestamp",
    ("+", "duration", "duration"): "duration",
    ("-", "timestamp", "timestamp"): "duration",
    ("-", "timestamp", "duration"): "timestamp",
    ("-", "duration", "duration"): "duration",
}
_ORDERED = frozenset({"number", "string", "timestamp", "duration"})


def annotate(node: Node, roots: Mapping[str, str] = ROOTS) -> Node:
    """The same tree, each node with its `valueType`; what `parse_with_spans` told stays.

    :raises ParseError: a name that is not there, or a type that can never fit.
    """
    return _Annotator(roots).walk(node, {})


def check_types(node: Node, roots: Mapping[str, str] = ROOTS, *, wanted: str | None = None) -> None:
    """Refuse a rule that can never work; with `wanted`, one that does not give that type.

    :raises ParseError: with the position, where the tree has one.
    """
    found = annotate(node, roots)
    if wanted is not None and found["valueType"] not in (wanted, ANYTHING):
        raise ParseError(f"This is a {found['valueType']}, not a {wanted}.", _place(node))


def _place(node: Node) -> int | None:
    return node["span"][0] if "span" in node else None


class _Annotator:
    """Walks the tree with the names that are known where it stands."""

    def __init__(self, roots: Mapping[str, str]) -> None:
        self.roots = roots

    def walk(self, node: Node, scope: Mapping[str, str]) -> Node:
        """A node with its type, and those below."""
        made: Node = {name: value for name, value in node.items() if name != "depth"}
        names = {**scope, node["variable"]: ANYTHING} if "variable" in node else scope
        for name, value in node.items():
            if isinstance(value, dict):
                made[name] = self.walk(value, names if name == "condition" else scope)
            elif isinstance(value, list | tuple) and name in ("items", "arguments"):
                made[name] = [self.walk(item, scope) for item in value]
        made["valueType"] = self.type_of(made, scope)
        return made

    def type_of(self, node: Node, scope: Mapping[str, str]) -> str:
        """The type of a node whose parts are annotated."""
        kind = node["type"]
        if kind in ("null", "boolean", "number", "string", "list"):
            return str(kind)
        if kind == "identifier":
            return self.name(node, scope)
        if kind in ("member", "index"):
            self.fits(node["object"], {"object", "list"} if kind == "index" else {"object"}, "has no parts")
            return ANYTHING
        if kind in ("exists", "all", "filter"):
            self.fits(node["object"], {"list"}, "is no list")
            self.fits(node["condition"], {"boolean"}, "is neither true nor false")
            return "list" if kind == "filter" else "boolean"
        if kind == "not":
            self.fits(node["operand"], {"boolean"}, "is neither true nor false")
            return "boolean"
        if kind == "negate":
            return self.fits(node["operand"], {"number", "duration"}, "has no opposite")
        if kind == "conditional":
            return self.conditional(node)
        return self.call(node) if kind == "call" else self.binary(node)

    def name(self, node: Node, scope: Mapping[str, str]) -> str:
        """:raises ParseError: where nothing has this name."""
        found = scope.get(node["name"], self.roots.get(node["name"]))
        if found is None:
            known = ", ".join([*scope, *self.roots])
            raise ParseError(f"There is no {node['name']}; there is: {known}.", _place(node))
        return found

    def fits(self, node: Node, types: Collection[str], why: str) -> str:
        """:raises ParseError: where the node can be none of these types."""
        found = str(node["valueType"])
        if found not in types and found not in (ANYTHING, "null"):
            raise ParseError(f"A {found} {why}.", _place(node))
        return found

    def conditional(self, node: Node) -> str:
        """Either type, where both agree."""
        self.fits(node["condition"], {"boolean"}, "is neither true nor false")
        then, other = node["then"]["valueType"], node["else"]["valueType"]
        return str(then) if then == other else ANYTHING

    def call(self, node: Node) -> str:
        """What the function gives.

        :raises ParseError: where an argument can never fit.
        """
        target = node.get("target")
        function = (METHODS if target is not None else FUNCTIONS)[node["function"]]
        arguments: list[Any] = ([target] if target is not None else []) + list(node["arguments"])
        for place, argument in enumerate(arguments):
            wanted = function.takes[min(place, len(function.takes) - 1)]
            self.fits(argument, set(wanted.split()), f"is nothing {node['function']} takes")
        return function.gives

    def binary(self, node: Node) -> str:
        """What the operator gives.

        :raises ParseError: where its sides can never go together.
        """
        sign, left, right = node["operator"], node["left"], node["right"]
        if sign in ("&&", "||"):
            for side in (left, right):
                self.fits(side, {"boolean"}, "is neither true nor false")
            return "boolean"
        if sign == "in":
            self.fits(right, {"list", "object"}, "holds nothing")
            return "boolean"
        kinds = (left["valueType"], right["valueType"])
        known = ANYTHING not in kinds and "null" not in kinds
        if sign in ("==", "!="):
            return "boolean"
        if sign in ("<", "<=", ">", ">="):
            for side in (left, right):
                self.fits(side, _ORDERED, "has no order")
            if known and kinds[0] != kinds[1]:
                raise ParseError(f"A {kinds[0]} and a {kinds[1]} have no order.", _place(node))
            return "boolean"
        if kinds == ("number", "number"):
            return "number"
        found = _ARITHMETIC.get((sign, *kinds))
        if known and found is None:
            raise ParseError(f"{sign} does not go between a {kinds[0]} and a {kinds[1]}.", _place(node))
        return found or ("number" if sign in "*/%" else ANYTHING)
