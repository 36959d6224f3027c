"""Missions for tests, and short words for how far members are."""

from __future__ import annotations

from itertools import count
from typing import Any

from campaigns import services
from campaigns.models import Mission, MissionProgress
from campaigns.selectors import get_mission
from campaigns.services import create_matcher
from loyalty.kernel import clock
from members.models import LoyaltyEvent, Member
from tests.campaigns.plays import GENERIC
from tests.house import TESTER, House

_numbers = count(1)


def make_mission(house: House, goal: int = 3, **said: Any) -> Mission:
    """A mission on generic events: three of them are ten points, a hundred times."""
    number = next(_numbers)
    said = {
        "name": f"Mission {number}",
        "code": f"m{number}",
        "program_id": house.program.pk,
        "event_type": GENERIC,
        "goal_count": goal,
        "max_repetitions": 100,
        "points": 10,
        **said,
    }
    return services.create_mission(organization_id=house.id, actor=TESTER, at=clock.now(), **said)


def alter(mission: Mission, **changes: Any) -> Mission:
    """The mission, changed."""
    return services.update_mission(mission=mission, changes=changes, actor=TESTER, at=clock.now())


def increment(mission: Mission, member: Member, amount: int = 1, **said: Any) -> dict[str, Any]:
    """How far the member is after so much is counted by hand."""
    at = said.pop("at", None) or clock.now()
    fresh = get_mission(mission.organization_id, mission.pk)
    done = services.increment_mission(mission=fresh, member=member, amount=amount, actor=TESTER, at=at, **said)
    return done.balance


def standing(mission: Mission, member: Member) -> tuple[int, int]:
    """(counter of the newest period, achievements in all)."""
    rows = MissionProgress.objects.filter(mission=mission, member=member).order_by("first_day")
    return (rows.last().counter, rows.first().achieved) if rows else (0, 0)  # type: ignore[union-attr]


def said_of(event: LoyaltyEvent, mission: Mission) -> Any:
    """What came of the mission: its result, and the condition that did not hold where one did not."""
    (row,) = [one for one in event.execution_results if one.get("missionId") == mission.pk and "condition" in one] or [
        one
        for one in event.execution_results
        if one.get("missionId") == mission.pk and one["effectType"] == "increment-mission"
    ]
    return row.get("condition") or row["result"]


def matcher_of(house: House, rule: str = "item.sku == 'coffee'") -> int:
    words: dict[str, Any] = {"organization_id": house.id, "actor": TESTER, "at": clock.now()}
    return create_matcher(name=rule, type="item-matcher", matcher={"expression": rule}, **words).pk
