"""What of the demo is a mission: a stamp card, ten coffees and the points for one on the house."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from campaigns.models import Mission
from campaigns.selectors import get_matcher_by_key, get_mission
from campaigns.services import create_matcher, create_mission, increment_mission
from loyalty.console.demo_keys import ACTOR, House
from loyalty.kernel.errors import NotFound
from members.models import EventType, Member
from members.selectors import get_member

MATCHER = "any-coffee"
CARD: dict[str, Any] = {
    "name": "Ten coffees, one free",
    "code": "ten-coffees",
    "short_description": "The eleventh cup is on us.",
    "event_type": EventType.ORDER_CONFIRMED,
    "goal_count": 10,
    "max_repetitions": 1_000,
    # What a cup on the house costs.
    "points": 5_000,
    "type": "stamps",
    "tags": ["stamp"],
}
# How many cups each has had already.
CUPS: Mapping[str, int] = {"alice": 7, "bob": 4, "dora": 9}


def make_missions(house: House, members: Sequence[Member], at: datetime) -> None:
    """The stamp card, and some stamps on it."""
    card = get_mission(house.organization.pk, _card(house, at).pk)
    for member in members:
        cups = CUPS.get(member.loyalty_member_id)
        holder = get_member(house.organization.pk, member.pk)
        key = f"demo:{member.loyalty_member_id}:stamps"
        if cups is None or holder.is_gone or not holder.active or not card.active:
            continue
        increment_mission(mission=card, member=holder, amount=cups, unique_key=key, actor=ACTOR, at=at)


def _card(house: House, at: datetime) -> Mission:
    found = Mission.objects.filter(organization=house.organization, code=CARD["code"]).first()
    words: dict[str, Any] = {"organization_id": house.organization.pk, "actor": ACTOR, "at": at}
    return found or create_mission(program_id=house.program.pk, matcher_id=_matcher_id(house, words), **CARD, **words)


def _matcher_id(house: House, words: Mapping[str, Any]) -> int:
    try:
        return get_matcher_by_key(house.organization.pk, MATCHER).pk
    except NotFound:
        rule = {"expression": 'item.productCategoryCode == "coffee"'}
        return create_matcher(name="Any coffee", type="item-matcher", matcher=rule, **words).pk
