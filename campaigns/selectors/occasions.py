"""An event as campaigns ask about it, and which of their conditions hold for it (semantics 9.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import Prefetch, QuerySet

from campaigns.selectors.playbook import Play
from ledger.models import Transaction
from loyalty.expressions import Rule, prepared
from loyalty.kernel.clock import zone_of
from members.models import Audience, Enrollment, EventType, LoyaltyEvent, Member
from members.selectors import ORDER_EVENTS, belongs, list_audiences, member_document

_BUILT_IN = frozenset(map(str, EventType))


def members_to_ask(organization_id: int) -> QuerySet[Member]:
    """The organization's members with all that campaigns ask about: two queries for any number of them."""
    places = Enrollment.objects.select_related("effective_tier", "program").order_by("pk")
    return Member.objects.filter(organization_id=organization_id).prefetch_related(Prefetch("enrollments", places))


def basis_of(order: Mapping[str, Any] | None) -> Decimal | None:
    """What an order's document counts by (semantics 8.3): the discounted total, else the total."""
    if order is None:
        return None
    discounted = order.get("discountedTotal")
    basis: Decimal | None = order.get("total") if discounted is None else discounted
    return None if basis is None else Decimal(basis)


def matched_of(items: Iterable[Any], rule: Rule, values: Mapping[str, Any]) -> dict[str, Any]:
    """The items that a matcher means, their quantity, and what they cost (semantics 10.1).

    :raises EvaluationError: where the rule cannot be asked of an item.
    """
    found = [item for item in items if rule.matches({**values, "item": item})]
    return {
        "items": found,
        "quantity": sum((Decimal(item.get("quantity") or 0) for item in found), Decimal(0)),
        "total": sum((total_of(item) for item in found), Decimal(0)),
    }


def total_of(item: Mapping[str, Any]) -> Decimal:
    """What an item costs: its discounted total, else its total, else its price times its quantity."""
    for name in ("discountedTotal", "total"):
        if item.get(name) is not None:
            return Decimal(item[name])
    return Decimal(item.get("unitPrice") or 0) * Decimal(item.get("quantity") or 0)


def types_of(kind: str) -> frozenset[str]:
    """What an event of this type counts as: its own type, and the generic one where it is the organization's own
    (semantics 7.5).
    """
    return frozenset({kind} if kind in _BUILT_IN else {kind, str(EventType.GENERIC)})


@dataclass
class Occasion:
    """One event, with the member it is about and the order it tells of; `order` is the order's document.

    `types` are what it counts as.
    """

    event: LoyaltyEvent
    member: Member
    at: datetime
    order: Mapping[str, Any] | None = None
    types: frozenset[str] = field(default_factory=frozenset)
    # The order that what is given counts for, and the event that told of it as it was then; none where no order is
    # behind the event, and no other event where this one tells of it.
    order_id: int | None = None
    told_by: LoyaltyEvent | None = None

    def __post_init__(self) -> None:
        self.types = types_of(self.event.event_type)

    @property
    def happened_at(self) -> datetime:
        """When it happened in the world (semantics 0.13)."""
        return self.event.external_event_at or self.event.created_at

    @property
    def order_event(self) -> LoyaltyEvent:
        """The event that tells of the order."""
        return self.told_by or self.event

    @cached_property
    def values(self) -> dict[str, Any]:
        """What rules read."""
        event = self.event
        own = event.event_type not in EventType.values
        return {
            "member": member_document(self.member),
            "event": {
                "eventType": event.event_type,
                "apiCode": event.event_type if own else None,
                "externalId": event.external_id or None,
                "description": event.description or None,
                "payload": prepared(event.payload if event.transaction is None else _posted(event.transaction)),
                "tags": list(event.tags),
                "externalEventDate": event.external_event_at,
                "createdAt": event.created_at,
                "date": self.happened_at,
            },
            "order": self.order,
            "matched": None,
            "now": self.at,
        }

    @cached_property
    def basis(self) -> Decimal | None:
        """What the order counts by; none where there is no order."""
        return basis_of(self.order)

    @cached_property
    def location(self) -> str | None:
        """Where it happened (semantics 8.5)."""
        said = (self.order or {}).get("customAttributes") or {}
        found = said.get("orderLocationCode") or said.get("locationCode")
        if found is None and isinstance(self.event.payload, dict):
            found = self.event.payload.get("locationCode")
        return found if isinstance(found, str) else None

    @cached_property
    def places(self) -> dict[int, Enrollment]:
        """The member's place in each program."""
        return {place.program_id: place for place in self.member.enrollments.all()}

    def weekday(self, zone: str) -> int:
        """The local day of the week; Monday is 0."""
        return self.happened_at.astimezone(zone_of(zone)).weekday()


