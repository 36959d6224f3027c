"""What a value buys in a program: the one calculation behind preview and issue (contract cosmopoints P5)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from loyalty.kernel.errors import InvalidInput
from partners.errors import ValueRefused
from partners.models import PartnerProgram

DOLLARS = "USD"
# Prices have at most so many digits after the point.
_EXACT = 10**6
# What a JSON number carries exactly, with room for the smallest units of any account.
MOST_POINTS = 2**53 // _EXACT


@dataclass(frozen=True, slots=True)
class Quote:
    """`value` whole units of `currency` buy `points` whole points at `rate` a point."""

    value: int
    currency: str
    rate: Decimal
    points: int


def rate_in(program: PartnerProgram, currency: str) -> Decimal:
    """What a point of the program costs in `currency`: that of the program's partner, or US dollars.

    :raises InvalidInput: where it has no price in this currency.
    """
    if currency == program.partner.currency:
        return program.price_per_point
    if currency == DOLLARS:
        return program.price_per_point_in_usd
    raise InvalidInput(f"{program} has no price in {currency}.", field="currency")


def quote(program: PartnerProgram, currency: str, value: int) -> Quote:
    """What `value` buys: as many whole points as it pays for. Limits are inclusive, 0 is none.

    :raises ValueRefused: a value or a number of points outside the program's limits, or one that buys no point.
    """
    rate = rate_in(program, currency)
    if value < max(1, program.min_value):
        raise ValueRefused(f"value must be at least {max(1, program.min_value)}.", field="value")
    if program.max_value and value > program.max_value:
        raise ValueRefused(f"value must be at most {program.max_value}.", field="value")
    points = value * _EXACT // int(rate * _EXACT)
    if points < max(1, program.min_points):
        raise ValueRefused(f"value must buy at least {max(1, program.min_points)} points.", field="value")
    if points > (program.max_points or MOST_POINTS):
        raise ValueRefused(f"value must buy at most {program.max_points or MOST_POINTS} points.", field="value")
    return Quote(value, currency, rate, points)
