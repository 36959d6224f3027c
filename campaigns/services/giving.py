"""What effects do, points aside (semantics 9.6): one function for each, called inside its action's savepoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from campaigns.errors import EffectRefused, EventTypeInactive
from campaigns.selectors.event_types import find_event_type
from campaigns.selectors.occasions import Occasion
from campaigns.selectors.playbook import Play
from campaigns.services.counting import Counts
from campaigns.services.event_types import check_payload
from campaigns.services.pointing import Accounts, Purse
from coupons.models import CouponBook, CouponUsage
from coupons.services import assign_coupons
from loyalty.kernel.actors import Actor
from members.models import EventType, LoyaltyEvent, LoyaltyProgram, LoyaltyTier
from members.selectors import default_program
from members.services import set_member_tier
from members.services.journal import record_events

# How many steps an effect may lie behind the event that came from outside (semantics 7.4).
MOST_STEPS = 5


class Gathers(Protocol):
    """The evaluation, as far as givers need it."""

    zone: str
    purse: Purse
    counts: Counts
    accounts: Accounts


@dataclass(frozen=True, slots=True)
class Gift:
    """What a giver is asked to do, and for whom. `key` names this effect of this event, once; `gathers` is where the
    evaluation gathers what is written at its end.
    """

    occasion: Occasion
    play: Play
    params: Mapping[str, Any]
    actor: Actor
    at: datetime
    key: str
    gathers: Gathers


@dataclass(slots=True)
class Given:
    """What was done: how much of it, what the result of the effect says of it, the coupons and the events it made."""

    amount: int = 0
    says: dict[str, Any] = field(default_factory=dict)
    result: str = "applied"
    usages: list[CouponUsage] = field(default_factory=list)
    events: list[LoyaltyEvent] = field(default_factory=list)


Giver = Callable[[Gift], Given]
_givers: dict[str, Giver] = {}


def register_giver(effect_type: str, giver: Giver) -> None:
    """Say who does an effect of the catalogue. Once, from the `ready()` of whoever brings it."""
    _givers[effect_type] = giver


def give(effect_type: str, gift: Gift) -> Given:
    """Do it.

    :raises DomainError: whatever keeps it from being done.
    """
    giver = _givers.get(effect_type)
    if giver is None:
        raise EffectRefused(f"Nobody does {effect_type} here.")
    return giver(gift)


def _after(at: datetime, days: int | None) -> datetime | None:
    return None if days is None else at + timedelta(days=days)


def _program(gift: Gift) -> LoyaltyProgram:
    """The campaign's program, else the default one."""
    organization_id = gift.occasion.event.organization_id
    place = gift.occasion.places.get(gift.play.program_id or 0)
    program = place.program if place is not None else default_program(organization_id)
    if program is None:
        raise EffectRefused("There is no default program.")
    return program


def assign_coupon(gift: Gift) -> Given:
    """Give coupons of a book, as many as there are, at least one."""
    books = CouponBook.objects.filter(organization_id=gift.occasion.event.organization_id)
    book = books.filter(key=gift.params["couponBookKey"]).select_related("organization", "program").first()
    if book is None:
        raise EffectRefused("There is no coupon book of this key.")
    given = assign_coupons(
        book=book,
        member=gift.occasion.member,
        number=gift.params.get("numberOfCodes", 1),
        expires_at=_after(gift.at, gift.params.get("expiresInDays")),
        actor=gift.actor,
        at=gift.at,
    )
    says = {"couponBookKey": book.key, "couponUsageIds": [usage.pk for usage in given.usages]}
    return Given(len(given.usages), says, usages=given.usages)


def set_tier(gift: Gift) -> Given:
    """Give a tier by hand."""
    program = _program(gift)
    key = gift.params["loyaltyTierKey"]
    tier = LoyaltyTier.objects.filter(program=program, key=key).first()
    if tier is None:
        raise EffectRefused("The program has no tier of this key.")
    place = set_member_tier(
        member=gift.occasion.member,
        program=program,
        loyalty_tier_id=tier.pk,
        expires_at=_after(gift.at, gift.params.get("expiresInDays")),
        actor=gift.actor,
        at=gift.at,
        reason=gift.play.name,
    )
    return Given(1, {"loyaltyTierKey": key, "loyaltyTierId": place.effective_tier_id})


def remove_tier(gift: Gift) -> Given:
    """Take away the tier that was given by hand."""
    place = set_member_tier(
        member=gift.occasion.member, program=_program(gift), actor=gift.actor, at=gift.at, reason=gift.play.name
    )
    return Given(0, {"loyaltyTierId": place.effective_tier_id})


def _told(gift: Gift, kind: str, payload: Mapping[str, Any], description: str = "") -> LoyaltyEvent:
    event = gift.occasion.event
    return LoyaltyEvent(
        organization_id=event.organization_id,
        event_type=kind,
        member_id=gift.occasion.member.pk,
        payload=dict(payload),
        description=description,
        external_event_at=event.external_event_at,
        caused_by=event,
        depth=(event.depth or 0) + 1,
        created_at=gift.at,
    )


def mint_badge(gift: Gift) -> Given:
    """Note that a badge was given."""
    payload = {name: gift.params[name] for name in ("badge", "name") if name in gift.params}
    record_events([_told(gift, EventType.BADGE_MINTED, payload)])
    return Given(1, payload)


def track_event(gift: Gift) -> Given:
    """Tell an event, which is asked about when this one is done; not behind so many others that it must be a loop."""
    code = gift.params["eventType"]
    kind = find_event_type(gift.occasion.event.organization_id, code)
    if kind is None or (kind.builtin and code != EventType.GENERIC):
        raise EffectRefused(f"{code[:100]!r} is no type of event that an effect can tell.")
    if not kind.active:
        raise EventTypeInactive
    payload = gift.params.get("payload", {})
    check_payload(kind, payload)
    if (gift.occasion.event.depth or 0) >= MOST_STEPS:
        return Given(result="nothing", says={"eventType": code, "reason": "chain-limit"})
    event = _told(gift, code, payload, gift.params.get("description", ""))
    event.status = LoyaltyEvent.Status.PENDING
    record_events([event])
    return Given(1, {"eventType": code, "loyaltyEventId": str(event.pk)}, events=[event])


for _name, _giver in (
    ("assign-coupon", assign_coupon),
    ("set-tier", set_tier),
    ("remove-tier", remove_tier),
    ("mint-badge", mint_badge),
    ("track-event", track_event),
):
    register_giver(_name, _giver)
