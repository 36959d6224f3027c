"""How an audience says whom it means: reads a matcher that somebody wrote, and refuses what can never work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loyalty.expressions import ExpressionError, check_types, parse, parse_with_spans, serialize
from members.errors import BadMatcher
from members.models import Audience

# What a rule of an audience may speak of.
ROOTS = {"member": "object", "now": "timestamp"}
MOST_LISTED = 10_000
MAX_ID = 2**63 - 1
_LISTS = ("memberIds", "loyaltyMemberIds")


@dataclass(frozen=True, slots=True)
class Matcher:
    """A matcher as it is kept: the document, and the text of its rule (empty where it has none)."""

    document: dict[str, Any]
    rule: str = ""


def read_matcher(matcher_type: str, given: Mapping[str, Any]) -> Matcher:
    """What an audience keeps of a matcher: `{expression}` or `{ast}`, `{memberIds?, loyaltyMemberIds?}`, or nothing
    (semantics 10.3). What does not belong in it is left out.

    :raises BadMatcher: with the position in the expression, where there is one.
    """
    if matcher_type == Audience.MatcherType.NULL:
        return Matcher({})
    if matcher_type == Audience.MatcherType.LIST:
        return Matcher({name: _listed(name, given[name]) for name in _LISTS if given.get(name) is not None})
    return _rule(given)


def read_rule(text: str) -> str:
    """A rule's text, if it can say true or false of a member.

    :raises BadMatcher: with the position of what is wrong.
    """
    try:
        check_types(parse_with_spans(text), ROOTS, wanted="boolean")
    except ExpressionError as error:
        raise BadMatcher(error.message, position=error.position) from error
    return text


def _rule(given: Mapping[str, Any]) -> Matcher:
    text, tree = given.get("expression"), given.get("ast")
    if (text is None) == (tree is None):
        raise BadMatcher("An attribute-matcher has an expression, or an ast.")
    if tree is None:
        if not isinstance(text, str):
            raise BadMatcher("An expression is a text.")
        return Matcher({"expression": text}, read_rule(text))
    try:
        written = serialize(tree)
    except ExpressionError as error:
        raise BadMatcher(error.message, position=error.position) from error
    return Matcher({"ast": parse(written)}, read_rule(written))


def _listed(name: str, given: Any) -> list[Any]:
    if not isinstance(given, list) or len(given) > MOST_LISTED:
        raise BadMatcher(f"{name} is a list of at most {MOST_LISTED:,}.")
    read = _number if name == "memberIds" else _text
    return list(dict.fromkeys(read(value) for value in given))


def _number(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_ID:
        raise BadMatcher("memberIds holds numbers of members.")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 255:
        raise BadMatcher("loyaltyMemberIds holds texts of 1 to 255 characters.")
    return value
