"""What is wrong with a rule, shown where in it that is."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

# Of a longer line so much is shown on each side of the place.
_AROUND = 40


def refused_at(message: str, text: str, position: int | None) -> SafeString:
    """A refusal with its place, counted from 1 as people do, and the line of the rule with a mark below the place."""
    if position is None:
        return format_html("{}", message)
    line, column = _line_of(text, position)
    shown = format_html('<pre class="ts-place" aria-hidden="true">{}\n{}^</pre>', line, " " * column)
    return format_html("{} (At character {}.){}", message, position + 1, shown)


def _line_of(text: str, position: int) -> tuple[str, int]:
    """What is shown of the line in which the place is, and where in that it is."""
    place = min(position, len(text))
    first = text.rfind("\n", 0, place) + 1
    last = text.find("\n", place)
    line, column = text[first : len(text) if last < 0 else last].replace("\t", " ").rstrip("\r"), place - first
    start, end = max(0, column - _AROUND), min(len(line), column + _AROUND)
    before, after = "…" if start else "", "…" if end < len(line) else ""
    return f"{before}{line[start:end]}{after}", column - start + len(before)
