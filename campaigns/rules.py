"""Reads the rules that people write into matchers and actions, and refuses what can never work (semantics 10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.errors import BadRule
from loyalty.expressions import ExpressionError, check_types, parse, parse_with_spans, serialize

# What a rule may speak of: of one item, and of what an action is asked about. `matched` are the items that the
# action's matcher found: `{items, quantity, total}`.
ITEM_ROOTS = {"item": "object", "order": "object", "member": "object", "now": "timestamp"}
ACTION_ROOTS = {
    "member": "object",
    "event": "object",
    "order": "object",
    "matched": "object",
    "now": "timestamp",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A rule as it is kept: the document, and its text."""

    document: dict[str, Any]
    text: str


def read_rule(given: Mapping[str, Any], roots: Mapping[str, str], *, wanted: str, field: str) -> Kept:
    """What is kept of `{expression}` or `{ast}`, if it can come to the type that is wanted.

    :raises BadRule: with the position of what is wrong.
    """
    text, tree = given.get("expression"), given.get("ast")
    if (text is None) == (tree is None):
        raise BadRule("Send an expression, or an ast.", field=field)
    if text is not None and not isinstance(text, str):
        raise BadRule("An expression is a text.", field=field)
    try:
        if tree is None:
            document: dict[str, Any] = {"expression": text}
        else:
            text = serialize(tree)
            document = {"ast": parse(text)}
        check_types(parse_with_spans(str(text)), roots, wanted=wanted)
    except ExpressionError as error:
        raise BadRule(error.message, field=field, position=error.position) from error
    return Kept(document, str(text))
