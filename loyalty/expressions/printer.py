"""Writes a tree as text, in its one canonical form: as few parentheses as will do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loyalty.expressions.errors import NodeError, ParseError
from loyalty.expressions.nodes import POWERS, Node, checked
from loyalty.expressions.parser import parse
from loyalty.expressions.tokens import quote

_CONDITIONAL, _UNARY, _POSTFIX = 0, 6, 7


def serialize(given: Any) -> str:
    """The canonical text of a tree: parsing it gives the tree again.

    :raises NodeError: where it is not one of ours, or its text would be too large.
    """
    node = checked(given)
    text = _write(node, 0)
    try:
        if parse(text) == node:
            return text
    except ParseError as error:
        raise NodeError(error.message) from None
    raise NodeError("This tree has no text.")


def _power(node: Node) -> int:
    kind = node["type"]
    if kind == "binary":
        return POWERS[node["operator"]]
    if kind == "conditional":
        return _CONDITIONAL
    return _UNARY if kind in ("not", "negate") else _POSTFIX


def _write(node: Node, least: int) -> str:
    text = _bare(node)
    return f"({text})" if _power(node) < least else text


def _listed(nodes: list[Node]) -> str:
    return ", ".join(_write(node, 0) for node in nodes)


def _bare(node: Node) -> str:
    kind = node["type"]
    if kind in _WRITERS:
        return _WRITERS[kind](node)
    return f"{_owner(node)}.{kind}({node['variable']}, {_write(node['condition'], 0)})"


def _call(node: Node) -> str:
    target = f"{_write(node['target'], _POSTFIX)}." if node.get("target") is not None else ""
    return f"{target}{node['function']}({_listed(node['arguments'])})"


def _binary(node: Node) -> str:
    power = POWERS[node["operator"]]
    return f"{_write(node['left'], power)} {node['operator']} {_write(node['right'], power + 1)}"


def _conditional(node: Node) -> str:
    return f"{_write(node['condition'], 1)} ? {_write(node['then'], 1)} : {_write(node['else'], 0)}"


def _owner(node: Node) -> str:
    return _write(node["object"], _POSTFIX)


# How each type is written; what is not here is a macro.
_WRITERS: dict[str, Callable[[Node], str]] = {
    "null": lambda node: "null",
    "boolean": lambda node: "true" if node["value"] else "false",
    "number": lambda node: str(node["value"]),
    "string": lambda node: quote(node["value"]),
    "list": lambda node: f"[{_listed(node['items'])}]",
    "identifier": lambda node: str(node["name"]),
    "member": lambda node: f"{_owner(node)}.{node['property']}",
    "index": lambda node: f"{_owner(node)}[{_write(node['index'], 0)}]",
    "call": _call,
    "not": lambda node: f"!{_write(node['operand'], _UNARY)}",
    "negate": lambda node: f"-{_write(node['operand'], _UNARY)}",
    "binary": _binary,
    "conditional": _conditional,
}
