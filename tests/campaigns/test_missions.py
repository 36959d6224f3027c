"""Missions: what counts, what is achieved, and how often (semantics 11)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.errors import MissionCompleted, MissionInactive, MissionPeriodFull, MissionRefused
from campaigns.models import MissionAchievement, MissionProgress, MissionStep, Playbook
from campaigns.services import (
    create_event_type,
    evaluate_event,
    evaluate_told,
    import_orders,
)
from ledger.models import Transaction
from ledger.services import update_account
from loyalty.kernel import clock
from loyalty.kernel.errors import DomainError
from members.models import LoyaltyEvent, Member
from members.services import create_audience, leave_program, update_member, update_program
from tests import factories
from tests.campaigns.plays import happen, make_campaign, minting, results
from tests.campaigns.quests import alter, increment, make_mission, matcher_of, said_of, standing
from tests.campaigns.shop import CONFIRMED, draft, item, order, told
from tests.databases import round_trips
from tests.house import NOON, TESTER, Api, House
from tests.refusals import refuses
from tests.walk import every_row


# --- 11.1: what counts -----------------------------------------------------------------------------------------------
def test_11_2_the_third_event_of_three_is_an_achievement_paid_and_told(
    house: House, alice: Member, bob: Member
) -> None:
    mission = make_mission(house)
    events = [happen(house, alice) for _ in range(3)]
    assert [said_of(event, mission) for event in events] == ["applied"] * 3
    assert standing(mission, alice) == (0, 1)
    assert (house.balance(alice), house.balance(bob)) == ((10, 0, 0), (0, 0, 0))
    mint = Transaction.objects.get(kind="mint")
    assert (mint.unique_key, mint.key_kind) == (f"mission:{mission.pk}:{alice.pk}:1", "system")
    assert (mint.description, mint.source) == (mission.name, "mission")
    counted, paid = events[2].execution_results
    assert (counted["counterCount"], counted["timesAchieved"], counted["completed"]) == (0, 1, False)
    assert (paid["effectType"], paid["amount"], paid["ledgerTransactionId"]) == ("mint-points", 10, str(mint.pk))
    news = LoyaltyEvent.objects.get(event_type="mission-status-updated")
    assert (news.member_id, news.caused_by_id, news.depth) == (alice.pk, events[2].pk, 1)
    assert news.payload == {
        "missionId": mission.pk,
        "missionKey": mission.key,
        "missionCode": mission.code,
        "counterCount": 0,
        "goalCount": 3,
        "timesAchieved": 1,
        "completed": False,
    }
    assert house.findings() == []


def test_11_1_a_mission_that_does_not_count_says_which_condition_does_not_hold(house: House, alice: Member) -> None:
    at = clock.now()
    nobody = create_audience(organization_id=house.id, name="N", matcher_type="null-matcher", actor=TESTER, at=at)
    cases = {
        "valid": make_mission(house, valid_from=at + timedelta(days=1)),
        "matcherId": make_mission(house, matcher_id=matcher_of(house)),
        "audienceId": make_mission(house, audience_id=nobody.pk),
    }
    over = make_mission(house, valid_to=at)
    asleep, other = make_mission(house, active=False), make_mission(house, event_type="badge-minted")
    event = happen(house, alice)
    assert {said_of(event, mission): mission.pk for mission in cases.values()} == {
        condition: mission.pk for condition, mission in cases.items()
    }
    assert said_of(event, over) == "valid"
    assert not {asleep.pk, other.pk} & {row["missionId"] for row in event.execution_results}
    assert (MissionStep.objects.count(), MissionProgress.objects.count()) == (0, 0)


def test_11_1_it_counts_from_its_first_instant_to_before_its_last(house: House, alice: Member) -> None:
    at = clock.now()
    mission = make_mission(house, goal=9, valid_from=at - timedelta(days=2), valid_to=at - timedelta(days=1))
    for days, wanted in ((2, "applied"), (1, "valid"), (3, "valid")):
        event = happen(house, alice, external_event_at=at - timedelta(days=days))
        assert said_of(event, mission) == wanted
    assert standing(mission, alice) == (1, 0)


def test_11_1_it_counts_for_members_of_its_program_while_that_is_active(house: House, alice: Member) -> None:
    mission = make_mission(house)
    update_program(program=house.program, changes={"active": False}, actor=TESTER, at=clock.now())
    assert said_of(happen(house, alice), mission) == "loyaltyProgramId"
    with pytest.raises(MissionInactive):
        increment(mission, alice)
    update_program(program=house.program, changes={"active": True}, actor=TESTER, at=clock.now())
    leave_program(member=alice, program=house.program, actor=TESTER, at=clock.now())
    assert said_of(happen(house, alice), mission) == "loyaltyProgramId"
    with pytest.raises(MissionRefused) as refused:
        increment(mission, alice)
    assert refused.value.code == "NOT_ELIGIBLE"
    assert standing(mission, alice) == (0, 0)


def test_11_1_a_stamp_card_counts_pieces_in_whole_numbers(house: House, alice: Member) -> None:
    card = make_mission(house, goal=10, event_type=CONFIRMED, matcher_id=matcher_of(house))
    placed = order(house, alice, 30, items=[item("coffee", 12, 3), item("cake", 9), item("coffee", 9, 2.5)])
    (row,) = placed.rows
    assert (row["result"], row["amount"], row["counterCount"]) == ("applied", 5, 5)
    order(house, alice, 30, external_id="o-2", items=[item("cake", 30)])
    order(house, alice, 3, external_id="o-3", items=[item("coffee", 3, 0.5)])
    assert standing(card, alice) == (5, 0)
    paid = order(house, alice, 99, external_id="o-4", items=[item("coffee", 99, 17)])
    assert told(paid)["pointsAwarded"] == 20
    assert (standing(card, alice), house.balance(alice)) == ((2, 2), (20, 0, 0))


def test_10_1_a_matcher_that_cannot_be_asked_fails_the_event_and_nothing_is_counted(
    house: House, alice: Member
) -> None:
    mission = make_mission(house, event_type=CONFIRMED, matcher_id=matcher_of(house, "item.customAttributes.a > 1"))
    placed = order(house, alice, items=[item("coffee", 1, customAttributes={"a": "x"})])
    assert [(row["result"], row["error"]["code"]) for row in placed.rows] == [("failed", "RULE_FAILED")]
    assert standing(mission, alice) == (0, 0)


def test_7_5_an_event_of_ones_own_counts_as_a_generic_one(house: House, alice: Member) -> None:
    words: dict[str, Any] = {"organization_id": house.id, "actor": TESTER, "at": clock.now()}
    create_event_type(code="visited", name="Visit", schema_type="builtin", **words)
    mission = make_mission(house)
    assert said_of(happen(house, alice, event_type="visited"), mission) == "applied"


def test_7_4_what_the_system_tells_is_counted_too(house: House) -> None:
    mission = make_mission(house, goal=1, event_type="member-created")
    assert Playbook.objects.get().named == "|member-created|"
    dora = factories.MemberFactory(organization=house.organization, loyalty_member_id="dora")
    for _ in range(2):
        evaluate_told(house.id, at=clock.now())
    assert (standing(mission, dora), house.balance(dora)) == ((0, 1), (10, 0, 0))


def test_7_4_a_mission_of_missions_is_counted_where_one_is_achieved_itself_too(house: House, alice: Member) -> None:
    make_mission(house, goal=1)
    both = make_mission(house, goal=2, event_type="mission-status-updated", points=None)
    for _ in range(2):
        happen(house, alice)
        evaluate_told(house.id, at=clock.now())
    # Two of the other, and then its own.
    assert standing(both, alice) == (1, 1)


# --- 11.2, 11.3: how often -------------------------------------------------------------------------------------------
def test_11_2_what_is_over_carries_and_several_goals_are_reached_at_once(house: House, alice: Member) -> None:
    mission = make_mission(house)
    assert increment(mission, alice, 8) == {
        "missionId": mission.pk,
        "memberId": alice.pk,
        "counterCount": 2,
        "goalCount": 3,
        "timesAchieved": 2,
        "completed": False,
    }
    keys = Transaction.objects.filter(kind="mint").order_by("pk").values_list("unique_key", flat=True)
    assert list(keys) == [f"mission:{mission.pk}:{alice.pk}:{number}" for number in (1, 2)]
    news = LoyaltyEvent.objects.filter(event_type="mission-status-updated").order_by("pk")
    assert [(one.payload["timesAchieved"], one.payload["counterCount"]) for one in news] == [(1, 5), (2, 2)]
    assert increment(mission, alice)["timesAchieved"] == 3
    assert (house.balance(alice), house.findings()) == ((30, 0, 0), [])


def test_11_3_achieved_as_often_as_it_can_be_it_is_completed_and_counts_no_more(house: House, alice: Member) -> None:
    mission = make_mission(house, max_repetitions=2)
    balance = increment(mission, alice, 11)
    assert (balance["timesAchieved"], balance["completed"], balance["counterCount"]) == (2, True, 5)
    assert said_of(happen(house, alice), mission) == "maxRepetitions"
    with pytest.raises(MissionCompleted):
        increment(mission, alice)
    assert (standing(mission, alice), house.balance(alice)) == ((5, 2), (20, 0, 0))
    # With more of them allowed, what was counted counts.
    alter(mission, max_repetitions=3)
    assert increment(mission, alice)["counterCount"] == 3


@pytest.mark.parametrize(
    ("period", "same", "after"),
    [
        ("day", "2030-03-15T22:59:59+00:00", "2030-03-15T23:00:00+00:00"),
        ("week", "2030-03-17T22:59:59+00:00", "2030-03-17T23:00:00+00:00"),
        ("month", "2030-03-31T21:59:59+00:00", "2030-03-31T22:00:00+00:00"),
        ("year", "2030-12-31T22:59:59+00:00", "2030-12-31T23:00:00+00:00"),
    ],
)
def test_11_3_a_period_is_one_of_the_local_calendar_and_begins_anew(
    noon: time_machine.Coordinates, house: House, alice: Member, period: str, same: str, after: str
) -> None:
    house.organization.timezone = "Europe/Berlin"
    house.organization.save()
    mission = make_mission(house, repetition_period=period, period_limit=1)
    happen(house, alice)
    noon.move_to(datetime.fromisoformat(same))
    happen(house, alice)
    assert standing(mission, alice) == (2, 0)
    noon.move_to(datetime.fromisoformat(after))
    happen(house, alice)
    assert standing(mission, alice) == (1, 0)
    assert increment(mission, alice, 2)["timesAchieved"] == 1
    assert said_of(happen(house, alice), mission) == "periodLimit"
    with pytest.raises(MissionPeriodFull):
        increment(mission, alice)
    # What happened in the period before counts there.
    late = happen(house, alice, external_event_at=datetime.fromisoformat(same))
    assert said_of(late, mission) == "applied"
    assert (standing(mission, alice), house.balance(alice), house.findings()) == ((0, 2), (20, 0, 0), [])


def test_11_3_achievements_of_all_periods_count_towards_the_most(
    noon: time_machine.Coordinates, house: House, alice: Member
) -> None:
    mission = make_mission(house, goal=1, repetition_period="day", max_repetitions=2)
    for day in range(3):
        noon.move_to(NOON + timedelta(days=day))
        event = happen(house, alice)
    assert said_of(event, mission) == "maxRepetitions"
    assert standing(mission, alice) == (0, 2)


# --- 11.4: by hand ---------------------------------------------------------------------------------------------------
def test_11_4_a_key_acts_once(house: House, api: Api, alice: Member, bob: Member) -> None:
    mission = make_mission(house)
    path = f"members/{alice.pk}/missions/{mission.pk}/increment"
    body = {"amount": 4, "systemUniqueKey": "k-1", "externalEventDate": "2026-01-01T00:00:00Z", "tags": ["a"]}
    first = api.post(path, body)
    assert (first.status_code, first.body["balance"]["counterCount"]) == (201, 1)
    api.post(path, {"amount": 1})
    before = every_row()
    again = api.post(path, body)
    assert (again.status_code, again.body) == (200, first.body)
    refuses(api, "POST", path, {**body, "amount": 5}, 409, "IDEMPOTENCY_CONFLICT")
    other = f"members/{bob.pk}/missions/{mission.pk}/increment"
    refuses(api, "POST", other, body, 409, "IDEMPOTENCY_CONFLICT")
    assert every_row() == before


def test_11_4_zero_changes_nothing(house: House, api: Api, alice: Member) -> None:
    mission = make_mission(house)
    increment(mission, alice, 2)
    steps = MissionStep.objects.count()
    answer = api.post(f"members/{alice.pk}/missions/{mission.pk}/increment", {"amount": 0})
    assert (answer.status_code, answer.body["balance"]["counterCount"]) == (201, 2)
    assert (MissionStep.objects.count(), standing(mission, alice)) == (steps, (2, 0))


def test_11_4_what_cannot_be_counted_is_refused_and_nothing_moves(house: House, api: Api, alice: Member) -> None:
    at = clock.now()
    asleep, over = make_mission(house, active=False), make_mission(house, valid_to=at - timedelta(days=1))
    done = make_mission(house, goal=1, max_repetitions=1)
    increment(done, alice)
    awake = make_mission(house, max_repetitions=10_000)
    for mission, code in ((asleep, "MISSION_INACTIVE"), (over, "MISSION_INACTIVE"), (done, "MISSION_COMPLETED")):
        refuses(api, "POST", f"members/{alice.pk}/missions/{mission.pk}/increment", {"amount": 1}, 422, code)
    path = f"members/{alice.pk}/missions/{awake.pk}/increment"
    refuses(api, "POST", path, {"amount": -1}, 400, "INVALID_INPUT")
    refuses(api, "POST", path, {"amount": 1, "externalEventDate": "2999-01-01T00:00:00Z"}, 400, "INVALID_INPUT")
    refuses(api, "POST", path, {"amount": 3 * 1001}, 422, "TOO_MANY_GOALS")
    update_member(member=alice, changes={"active": False}, actor=TESTER, at=at)
    refuses(api, "POST", path, {"amount": 1}, 422, "MEMBER_INACTIVE")


def test_11_2_points_that_cannot_be_given_leave_nothing_counted_and_are_tried_again(
    house: House, alice: Member
) -> None:
    mission = make_mission(house, goal=2)
    happen(house, alice)
    update_account(account=house.account, changes={"active": False}, actor=TESTER, at=clock.now())
    event = happen(house, alice)
    assert (event.status, results(event)) == ("failed", ["failed", "failed"])
    assert event.execution_results[0]["error"]["code"] == "ACCOUNT_INACTIVE"
    assert (standing(mission, alice), MissionAchievement.objects.count()) == ((1, 0), 0)
    with pytest.raises(DomainError, match="account"):
        increment(mission, alice)
    assert (standing(mission, alice), MissionStep.objects.count()) == ((1, 0), 1)
    house.account.refresh_from_db()
    update_account(account=house.account, changes={"active": True}, actor=TESTER, at=clock.now())
    for _ in range(2):
        event.refresh_from_db()
        evaluate_event(event, actor=TESTER, at=clock.now())
    event.refresh_from_db()
    assert (event.status, results(event)) == ("success", ["applied", "applied"])
    assert (standing(mission, alice), house.balance(alice), house.findings()) == ((0, 1), (10, 0, 0), [])


def test_7_3_what_is_counted_stays_counted_when_a_campaign_is_tried_again(house: House, alice: Member) -> None:
    mission = make_mission(house, points=None)
    make_campaign(house, minting(5))
    update_account(account=house.account, changes={"active": False}, actor=TESTER, at=clock.now())
    event = happen(house, alice)
    assert (event.status, standing(mission, alice)) == ("failed", (1, 0))
    house.account.refresh_from_db()
    update_account(account=house.account, changes={"active": True}, actor=TESTER, at=clock.now())
    evaluate_event(event, actor=TESTER, at=clock.now())
    event.refresh_from_db()
    assert sorted(results(event)) == ["applied", "applied"]
    assert (standing(mission, alice), house.balance(alice)) == ((1, 0), (5, 0, 0))


# --- a plain model ---------------------------------------------------------------------------------------------------
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    goal=st.integers(1, 4),
    most=st.integers(1, 4),
    limit=st.none() | st.integers(0, 2),
    period=st.sampled_from(["", "day"]),
    steps=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 6)), max_size=8),
)
def test_11_the_counter_and_the_achievements_are_those_of_a_plain_model(
    house: House, goal: int, most: int, limit: int | None, period: str, steps: list[tuple[int, int]]
) -> None:
    member = factories.MemberFactory(organization=house.organization)
    mission = make_mission(house, goal, max_repetitions=most, period_limit=limit, repetition_period=period)
    counters: dict[int, int] = {}
    reached: dict[int, int] = {}
    for day, amount in steps:
        here = day if period else 0
        is_full = sum(reached.values()) >= most or (limit is not None and reached.get(here, 0) >= limit)
        try:
            balance = increment(
                mission, member, amount, external_event_at=NOON.replace(year=2025) + timedelta(days=day)
            )
        except (MissionCompleted, MissionPeriodFull):
            assert is_full
            continue
        assert not is_full
        counters[here] = counters.get(here, 0) + amount
        while (
            counters[here] >= goal and sum(reached.values()) < most and (limit is None or reached.get(here, 0) < limit)
        ):
            counters[here] -= goal
            reached[here] = reached.get(here, 0) + 1
        assert (balance["counterCount"], balance["timesAchieved"]) == (counters[here], sum(reached.values()))
    # What is that old has expired since.
    minted = Transaction.objects.filter(kind="mint", to_wallet=member.wallet_id).values_list("amount", flat=True)
    assert list(minted) == [10] * sum(reached.values())
    assert MissionAchievement.objects.filter(member=member).count() == sum(reached.values())


# --- costs -----------------------------------------------------------------------------------------------------------
def test_an_event_that_no_mission_waits_for_costs_nothing_more(house: House, alice: Member) -> None:
    make_campaign(house, minting(5))

    def cost() -> int:
        happen(house, alice)
        with round_trips() as asked:
            happen(house, alice)
        return len(asked)

    before = cost()
    for _ in range(3):
        make_mission(house, event_type="badge-minted")
    assert cost() == before


def test_many_orders_cost_as_much_as_few_however_many_missions_they_count_for(house: House) -> None:
    for _ in range(2):
        make_mission(house, goal=1, event_type=CONFIRMED)
    crowd = [factories.MemberFactory(organization=house.organization) for _ in range(12)]

    def cost(members: list[Member], word: str) -> int:
        with round_trips() as asked:
            import_orders(
                organization_id=house.id,
                names=[member.loyalty_member_id for member in members],
                drafts=[lambda member: draft(house, member, external_id=f"{word}-{member.pk}") for _ in members],
                actor=TESTER,
                at=clock.now(),
            )
        return len(asked)

    cost(crowd[:2], "warm")
    few, many = cost(crowd[:3], "few"), cost(crowd, "many")
    assert MissionAchievement.objects.count() == 2 * (2 + 3 + 12)
    assert many <= few + 40
    assert house.findings() == []
