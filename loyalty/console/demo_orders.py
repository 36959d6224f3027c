"""What of the demo is about orders: regulars, what campaigns give them, a mission, and a month of orders to import."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from campaigns.services import create_action, create_campaign, create_matcher, create_mission, start_order_import
from loyalty.console.demo_keys import ACTOR, House
from loyalty.console.demo_story import Guest, guests_of, month_of_orders
from loyalty.kernel.clock import local_day
from loyalty.kernel.json_text import write_json
from members.models import EventType, LoyaltyTier, Member
from members.services import create_audience, create_member

SEED = 2026
REGULARS = 180
# What regulars are called, so that nothing here is given to anybody else.
_TYPE = "regular"
_CONFIRMED = str(EventType.ORDER_CONFIRMED)


def make_orders(house: House, at: datetime, *, number: int = REGULARS) -> None:
    """Regulars with a card, three live campaigns, a mission, and the file of their last month, imported by a worker.
    All of it is made once, with the demo: the month is the last one as it was then.
    """
    guests = guests_of(SEED, number)
    if Member.objects.filter(organization=house.organization, loyalty_member_id=guests[0].own_id).exists():
        return
    for place, guest in enumerate(guests):
        _join(house, guest, place, at)
    words: dict[str, Any] = {"organization_id": house.organization.pk, "actor": ACTOR, "at": at}
    rule = {"expression": f'member.memberType == "{_TYPE}"'}
    audience = create_audience(name="Regulars", matcher_type="attribute-matcher", matcher=rule, **words)
    _campaigns(house, audience.key, words)
    create_mission(
        name="Ten lattes",
        code="ten-lattes",
        program_id=house.program.pk,
        event_type=_CONFIRMED,
        audience_id=audience.pk,
        matcher_id=create_matcher(name="Lattes", **_items('item.sku == "latte"'), **words).pk,
        goal_count=10,
        max_repetitions=100,
        points=2_000,
        tags=["stamps"],
        **words,
    )
    zone = house.organization.timezone
    orders = month_of_orders(SEED, guests, until=local_day(at, zone), zone=zone)
    lines = b"".join(write_json(order) + b"\n" for order in orders)
    start_order_import(source=BytesIO(lines), name="a-month-of-orders.jsonl", **words)


def _items(rule: str) -> dict[str, Any]:
    return {"type": "item-matcher", "matcher": {"expression": rule}}


def _join(house: House, guest: Guest, place: int, at: datetime) -> None:
    create_member(
        organization_id=house.organization.pk,
        loyalty_member_id=guest.own_id,
        customer_id=uuid.uuid5(uuid.NAMESPACE_URL, f"{house.organization.key}/{guest.own_id}"),
        member_type=_TYPE,
        profile={"name": guest.name, "lastName": guest.last_name, "email": f"{guest.own_id}@example.com"},
        actor=ACTOR,
        # One after the other, the last of them a month ago.
        at=at - timedelta(days=31 + place % 60, minutes=7 * place),
    )


def _campaigns(house: House, audience_key: str, words: dict[str, Any]) -> None:
    """Five points for each euro; as many again for beans on Tuesdays, from Silver; and something for the expensive."""
    beans = create_matcher(name="Beans", **_items('item.productCategoryCode == "beans"'), **words)
    better = LoyaltyTier.objects.filter(program=house.program, name__in=("Silver", "Gold")).order_by("tier_order")
    told: tuple[tuple[str, str, str | int, dict[str, Any], dict[str, Any]], ...] = (
        ("Five points for each euro", "every-euro", "floor(order.basis * 500)", {}, {}),
        (
            "Double points for beans on Tuesdays",
            "bean-tuesday",
            "floor(matched.total * 500)",
            {"days_of_week": ["tuesday"], "tier_keys": [tier.key for tier in better]},
            {"rules": {"matcherKey": beans.key}},
        ),
        ("A treat for a new machine", "new-machine", 10_000, {"min_spend": 80}, {}),
    )
    for name, code, amount, said, action in told:
        campaign = create_campaign(
            name=name,
            code=code,
            event_type=_CONFIRMED,
            program_id=house.program.pk,
            audience_keys=[audience_key],
            **said,
            **words,
        )
        points = {"expression": amount} if isinstance(amount, str) else amount
        effects = {"effects": [{"type": "mint-points", "params": {"amount": points}}]}
        make: dict[str, Any] = {"name": "Give points", "status": "running", "effects": effects, **action}
        create_action(campaign=campaign, actor=words["actor"], at=words["at"], **make)
