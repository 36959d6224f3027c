"""How money and prices look on the exchange's pages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.safestring import SafeString

from loyalty.kernel.desk import number

READS, WRITES = "partnerships:read", "partnerships:write"


def money(amount: Decimal, currency: str) -> SafeString:
    """An amount with its currency, digits below digits."""
    return number(f"{amount:,.2f} {currency}".replace("-", "−"))


def price(amount: Decimal, currency: str) -> str:
    """A price with as many digits as it has."""
    text = f"{amount:f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} {currency}"


def limits(low: int, high: int, unit: str) -> str:
    """From and to, where 0 is none."""
    if not low and not high:
        return "no limit"
    return f"{low:,} to {high:,} {unit}" if high else f"from {low:,} {unit}"


def lines_of(profile: dict[str, Any]) -> str:
    """A profile as a person writes it: a name and a text on each line."""
    return "\n".join(f"{name}: {value}" for name, value in profile.items())
