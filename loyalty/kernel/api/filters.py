"""The query filters of the core API: a value that cannot be meant is a 400, never silently ignored."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django_filters.fields import IsoDateTimeField
from drf_spectacular.drainage import set_override

from loyalty.kernel.api.fields import MAX_ID

# What one list of words in an address may hold.
MAX_WORDS = 200
# How many rows may be asked for at once where they are no pages, and how many nobody asked for.
MOST_ROWS, USUAL_ROWS = 100, 10


class _WholeNumberField(forms.Field):
    def __init__(self, *, min_value: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.min_value = min_value

    def to_python(self, value: Any) -> int | None:
        if value in (None, ""):
            return None
        if not re.fullmatch(r"[0-9]{1,19}", str(value)) or not self.min_value <= int(value) <= MAX_ID:
            raise ValidationError(f"Send a whole number of at least {self.min_value}.")
        return int(value)


class _RowsField(_WholeNumberField):
    def to_python(self, value: Any) -> int | None:
        rows = super().to_python(value)
        if rows is not None and not 1 <= rows <= MOST_ROWS:
            raise ValidationError(f"Send a whole number from 1 to {MOST_ROWS}.")
        return USUAL_ROWS if rows is None else rows


class _MomentField(IsoDateTimeField):
    def to_python(self, value: Any) -> datetime | None:
        try:
            moment = super().to_python(value)
            return moment.astimezone(UTC) if moment is not None else None
        except OverflowError as error:
            raise ValidationError("Send a date and time that the calendar has.") from error


class _FlagField(forms.Field):
    def to_python(self, value: Any) -> bool | None:
        if value in (None, ""):
            return None
        text = str(value).lower()
        if text not in ("true", "false", "1", "0"):
            raise ValidationError("Send true or false.")
        return text in ("true", "1")


class _AllValues(forms.Widget):
    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        given: list[str] = data.getlist(name)
        return given


class _TextListField(forms.Field):
    widget = _AllValues
    each = forms.CharField(max_length=255)

    def to_python(self, value: Any) -> list[str]:
        words = list(dict.fromkeys(word for text in value or () for word in comma_list(text)))
        if len(words) > MAX_WORDS:
            raise ValidationError(f"Send at most {MAX_WORDS} values.")
        return [self.each.clean(word) for word in words]


class WholeNumberFilter(django_filters.NumberFilter):
    """A whole number, as ids are."""

    field_class = _WholeNumberField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limits = {"minimum": kwargs["min_value"]} if "min_value" in kwargs else {}
        set_override(self, "field", {"type": "number", "multipleOf": 1, **limits})

    def get_max_validator(self) -> None:
        """The field checks its own range."""
        return


class RowsFilter(WholeNumberFilter):
    """How many rows are answered, 10 unless it is said; the document gives it no limits."""

    field_class = _RowsField


class TextFilter(django_filters.CharFilter):
    """Text, compared as it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 255)
        kwargs.setdefault("strip", False)
        super().__init__(*args, **kwargs)


class TextListFilter(django_filters.Filter):
    """Any of several texts: the parameter repeated, or one list with commas."""

    field_class = _TextListField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, lookup_expr="in", **kwargs)
        set_override(self, "field", {"type": "array", "items": {"type": "string"}})


class MomentFilter(django_filters.IsoDateTimeFilter):
    """An instant; without a zone it is UTC."""

    field_class = _MomentField


class FlagFilter(django_filters.BooleanFilter):
    """true or false; `default` says in the document what its absence means."""

    field_class = _FlagField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        default = {"default": kwargs.pop("default")} if "default" in kwargs else {}
        super().__init__(*args, **kwargs)
        set_override(self, "field", {"type": "boolean", **default})


def comma_list(text: str | None) -> list[str]:
    """The words between the commas."""
    return [word.strip() for word in (text or "").split(",") if word.strip()]
