"""Writes answers: points as exact numbers, dates with an offset, nothing for what is null."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from ledger.amounts import as_text
from loyalty.kernel.clock import NEVER, zone_of
from loyalty.kernel.json_text import write_json


def number(amount: int, decimals: int) -> orjson.Fragment:
    """Smallest units as a JSON number with exactly their digits: 1055 with two decimals is 10.55, 1000 is 10."""
    text = as_text(amount, decimals)
    return orjson.Fragment(text.rstrip("0").rstrip(".") if "." in text else text)


def moment(value: datetime | None, zone: str) -> str | None:
    """An instant with the offset of the organization's time zone; None for what never comes."""
    if value is None or value >= NEVER:
        return None
    return value.astimezone(zone_of(zone)).isoformat(timespec="seconds")


def to_json(value: Any) -> bytes:
    """`value` as JSON bytes."""
    return write_json(value, option=orjson.OPT_NON_STR_KEYS)


class Renderer(BaseRenderer):
    """`application/json`."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """The body for `data`; none for none."""
        return b"" if data is None else to_json(data)


class Always(BaseContentNegotiation):
    """JSON, whatever a client says it accepts: many say what their library says."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The one for the content type sent."""
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """The only one."""
        return renderers[0], renderers[0].media_type
