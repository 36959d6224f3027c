"""Orders for tests, and short words for what becomes of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from campaigns import services
from campaigns.models import Campaign
from loyalty.kernel import clock
from members.models import Member
from members.selectors import get_member
from members.services.orders import OrderDraft
from tests.campaigns.plays import make_campaign, minting
from tests.house import TESTER, House

CONFIRMED = "member-purchase-order-confirmed"


def item(sku: str, total: Any, quantity: Any = 1, **more: Any) -> dict[str, Any]:
    """An item of an order."""
    return {"sku": sku, "quantity": quantity, "total": total, **more}


def draft(house: House, member: Member, total: Any = 100, **said: Any) -> OrderDraft:
    """An order as a shop tells it."""
    said = {"external_id": "o-1", "type": "shop", "status": "confirmed", **said}
    if said.get("discounted_total") is not None:
        said["discounted_total"] = Decimal(str(said["discounted_total"]))
    member = get_member(house.id, member.pk)
    return OrderDraft(member=member, total=Decimal(str(total)), **said)


def order(house: House, member: Member, total: Any = 100, **said: Any) -> services.Placed:
    """An order, taken in."""
    at = said.pop("at", None) or clock.now()
    return services.put_order(organization_id=house.id, draft=draft(house, member, total, **said), actor=TESTER, at=at)


def preview(house: House, member: Member, total: Any = 100, **said: Any) -> list[services.Row]:
    """What an order would take back."""
    asked = draft(house, member, total, **said)
    return services.preview_order(organization_id=house.id, draft=asked, actor=TESTER, at=clock.now())


def told(placed: services.Placed) -> dict[str, Any]:
    """What the order's change did, in figures."""
    assert placed.order is not None
    found = services.results_of(placed.order, placed.rows)
    return {name: found[name] for name in ("pointsAwarded", "pointsReturned", "shortfall")}


def point_for_each(house: House, **said: Any) -> Campaign:
    """A campaign that gives a point for each whole unit of money of a confirmed order."""
    return make_campaign(house, minting("floor(order.basis)"), event_type=CONFIRMED, **said)
