"""The story of a month in a small coffee chain: who its regulars are, what they buy where, and what comes back.

The same seed and day tell the same story, word for word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from loyalty.kernel.clock import zone_of

DAYS = 30
STORES = ("mitte", "kreuzberg", "altona", "schwabing", "online")

# What it sells: its number, its name, its kind and its price.
DRINKS = (
    ("espresso", "Espresso", "drinks", "2.60"),
    ("flat-white", "Flat white", "drinks", "3.90"),
    ("latte", "Latte", "drinks", "4.20"),
    ("cappuccino", "Cappuccino", "drinks", "3.80"),
    ("tea", "Tea", "drinks", "3.20"),
)
FOOD = (
    ("croissant", "Croissant", "food", "2.40"),
    ("banana-bread", "Banana bread", "food", "3.60"),
    ("sandwich", "Sandwich", "food", "6.50"),
)
BEANS = (
    ("beans-250", "House beans, 250 g", "beans", "8.90"),
    ("beans-1000", "House beans, 1 kg", "beans", "27.50"),
)
MACHINES = (
    ("moka-pot", "Moka pot", "machines", "34.00"),
    ("grinder", "Grinder", "machines", "89.00"),
    ("espresso-machine", "Espresso machine", "machines", "249.00"),
)

_FIRST = (
    "Ada",
    "Ben",
    "Cem",
    "Dina",
    "Eva",
    "Finn",
    "Gala",
    "Hugo",
    "Ida",
    "Jan",
    "Kaya",
    "Leo",
    "Mia",
    "Nora",
    "Otto",
)
_LAST = ("Arnold", "Brandt", "Conrad", "Dietz", "Engel", "Frank", "Graf", "Hahn", "Jung", "Keller", "Lang", "Maier")

# How many of ten regulars come how often on a weekday.
_HABITS = ((4, 0.90), (4, 0.45), (2, 0.12))
# When people come, by the hour: on their way to work, at noon, in the afternoon.
_HOURS = {7: 5, 8: 9, 9: 7, 10: 4, 11: 3, 12: 6, 13: 5, 14: 3, 15: 4, 16: 4, 17: 3, 18: 1}


@dataclass(frozen=True, slots=True)
class Guest:
    """A regular: how often they come, where, and what they usually drink."""

    own_id: str
    name: str
    last_name: str
    habit: float
    store: str
    drink: tuple[str, str, str, str]


def guests_of(seed: int, number: int) -> list[Guest]:
    """The regulars, in their order."""
    chance = Random(f"guests {seed}")  # noqa: S311 - a story, not a secret
    habits = [often for count, often in _HABITS for _ in range(count)]
    return [
        Guest(
            f"guest-{place + 1:03d}",
            chance.choice(_FIRST),
            chance.choice(_LAST),
            habits[place % len(habits)],
            chance.choice(STORES[:-1]),
            chance.choice(DRINKS),
        )
        for place in range(number)
    ]


def month_of_orders(seed: int, guests: list[Guest], *, until: date, zone: str) -> list[dict[str, Any]]:
    """Orders of the 30 local days before `until`, as an import takes them, in the order they were told: most of them
    once, some again when they are cancelled or goods come back.
    """
    chance = Random(f"orders {seed}")  # noqa: S311
    told = [
        (at, line)
        for back in range(DAYS, 0, -1)
        for guest in guests
        for at, line in _visit(chance, guest, until - timedelta(days=back), until, zone)
    ]
    # What came back on the last days is not told yet.
    told.sort(key=lambda one: one[0])
    return [{**line, "externalEventDate": f"{at:%Y-%m-%dT%H:%M:%SZ}"} for at, line in told]


def _visit(
    chance: Random, guest: Guest, day: date, until: date, zone: str
) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """What is told of a guest's visit on a day, if there is one: when, and the order as it is then."""
    if chance.random() >= guest.habit * (1.0 if day.weekday() < 5 else 0.4):
        return
    hour = chance.choices(list(_HOURS), list(_HOURS.values()))[0]
    local = datetime.combine(day, time(hour, chance.randrange(60), chance.randrange(60)), zone_of(zone))
    at = local.astimezone(UTC)
    online = chance.random() < 0.08
    items = list(_parcel(chance) if online else _basket(chance, guest))
    order = {
        "externalId": f"{guest.own_id}-{day:%Y%m%d}",
        "loyaltyMemberId": guest.own_id,
        "type": "online" if online else "store",
        "customAttributes": {"orderLocationCode": "online" if online else guest.store},
    }
    yield at, {**order, "status": "confirmed", **_priced(items)}
    end = datetime.combine(until, time(), zone_of(zone)).astimezone(UTC)
    for status, later, kept in _afterwards(chance, items, at, online=online):
        if later < end:
            yield later, {**order, "status": status, **_priced(kept)}


def _basket(chance: Random, guest: Guest) -> Iterator[dict[str, Any]]:
    yield _item(
        guest.drink if chance.random() < 0.7 else chance.choice(DRINKS), chance.choices((1, 2, 3), (8, 3, 1))[0]
    )
    if chance.random() < 0.35:
        yield _item(chance.choice(FOOD), chance.choices((1, 2), (4, 1))[0])
    if chance.random() < 0.10:
        yield _item(chance.choices(BEANS, (3, 1))[0], 1)


def _parcel(chance: Random) -> Iterator[dict[str, Any]]:
    """Nobody has a coffee sent."""
    yield _item(chance.choice(BEANS), chance.choices((1, 2), (3, 1))[0])
    if chance.random() < 0.25:
        yield _item(chance.choices(MACHINES, (5, 2, 2))[0], 1)


def _item(what: tuple[str, str, str, str], quantity: int) -> dict[str, Any]:
    sku, name, kind, price = what
    return {"sku": sku, "name": name, "productCategoryCode": kind, "quantity": quantity, "unitPrice": price}


def _priced(items: list[dict[str, Any]]) -> dict[str, Any]:
    """The items with what they cost, and their sum."""
    priced = [{**item, "total": str(Decimal(item["unitPrice"]) * item["quantity"])} for item in items]
    return {"total": str(sum((Decimal(item["total"]) for item in priced), Decimal("0.00"))), "items": priced}


def _afterwards(
    chance: Random, items: list[dict[str, Any]], at: datetime, *, online: bool
) -> Iterator[tuple[str, datetime, list[dict[str, Any]]]]:
    """What becomes of an order: its new status, when, and the goods that are kept."""
    what = chance.random()
    if online and what < 0.10:
        yield "cancelled", at + timedelta(minutes=chance.randrange(5, 90)), items
    elif not online and what < 0.01:
        yield "cancelled", at + timedelta(minutes=chance.randrange(1, 10)), items
    goods = [item for item in items if item["productCategoryCode"] in ("beans", "machines")]
    if not goods or not 0.10 <= what < 0.30:
        return
    later = at + timedelta(days=chance.randrange(1, 9), minutes=chance.randrange(600))
    # What was the most expensive comes back.
    kept = [item for item in items if item is not max(goods, key=lambda item: Decimal(item["unitPrice"]))]
    if kept:
        yield "partially-returned", later, kept
    else:
        yield "returned", later, items
