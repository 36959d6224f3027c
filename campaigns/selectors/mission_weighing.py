"""What the conditions of missions say of an event (semantics 11.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from campaigns.selectors.mission_plays import PlayMission
from campaigns.selectors.occasions import Occasion, matched_of
from loyalty.expressions import EvaluationError, Rule
from members.models import Audience
from members.selectors import belongs, list_audiences

_MOST = 18_446_744_073_709


@dataclass(slots=True)
class WeighedMission:
    """What the conditions of a mission said: those that held, the first that did not, how much is to be counted; and
    `error`, where its matcher could not be asked.
    """

    mission: PlayMission
    amount: int = 1
    held: list[str] = field(default_factory=lambda: ["eventType"])
    failed: str | None = None
    error: str = ""


def weigh_missions(missions: Sequence[PlayMission], occasions: Sequence[Occasion]) -> list[list[WeighedMission]]:
    """For each occasion what the conditions of the missions that hear it said. Audiences, which alone cost a query, are
    asked last, and only of missions all other conditions of which hold.
    """
    found = [
        [_weighed(mission, occasion) for mission in missions if mission.hears(occasion.types)] for occasion in occasions
    ]
    asked = (one.mission.audience_id for all in found for one in all if one.failed is None)
    wanted = {audience_id for audience_id in asked if audience_id is not None}
    if wanted:
        listed = list_audiences(occasions[0].event.organization_id).filter(pk__in=wanted)
        audiences = {audience.pk: audience for audience in listed}
        for occasion, all in zip(occasions, found, strict=True):
            for one in all:
                _ask_audience(one, occasion, audiences)
    return found


def _weighed(mission: PlayMission, occasion: Occasion) -> WeighedMission:
    weighed = WeighedMission(mission)
    place = occasion.places.get(mission.program_id)
    if not mission.is_valid_at(occasion.happened_at):
        return _not(weighed, "valid")
    if mission.valid_from is not None or mission.valid_to is not None:
        weighed.held.append("valid")
    if place is None or not place.program.active:
        return _not(weighed, "loyaltyProgramId")
    weighed.held.append("loyaltyProgramId")
    return weighed if mission.matcher is None else _ask_matcher(weighed, mission.matcher, occasion)


def _not(weighed: WeighedMission, condition: str) -> WeighedMission:
    weighed.failed, weighed.amount = condition, 0
    return weighed


def _ask_matcher(weighed: WeighedMission, matcher: Rule, occasion: Occasion) -> WeighedMission:
    try:
        quantity = quantity_of(matcher, occasion.order, occasion.values)
    except EvaluationError as error:
        weighed.error, weighed.amount = error.message, 0
        return weighed
    if quantity is None:
        return _not(weighed, "matcherId")
    weighed.held.append("matcherId")
    weighed.amount = quantity
    return weighed


def quantity_of(matcher: Rule, order: Mapping[str, Any] | None, values: Mapping[str, Any]) -> int | None:
    """How many of the order's items the matcher means, in whole pieces; none where it means no item.

    :raises EvaluationError: where the matcher cannot be asked of an item.
    """
    matched = matched_of((order or {}).get("items") or [], matcher, values)
    if matched["quantity"] > _MOST:
        raise EvaluationError("The quantity is larger than any that can be meant.")
    return int(matched["quantity"]) if matched["items"] else None


def _ask_audience(weighed: WeighedMission, occasion: Occasion, audiences: Mapping[int, Audience]) -> None:
    audience_id = weighed.mission.audience_id
    if weighed.failed is not None or audience_id is None:
        return
    audience = audiences.get(audience_id)
    if audience is not None and belongs(occasion.values["member"], audience, at=occasion.at):
        weighed.held.append("audienceId")
    else:
        _not(weighed, "audienceId")