# --- conditions, in the order in which they are asked ----------------------------------------------------------------
def _validity(play: Play, occasion: Occasion, zone: str) -> bool:
    at = occasion.happened_at
    return (play.valid_from is None or play.valid_from <= at) and (play.valid_to is None or at < play.valid_to)


def _program(play: Play, occasion: Occasion, zone: str) -> bool:
    place = occasion.places.get(play.program_id or 0)
    return place is not None and place.program.active


def _tier(play: Play, occasion: Occasion, zone: str) -> bool:
    tiers = [
        place.effective_tier for program_id, place in occasion.places.items() if play.program_id in (None, program_id)
    ]
    return any(tier is not None and tier.key in play.tier_keys for tier in tiers)


def _day(play: Play, occasion: Occasion, zone: str) -> bool:
    return occasion.weekday(zone) in play.days


def _location(play: Play, occasion: Occasion, zone: str) -> bool:
    return occasion.location in play.location_codes


def _spend(play: Play, occasion: Occasion, zone: str) -> bool:
    return occasion.basis is not None and play.min_spend is not None and occasion.basis >= play.min_spend


# The field of the campaign, what it says where it asks nothing, and the question.
_Condition = tuple[str, Callable[[Play], bool], Callable[[Play, "Occasion", str], bool]]
_CONDITIONS: tuple[_Condition, ...] = (
    ("valid", lambda play: play.valid_from is None and play.valid_to is None, _validity),
    ("loyaltyProgramId", lambda play: play.program_id is None, _program),
    ("loyaltyTierKeys", lambda play: not play.tier_keys, _tier),
    ("daysOfWeek", lambda play: not play.days, _day),
    ("locationCodes", lambda play: not play.location_codes, _location),
    ("minSpendValue", lambda play: play.min_spend is None, _spend),
)


@dataclass(slots=True)
class Weighed:
    """What the conditions of a campaign said: those that held, and the first that did not."""

    play: Play
    held: list[str]
    failed: str | None = None


def weigh(plays: Sequence[Play], occasions: Sequence[Occasion], zone: str) -> list[list[Weighed]]:
    """For each occasion what the conditions of the campaigns that hear it said. Audiences, which alone cost a query,
    are asked last, and only of campaigns all other conditions of which hold.
    """
    found = [[_weighed(play, occasion, zone) for play in plays if _hears(play, occasion)] for occasion in occasions]
    keys = sorted({k for all in found for one in all if one.failed is None for k in one.play.audience_keys})
    if keys:
        organization_id = occasions[0].event.organization_id
        audiences = {audience.key: audience for audience in list_audiences(organization_id).filter(key__in=keys)}
        for occasion, all in zip(occasions, found, strict=True):
            for one in all:
                if one.failed is None and one.play.audience_keys:
                    _ask_audiences(one, occasion, audiences)
    return found


def _hears(play: Play, occasion: Occasion) -> bool:
    return play.hears(occasion.types, caused=bool(occasion.event.depth))


def _weighed(play: Play, occasion: Occasion, zone: str) -> Weighed:
    weighed = Weighed(play, ["eventType"])
    for name, asks_nothing, holds in _CONDITIONS:
        if asks_nothing(play):
            continue
        if not holds(play, occasion, zone):
            weighed.failed = name
            break
        weighed.held.append(name)
    return weighed


def _ask_audiences(weighed: Weighed, occasion: Occasion, audiences: Mapping[str, Audience]) -> None:
    document = occasion.values["member"]
    keys = weighed.play.audience_keys
    if any(key in audiences and belongs(document, audiences[key], at=occasion.at) for key in keys):
        weighed.held.append("audienceKeys")
    else:
        weighed.failed = "audienceKeys"


def _posted(row: Transaction) -> dict[str, Any]:
    """What the ledger posted, as events tell it."""
    return {"ledgerAccountId": row.account_id, "kind": row.kind, "amount": row.amount, "description": row.description}


# --- events that are stored ------------------------------------------------------------------------------------------
def occasion_of(event: LoyaltyEvent, member: Member, at: datetime) -> Occasion:
    """A stored event as campaigns ask about it: with the order it tells of, or that is behind what caused it."""
    root = event
    while root.caused_by is not None:
        root = root.caused_by
    if root.event_type not in ORDER_EVENTS:
        return Occasion(event, member, at)
    return Occasion(event, member, at, order=prepared(root.payload), order_id=root.payload["orderId"], told_by=root)
