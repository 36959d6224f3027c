"""Races for missions with real parallel connections, and a control: the same race with the lock removed, which must go
wrong.
"""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.models import Mission, MissionAchievement, MissionProgress, MissionStep
from campaigns.services import counting
from campaigns.services.counting import Counts, Standing
from loyalty.kernel import clock
from loyalty.kernel.errors import DomainError
from members.models import Member
from members.services import merge_members
from tests.campaigns.plays import happen
from tests.campaigns.quests import increment, make_mission, standing
from tests.coupons.test_races import rivals_meet
from tests.databases import in_parallel
from tests.house import TESTER, House

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

SURELY = 60.0


def test_two_at_once_reach_one_goal_once(house: House, alice: Member) -> None:
    mission = make_mission(house)
    increment(mission, alice, 2)
    answers = in_parallel(*[lambda: increment(mission, alice) for _ in range(8)])
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert sorted(answer["timesAchieved"] for answer in answers) == [1, 1, 1, 2, 2, 2, 3, 3]
    assert (standing(mission, alice), house.balance(alice), house.findings()) == ((1, 3), (30, 0, 0), [])


def test_control_without_the_lock_one_count_is_lost(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    mission = make_mission(house, points=None)
    increment(mission, alice, 1)

    def look(self: Counts, spots: Any) -> None:
        for spot in set(spots) - self._standings.keys():
            row = MissionProgress.objects.get(member=spot.member_id, mission=spot.mission_id, first_day=spot.first_day)
            self._standings[spot] = Standing(row.counter, row.achieved)

    monkeypatch.setattr(Counts, "lock", look)
    with rivals_meet(monkeypatch, [(counting, "_put")], SURELY):
        answers = in_parallel(*[lambda: increment(mission, alice) for _ in range(2)])
    assert [answer["counterCount"] for answer in answers] == [2, 2]
    assert (standing(mission, alice), MissionStep.objects.count()) == ((2, 0), 3)
    assert [finding.rule for finding in house.findings()] == ["mission-counters-equal-journal"]


def test_the_last_achievement_is_one_whoever_counts(house: House, alice: Member) -> None:
    mission = make_mission(house, goal=1, max_repetitions=1)
    calls = [lambda: increment(mission, alice), lambda: happen(house, alice)] * 3
    answers = in_parallel(*calls)
    odd = [answer for answer in answers if isinstance(answer, Exception) and not isinstance(answer, DomainError)]
    assert odd == []
    assert (MissionAchievement.objects.count(), house.balance(alice), house.findings()) == (1, (10, 0, 0), [])


def test_one_key_in_parallel_counts_once(house: House, alice: Member, bob: Member) -> None:
    mission = make_mission(house)
    answers = in_parallel(*[lambda: increment(mission, alice, 4, unique_key="k") for _ in range(6)])
    assert [answer for answer in answers if answer != answers[0]] == []
    assert (standing(mission, alice), MissionStep.objects.count()) == ((1, 1), 1)
    rivals: list[Any] = in_parallel(
        lambda: increment(mission, alice, 1, unique_key="other"), lambda: increment(mission, bob, 1, unique_key="other")
    )
    assert sorted(getattr(answer, "code", "counted") for answer in rivals if isinstance(answer, Exception)) == [
        "IDEMPOTENCY_CONFLICT"
    ]
    assert MissionStep.objects.count() == 2


def test_what_is_counted_while_two_are_merged_is_theirs_who_is_kept_or_refused(
    house: House, alice: Member, bob: Member
) -> None:
    mission = make_mission(house, goal=100)
    increment(mission, bob, 5)
    counts = [lambda: increment(mission, bob) for _ in range(5)]
    merging = [lambda: merge_members(kept=alice, merged=bob, actor=TESTER, at=clock.now(), reason="one")]
    answers = in_parallel(*counts, *merging)
    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert {getattr(answer, "code", repr(answer)) for answer in refused} <= {"MEMBER_GONE"}
    assert standing(mission, alice) == (10 - len(refused), 0)
    assert standing(mission, bob) == (0, 0)
    assert house.findings() == []


def test_events_of_one_member_and_counts_by_hand_do_not_stand_in_each_others_way(house: House, alice: Member) -> None:
    missions: list[Mission] = [make_mission(house, goal=2) for _ in range(3)]
    calls = [lambda: happen(house, alice) for _ in range(6)]
    calls += [lambda mission=mission: increment(mission, alice) for mission in missions]  # type: ignore[misc]
    answers = in_parallel(*calls)
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert [standing(mission, alice) for mission in missions] == [(1, 3)] * 3
    assert (house.balance(alice), house.findings()) == ((90, 0, 0), [])
