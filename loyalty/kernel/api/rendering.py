"""Writes JSON answers: dates in UTC with a Z, decimals as exact numbers in text, points as integers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from rest_framework.renderers import BaseRenderer

from loyalty.kernel.json_text import write_json

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def _other(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if hasattr(value, "__iter__"):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def to_json(value: Any) -> bytes:
    """`value` as JSON bytes."""
    return write_json(value, default=_other, option=_OPTIONS)


class JSONRenderer(BaseRenderer):
    """`application/json`."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """The body for `data`; none for none."""
        return b"" if data is None else to_json(data)
