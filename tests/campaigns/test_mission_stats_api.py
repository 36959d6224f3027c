"""How missions went, over the core API (semantics 14)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from campaigns.models import Mission, MissionStep
from members.models import Member
from tests.campaigns.plays import happen
from tests.campaigns.quests import make_mission
from tests.campaigns.shop import order
from tests.house import Api, House
from tests.refusals import refuses

WINDOW = "sinceFrom=2030-03-10T00:00:00Z&sinceTo=2030-03-12T00:00:00Z"


def on(text: str) -> datetime:
    return datetime.fromisoformat(f"2030-03-{text}+00:00")


@pytest.fixture
def missions(noon: Any, house: House, neighbor: House, alice: Member, bob: Member, charlie: Member) -> list[Mission]:
    """Of three visits, of two that are tagged, and one that nobody is on. Alice began both before the eleventh."""
    long = make_mission(house, goal_count=3)
    short = make_mission(house, goal_count=2, tags=["stamp"])
    idle = make_mission(house, event_type="badge-minted")
    make_mission(neighbor)
    for day in ("09 12:00", "10 00:00", "11 12:00", "11 13:00"):
        happen(house, alice, external_event_at=on(day))
    happen(house, bob, external_event_at=on("11 23:59:59"))
    happen(house, bob, external_event_at=on("12 00:00"))
    happen(neighbor, charlie, external_event_at=on("11 12:00"))
    return [long, short, idle]


def results(api: Api, path: str) -> Any:
    answer = api.get(f"stats/missions{path}")
    assert answer.status_code == 200, answer.content
    return answer.body["results" if "results" in answer.body else "result"]


def row(mission: Mission, *figures: int) -> dict[str, int]:
    return {"missionId": mission.pk, **dict(zip(("started", "achieved", "members"), figures, strict=True))}


def test_14_each_mission_tells_who_began_it_and_how_often_it_was_achieved(missions: list[Mission], api: Api) -> None:
    long, short, idle = missions
    assert results(api, "") == [row(long, 2, 1, 2), row(short, 2, 3, 2), row(idle, 0, 0, 0)]
    # Alice had begun a day before.
    assert results(api, f"?{WINDOW}") == [row(long, 1, 1, 2), row(short, 1, 2, 2), row(idle, 0, 0, 0)]
    assert results(api, f"?{WINDOW}&tag=stamp") == [row(short, 1, 2, 2)]
    assert results(api, "?tag=nothing") == []


def test_14_all_missions_are_added_up_and_a_member_is_one_on_all_of_them(missions: list[Mission], api: Api) -> None:
    assert results(api, f"/totals?{WINDOW}") == {"started": 2, "achieved": 3, "members": 2, "pointsAccrued": 30}
    assert results(api, "/totals") == {"started": 4, "achieved": 4, "members": 2, "pointsAccrued": 40}
    assert results(api, "/totals?tag=stamp") == {"started": 2, "achieved": 3, "members": 2, "pointsAccrued": 30}
    none = dict.fromkeys(("started", "achieved", "members", "pointsAccrued"), 0)
    assert results(api, "/totals?tag=nothing") == none


def test_14_who_achieved_most_comes_first(missions: list[Mission], alice: Member, bob: Member, api: Api) -> None:
    def told(member: Member, completions: int) -> dict[str, Any]:
        return {"memberId": member.pk, "loyaltyMemberId": member.loyalty_member_id, "completions": completions}

    assert results(api, "/top-members") == [told(alice, 3), told(bob, 1)]
    assert results(api, "/top-members?limit=1") == [told(alice, 3)]
    assert results(api, "/top-members?tag=stamp") == [told(alice, 2), told(bob, 1)]
    assert results(api, f"/top-members?{WINDOW}") == [told(alice, 3)]
    assert results(api, "/top-members?tag=nothing") == []


def test_14_members_are_counted_by_how_many_missions_they_achieved(
    missions: list[Mission], house: House, api: Api
) -> None:
    assert results(api, "/completions") == [{"completions": 1, "members": 1}, {"completions": 3, "members": 1}]
    assert results(api, "/completions?limit=1") == [{"completions": 1, "members": 1}]
    for path in ("completions", "top-members"):
        for limit in ("0", "101", "x"):
            refuses(api, "GET", f"stats/missions/{path}?limit={limit}", None, 400, "INVALID_INPUT")


def test_14_what_a_return_took_back_was_never_counted(noon: Any, house: House, alice: Member, api: Api) -> None:
    mission = make_mission(house, event_type="member-purchase-order-created", goal_count=5)
    order(house, alice, status="created")
    assert results(api, "") == [row(mission, 1, 0, 1)]
    order(house, alice, status="cancelled")
    assert [step.taken for step in MissionStep.objects.all()] == [1]
    assert results(api, "") == [row(mission, 0, 0, 0)]


def test_14_where_there_are_no_missions_there_are_no_figures(house: House, api: Api) -> None:
    assert results(api, "") == results(api, "/top-members") == results(api, "/completions") == []
