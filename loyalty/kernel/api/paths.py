"""Path converters: what is not the shape of an id is not a route, so it is a 404 before any query."""

from __future__ import annotations

from django.urls import register_converter

from loyalty.kernel.api.fields import MAX_ID


class RowIdConverter:
    """The number of a row, within what a database column holds."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        """The number.

        :raises ValueError: where no row can have it.
        """
        number = int(value)
        if not 1 <= number <= MAX_ID:
            raise ValueError
        return number

    def to_url(self, value: int) -> str:
        """Its digits."""
        return str(value)


class RowIdTextConverter(RowIdConverter):
    """The same where the document says text: what is no number is no row (semantics 0.9)."""


class OpaqueConverter:
    """A caller's own id: any text without a slash or NUL."""

    regex = r"[^/\x00]{1,255}"

    def to_python(self, value: str) -> str:
        """The text as it is."""
        return value

    def to_url(self, value: str) -> str:
        """The text as it is."""
        return value


class IdOrKeyConverter(OpaqueConverter):
    """A row's number, or its key."""

    def to_python(self, value: str) -> int | str:  # type: ignore[override]
        """A number where it is one, else the key."""
        if value.isascii() and value.isdigit() and len(value) < 19:
            return int(value)
        return value


register_converter(RowIdConverter, "rowid")
register_converter(RowIdTextConverter, "rowidtext")
register_converter(OpaqueConverter, "opaque")
register_converter(IdOrKeyConverter, "idorkey")
