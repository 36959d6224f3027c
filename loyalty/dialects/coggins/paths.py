"""Path converters: a key that is no GUID is no route, as the vendor's `:guid` has it (contract coggins K10)."""

from __future__ import annotations

import uuid

from django.urls import register_converter

from loyalty.dialects.coggins.authentication import bare

_GUID = r"[0-9A-Fa-f]{8}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{12}"
_NOISE = r"(?:[cC][sS][aA][pP][iI][kK][eE][yY]=)?(?:[cC][sS][aA][pP][iI][kK][eE][yY][:=])?"


class KeyConverter:
    """A GUID, with or without dashes, braces and what the document writes before it."""

    regex = rf"(?:{_NOISE}{_GUID}|\{{{_NOISE}{_GUID}\}})"

    def to_python(self, value: str) -> str:
        """The GUID alone.

        :raises ValueError: where it is none.
        """
        return str(uuid.UUID(bare(value.strip("{}"))))

    def to_url(self, value: str) -> str:
        """The GUID."""
        return str(value)


class EmailConverter:
    """An email as it stands in the path, decoded; what is none is nobody's."""

    regex = r"[^\x00]{1,400}"

    def to_python(self, value: str) -> str:
        """The text as it is."""
        return value

    def to_url(self, value: str) -> str:
        """The text as it is."""
        return value


class FullConverter:
    """`Full`, in any case."""

    regex = "[fF][uU][lL][lL]"

    def to_python(self, value: str) -> str:
        """The word."""
        return value

    def to_url(self, value: str) -> str:
        """The word."""
        return value


class InstantConverter(FullConverter):
    """`INSTANT`, in any case."""

    regex = "[iI][nN][sS][tT][aA][nN][tT]"


register_converter(KeyConverter, "cogginskey")
register_converter(EmailConverter, "cogginsemail")
register_converter(FullConverter, "cogginsfull")
register_converter(InstantConverter, "cogginsinstant")
