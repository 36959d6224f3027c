"""Fields that forms of several apps have in common."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
from django import forms


def moment_field(help_text: str, **words: Any) -> forms.DateTimeField:
    """A moment in the organization's time zone, to the second; it may be left empty."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S")
    return forms.DateTimeField(required=False, widget=widget, help_text=help_text, **words)


def kept_moment(said: datetime | None, held: datetime | None) -> datetime | None:
    """A moment as it was, where the form showed it to the second and it was left so."""
    return held if held is not None and held.replace(microsecond=0) == said else said


def with_held(choices: Iterable[tuple[str, str]], held: Iterable[str]) -> list[tuple[str, str]]:
    """The choices, and what is held without being one of them."""
    offered = dict(choices)
    return [*offered.items(), *((name, f"{name} (not there)") for name in held if name not in offered)]


def listed(text: str) -> list[str]:
    """What is written with commas between."""
    return [word.strip() for word in text.split(",") if word.strip()]


def some_of(help_text: str, **words: Any) -> forms.MultipleChoiceField:
    """Some of many, none of which means all."""
    return forms.MultipleChoiceField(
        required=False, widget=forms.SelectMultiple(attrs={"size": 4}), help_text=help_text, **words
    )


def read_object(text: str) -> dict[str, Any]:
    """The JSON object that somebody wrote.

    :raises ValueError: where it is none, with what to say beside the field.
    """
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"This is no JSON: line {error.lineno}, character {error.colno}.") from error
    # A text of the database cannot hold it.
    if "\\u0000" in text:
        raise ValueError("This is no JSON that can be kept.")
    if not isinstance(found, dict):
        raise ValueError("Write a JSON object: {…}.")
    return found
