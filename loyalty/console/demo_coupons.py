"""What of the demo is about coupons: something to buy for points, and a voucher that was given away."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from coupons.models import CouponBook
from coupons.selectors import get_book_to_use
from coupons.services import assign_coupons, create_book
from loyalty.console.demo_keys import ACTOR, House
from members.models import Member
from members.selectors import get_member

ITEM: dict[str, Any] = {
    "name": "A cup on the house",
    "description": "Any coffee, any size.",
    "type": "generated",
    "discount_type": "fixed",
    "discount_amount": Decimal("4.50"),
    "assignment_required_points": 5_000,
    "tags": ["shop"],
}
WELCOME: dict[str, Any] = {
    "name": "Welcome",
    "description": "For your first visit.",
    "type": "generated",
    "discount_type": "fixed",
    "discount_amount": Decimal("5.00"),
    "max_assigned_per_member": 1,
}


def make_coupons(house: House, member: Member, at: datetime) -> None:
    """An item of the point shop, and a voucher of the member's."""
    _book(house, ITEM, at)
    welcome = get_book_to_use(house.organization.pk, _book(house, WELCOME, at).pk)
    holder = get_member(house.organization.pk, member.pk)
    if holder.is_gone:
        return
    keys = [f"demo:{member.loyalty_member_id}:welcome"]
    assign_coupons(book=welcome, member=holder, unique_keys=keys, actor=ACTOR, at=at)


def _book(house: House, said: dict[str, Any], at: datetime) -> CouponBook:
    found = CouponBook.objects.filter(organization=house.organization, name=said["name"]).first()
    words: dict[str, Any] = {"custom_attributes": {"currency": "EUR"}, "actor": ACTOR, "at": at}
    return found or create_book(organization_id=house.organization.pk, status="published", **said, **words)
