"""Choosing one of many by writing a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms


class ChoiceInput(forms.TextInput):
    """A line to write in that offers `options` which fit what is written, each a text, or a text and what it is called;
    others may be written too.
    """

    template_name = "desk/choice_input.html"
    options: Sequence[str | tuple[str, str]] = ()

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """With the list beside it, by its own id."""
        context = super().get_context(name, value, attrs)
        offered = f"{context['widget']['attrs'].get('id', name)}_options"
        context["widget"]["attrs"].update({"list": offered, "autocomplete": "off"})
        options = [(one, "") if isinstance(one, str) else one for one in self.options]
        context["widget"].update({"offered": offered, "options": options})
        return context
