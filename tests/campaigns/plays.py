"""Campaigns for tests, and short words for what happens to members."""

from __future__ import annotations

from itertools import count
from typing import Any

from campaigns import services
from campaigns.models import Campaign, CampaignAction
from loyalty.kernel import clock
from members.models import LoyaltyEvent, Member
from tests.house import TESTER, Api, House

_numbers = count(1)
GENERIC = "member-generic-event"


def minting(amount: Any = 10, **params: Any) -> dict[str, Any]:
    """An effect that mints; a text is an expression."""
    return {
        "type": "mint-points",
        "params": {"amount": {"expression": amount} if isinstance(amount, str) else amount, **params},
    }


def make_campaign(
    house: House, *effects: dict[str, Any], action: dict[str, Any] | None = None, **said: Any
) -> Campaign:
    """A campaign on generic events with one running action; no action where there are no effects."""
    number = next(_numbers)
    said = {"name": f"Campaign {number}", "code": f"c{number}", "event_type": GENERIC, **said}
    campaign = services.create_campaign(organization_id=house.id, actor=TESTER, at=clock.now(), **said)
    if effects:
        add_action(campaign, *effects, **(action or {}))
    return campaign


def add_action(campaign: Campaign, *effects: dict[str, Any], **said: Any) -> CampaignAction:
    """A running action of the campaign."""
    said = {"name": "Give", "status": "running", "effects": {"effects": list(effects)}, **said}
    return services.create_action(campaign=campaign, actor=TESTER, at=clock.now(), **said)


def change(campaign: Campaign, **changes: Any) -> Campaign:
    """The campaign, changed."""
    return services.update_campaign(campaign=campaign, changes=changes, actor=TESTER, at=clock.now())


def happen(house: House, member: Member, **said: Any) -> LoyaltyEvent:
    """A generic event of the member, taken in; answers it with what came of it."""
    said = {"event_type": GENERIC, "unique_key": f"event-{next(_numbers)}", **said}
    event, _ = services.track_event(
        organization_id=house.id, member_id=member.pk, actor=TESTER, at=said.pop("at", None) or clock.now(), **said
    )
    return event


def results(event: LoyaltyEvent) -> list[str]:
    """What came of each line."""
    return [row["result"] for row in event.execution_results]


def failed_condition(event: LoyaltyEvent) -> str | None:
    """The condition that did not hold, of the only campaign."""
    (row,) = event.execution_results
    condition: str | None = row.get("condition")
    return condition


def track(api: Api, member: Member, **more: Any) -> dict[str, Any]:
    """The body that tells an event of the member."""
    return {
        "systemUniqueKey": "visit-1",
        "memberId": member.pk,
        "eventType": GENERIC,
        "organizationId": api.organization_id,
        **more,
    }
