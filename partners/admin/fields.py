"""Fields of forms that several pages of the exchange have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms


class ProfileField(forms.CharField):
    """Names and texts, one on each line, like “city: Berlin”."""

    def __init__(self, names: Sequence[str]) -> None:
        said = f"One on each line, like “{names[0]}: …”. There are {', '.join(names)}."
        super().__init__(required=False, widget=forms.Textarea(attrs={"rows": 4}), help_text=said)

    def clean(self, value: Any) -> dict[str, str]:
        """What the lines say."""
        found: dict[str, str] = {}
        for line in filter(str.strip, super().clean(value).splitlines()):
            name, colon, text = line.partition(":")
            if not colon or name.strip() in found:
                raise forms.ValidationError("Write each name once, on a line like “city: Berlin”.")
            found[name.strip()] = text.strip()
        return found


def amount(**words: Any) -> forms.DecimalField:
    """An amount of money."""
    return forms.DecimalField(max_digits=14, decimal_places=2, **words)


def whole(**words: Any) -> forms.IntegerField:
    """A limit; 0, or nothing, is none."""
    return forms.IntegerField(min_value=0, required=False, initial=0, **words)
