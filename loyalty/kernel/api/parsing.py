"""Reads JSON bodies strictly: no NaN, no broken text, no bottomless nesting, nothing oversized."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from django.http import QueryDict
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser, FormParser

MAX_DEPTH = 32
# The tree of an expression is at most 50 nodes deep, each an object that may stand in a list, below a few of ours.
MAX_TREE_DEPTH = 110


class BodyTooLarge(APIException):
    """The body has more bytes than MAX_BODY_BYTES."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request body is too large."
    default_code = "payload_too_large"


def read_json(body: bytes, max_depth: int = MAX_DEPTH) -> Any:
    """The value in `body`.

    :raises ParseError: where it is not JSON, nests deeper than `max_depth` or holds a NUL character, which no database
        keeps.
    """
    if body.count(b"[") + body.count(b"{") > max_depth and _depth(body) > max_depth:
        raise ParseError(f"The body nests deeper than {max_depth} levels.")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ParseError(f"The body is not valid JSON: {error}.") from error
    if b"\\u0000" in body and _holds_nul(value):
        raise ParseError("The body holds a NUL character.")
    return value


def _depth(body: bytes) -> int:
    depth = deepest = 0
    in_text = escaped = False
    for byte in body:
        if in_text:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_text = False
        elif byte == 0x22:
            in_text = True
        elif byte in (0x5B, 0x7B):
            depth += 1
            deepest = max(deepest, depth)
        elif byte in (0x5D, 0x7D):
            depth -= 1
    return deepest


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any("\x00" in name or _holds_nul(held) for name, held in value.items())
    return isinstance(value, list) and any(map(_holds_nul, value))


class StrictJSONParser(BaseParser):
    """`application/json` as the core API takes it: an object or an array, within the limits above."""

    media_type = "application/json"
    max_depth = MAX_DEPTH

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The body's value."""
        body = stream.read(settings.MAX_BODY_BYTES + 1)
        if len(body) > settings.MAX_BODY_BYTES:
            raise BodyTooLarge
        return read_json(body, self.max_depth) if body.strip() else {}


class TreeParser(StrictJSONParser):
    """The same for bodies with trees of the rules language in them, which nest deeper than anything else."""

    max_depth = MAX_TREE_DEPTH


class BoundedFormParser(FormParser):
    """A form, as far as a body may be long."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The form's values."""
        body = stream.read(settings.MAX_BODY_BYTES + 1)
        if len(body) > settings.MAX_BODY_BYTES:
            raise BodyTooLarge
        return QueryDict(body, encoding="utf-8")
