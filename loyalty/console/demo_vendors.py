"""What of the demo the clients of the vendors' APIs need: stores, keys, and people who can sign in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from loyalty.console.demo_keys import ACTOR, House, Kept, make_credential
from loyalty.console.demo_open_loyalty import make_open_loyalty
from loyalty.kernel.models import Door
from members.models import Member, Store
from members.services import create_store

CUSTOMER_TYPES = ["Internal", "External", "Partner"]


def make_vendors(kept: Kept, coffee: House, books: House, members: list[Member], at: datetime) -> dict[str, Any]:
    """Stores and keys of both organizations; answers what `demo --json` says of each vendor's API."""
    store = _store(coffee, "DEFAULT", "Demo Coffee", at, customer_types=CUSTOMER_TYPES)
    _store(books, "NEIGHBOR", "Neighbor Books", at)
    keys = {
        door: make_credential(kept, f"demo-{door}", coffee.organization, at, door)["secret"]
        for door in (Door.OPEN_LOYALTY, Door.ENGAGE, Door.COGGINS)
    }
    return {
        "openLoyalty": make_open_loyalty(kept, coffee, store, keys[Door.OPEN_LOYALTY], members, at),
        "engage": {
            "apikey": keys[Door.ENGAGE],
            "definitionId": coffee.account.pk,
            "contacts": [str(member.customer_id) for member in members],
        },
        "coggins": {
            "csapikey": keys[Door.COGGINS],
            "customers": [member.profile["email"] for member in members],
            "customerTypes": CUSTOMER_TYPES,
        },
    }


def _store(house: House, code: str, name: str, at: datetime, **said: Any) -> Store:
    found = Store.objects.filter(code=code).first()
    return found or create_store(
        organization_id=house.organization.pk,
        code=code,
        name=name,
        account_id=house.account.pk,
        actor=ACTOR,
        at=at,
        **said,
    )
