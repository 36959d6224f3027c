"""The rules language over the core API (tag Rules Expressions): text to trees, and trees to text (semantics 10.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.expressions import ExpressionError, annotate, parse, parse_with_spans, serialize
from loyalty.kernel.api.fields import CamelSerializer, Flag, JsonObject
from loyalty.kernel.api.parsing import TreeParser
from loyalty.kernel.api.resources import CoreViewSet

MOST_INPUTS = 100


class ExpressionsInput(CamelSerializer):
    """Expressions as text: `{id?, expression}` each."""

    inputs = serializers.ListField(child=JsonObject(), max_length=MOST_INPUTS)
    annotate = Flag(required=False)


class TreesInput(CamelSerializer):
    """Expressions as trees: `{id?, node}` each."""

    inputs = serializers.ListField(child=JsonObject(), max_length=MOST_INPUTS)
    annotate = Flag(required=False)


@extend_schema_field({"type": "array", "items": {"type": "object", "additionalProperties": True}})
class Entries(serializers.ListField):
    """One entry for each input, in order."""


class EntriesAnswer(CamelSerializer):
    """`{id?, node}` or `{id?, expression}` for each input, `{id?, error: {message, position}}` for a bad one."""

    nodes = Entries()


class ExpressionViewSet(CoreViewSet):
    """Reads and writes expressions; keeps nothing."""

    tag = "Rules Expressions"
    operations = {"parse": "parseRuleExpressions", "write": "serializeRuleExpressions"}
    writes = "campaigns:read"
    asks = ("parse", "write")
    # A tree nests deeper than any other body.
    parser_classes = [TreeParser]
    inputs = {"parse": ExpressionsInput, "write": TreesInput}
    answers = {"parse": EntriesAnswer, "write": EntriesAnswer}

    def parse(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The tree of each expression; `annotate` tells types and places, and refuses what can never work."""
        return self._entries(_tree_of)

    def write(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The canonical text of each tree; `annotate` adds its tree with types and places."""
        return self._entries(_text_of)

    def _entries(self, read: Callable[[dict[str, Any], bool], dict[str, Any]]) -> Response:
        fields = self.read_input()
        annotated = fields.get("annotate", False)
        return Response({"nodes": [_entry(given, annotated, read) for given in fields["inputs"]]})


def _entry(
    given: dict[str, Any], annotated: bool, read: Callable[[dict[str, Any], bool], dict[str, Any]]
) -> dict[str, Any]:
    """What one input comes to; one that is wrong does not fail the rest."""
    name = {"id": given["id"]} if "id" in given else {}
    try:
        return {**name, **read(given, annotated)}
    except ExpressionError as error:
        return {**name, "error": {"message": error.message, "position": error.position}}


def _tree_of(given: dict[str, Any], annotated: bool) -> dict[str, Any]:
    text = given.get("expression")
    if not isinstance(text, str):
        raise ExpressionError("Send the text of an expression as `expression`.")
    return {"node": annotate(parse_with_spans(text)) if annotated else parse(text)}


def _text_of(given: dict[str, Any], annotated: bool) -> dict[str, Any]:
    text = serialize(given.get("node"))
    entry: dict[str, Any] = {"expression": text}
    if annotated:
        entry["node"] = annotate(parse_with_spans(text))
    return entry
