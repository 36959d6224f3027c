"""The serializer fields of the core API: strict about types, named in camelCase, told apart in the schema."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from loyalty.kernel import clock

# The largest amount the document allows: 64 bits with six decimals kept free (semantics 0.7).
MAX_AMOUNT = 18_446_744_073_709
MAX_ID = 2**63 - 1
# Fifteen digits, four of them after the point: what a JSON number carries exactly.
MOST_MONEY = Decimal("99999999999.9999")

_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")


def snake(name: str) -> str:
    """`ledgerAccountId` as `ledger_account_id`."""
    return _CAPITAL.sub(lambda found: "_" + found.group(1).lower(), name)


def camel(name: str) -> str:
    """`ledger_account_id` as `ledgerAccountId`."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


class CamelSerializer(serializers.Serializer[Any]):
    """Fields are named as the wire names them; each reads and fills the snake_case name of the same words."""

    def get_fields(self) -> dict[str, Any]:
        """The fields, each pointed at its snake_case source."""
        fields = super().get_fields()
        for name, field in fields.items():
            if field.source is None and snake(name) != name:
                field.source = snake(name)
        return fields


class Text(serializers.CharField):
    """Text, and nothing else that could be read as text."""

    def to_internal_value(self, data: Any) -> str:
        """The text given."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class OwnId(Text):
    """A caller's own id of a row; it stands in paths, so it has no slash."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("trim_whitespace", False)
        super().__init__(max_length=255, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The id given."""
        value = super().to_internal_value(data)
        if "/" in value or not value.strip():
            raise serializers.ValidationError("An id has no slash, and is not only spaces.")
        return value


class Code(OwnId):
    """A code that others refer to; lists of codes are written with commas, so it has none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=True, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The code given."""
        value = super().to_internal_value(data)
        if "," in value:
            raise serializers.ValidationError("A code has no comma.")
        return value


class Flag(serializers.BooleanField):
    """true or false, and no word that could be read as one of them."""

    def to_internal_value(self, data: Any) -> bool:
        """The flag given."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class WholeNumber(serializers.IntegerField):
    """A whole number: a JSON integer, or digits in a string; no fraction, exponent or boolean (semantics 0.7)."""

    default_error_messages = {"invalid": "A whole number is required."}

    def to_internal_value(self, data: Any) -> int:
        """The number given."""
        if isinstance(data, str) and re.fullmatch(r"-?[0-9]{1,19}", data):
            data = int(data)
        if isinstance(data, bool) or not isinstance(data, int) or abs(data) > MAX_ID:
            self.fail("invalid")
        return int(data)


class Amount(WholeNumber):
    """An amount of points in the account's smallest unit, from 1 to the largest the document allows."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_value", MAX_AMOUNT)
        self.least = kwargs.pop("least", 1)
        super().__init__(**kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """The amount; what is below the least is refused here, since the document gives the field no minimum."""
        value = super().run_validation(data)
        if isinstance(value, int) and value < self.least:
            raise serializers.ValidationError(f"Ensure this value is greater than or equal to {self.least}.")
        return value


class Count(WholeNumber):
    """A limit or a price: a whole number from 0; the document gives the field no minimum."""

    least, most = 0, MAX_AMOUNT

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """The number."""
        value = super().run_validation(data)
        if isinstance(value, int) and not self.least <= value <= self.most:
            raise serializers.ValidationError(f"Send a whole number from {self.least} to {self.most}.")
        return value


@extend_schema_field({"type": "number"})
class Money(serializers.Field[Any, Any, Any, Any]):
    """An exact amount of money, with at most four digits after the point, never below 0 (semantics 0.7)."""

    default_error_messages = {"invalid": "Send an amount with at most four digits after the point."}

    def to_internal_value(self, data: Any) -> Decimal:
        """The amount given."""
        if isinstance(data, bool) or not isinstance(data, int | float | str):
            self.fail("invalid")
        text = data if isinstance(data, str) else repr(data)
        if not re.fullmatch(r"[0-9]{1,11}(\.[0-9]{1,4})?", text, re.ASCII) or Decimal(text) > MOST_MONEY:
            self.fail("invalid")
        return Decimal(text)

    def to_representation(self, value: Decimal) -> int | float:
        """The amount, as a number that says it exactly."""
        return int(value) if value == value.to_integral_value() else float(value)


def texts(**kwargs: Any) -> Text:
    """A text that may be left empty."""
    return Text(required=False, allow_null=True, allow_blank=True, **kwargs)


class Id(WholeNumber):
    """The number of a row."""

    default_error_messages = {"unknown": "There is no such row."}

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """The number; one that no row can have is refused here."""
        value = super().run_validation(data)
        if isinstance(value, int) and not 1 <= value <= MAX_ID:
            self.fail("unknown")
        return value


class Moment(serializers.DateTimeField):
    """An instant; without a zone it is UTC. What stands for never is written as null."""

    def to_internal_value(self, value: Any) -> Any:
        """The instant given."""
        if not isinstance(value, str):
            self.fail("invalid", format="YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]")
        return super().to_internal_value(value)

    def to_representation(self, value: Any) -> Any:
        """The instant as the renderer writes it."""
        return clock.or_none(value)


@extend_schema_field({"type": "object", "additionalProperties": True})
class JsonObject(serializers.DictField):
    """A JSON object, kept as it is given."""

    def to_internal_value(self, data: Any) -> Any:
        """The object given."""
        if not isinstance(data, dict):
            self.fail("not_a_dict", input_type=type(data).__name__)
        return data

    def to_representation(self, value: Any) -> Any:
        """The object kept."""
        return value


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class Tags(serializers.ListField):
    """A list of texts; one level of nesting, as the document's samples have it, is opened (semantics 0.9)."""

    child = Text(max_length=100)

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 100)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Any:
        """The texts given, each once."""
        if isinstance(data, list):
            data = [tag for held in data for tag in (held if isinstance(held, list) else [held])]
        return list(dict.fromkeys(super().to_internal_value(data)))


class OkAnswer(CamelSerializer):
    """It is done."""

    ok = serializers.BooleanField()
