"""Missions that campaigns count, and what goes back with an order (semantics 9.6, 8.4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from campaigns.models import Mission
from campaigns.services import (
    evaluate_waiting,
    ordering,
    results_of,
)
from ledger.models import Transaction
from loyalty.kernel import clock
from loyalty.kernel.errors import InvalidInput
from members.models import Member
from tests.campaigns.plays import add_action, happen, make_campaign, minting, results
from tests.campaigns.quests import alter, increment, make_mission, matcher_of, standing
from tests.campaigns.shop import CONFIRMED, item, order, told
from tests.house import House


# --- 9.6: the effect -------------------------------------------------------------------------------------------------
def counting(mission: Mission, **params: Any) -> dict[str, Any]:
    return {"type": "increment-mission", "params": {"missionKey": mission.key, **params}}


def test_9_6_a_campaign_counts_a_mission(house: House, alice: Member) -> None:
    mission = make_mission(house, event_type="badge-minted")
    make_campaign(house, counting(mission, amount={"expression": "event.payload.cups"}))
    event = happen(house, alice, payload={"cups": 7})
    (row,) = event.execution_results
    assert (row["result"], row["amount"], row["counterCount"], row["timesAchieved"]) == ("applied", 7, 1, 2)
    assert row["ledgerTransactionIds"] == [
        str(pk) for pk in Transaction.objects.order_by("pk").values_list("pk", flat=True)
    ]
    assert results(happen(house, alice, payload={"cups": 0})) == ["nothing"]
    assert (standing(mission, alice), house.balance(alice), house.findings()) == ((1, 2), (20, 0, 0), [])


def test_9_6_an_effect_and_the_mission_itself_count_one_event_in_one_place(house: House, alice: Member) -> None:
    mission = make_mission(house, goal=3)
    make_campaign(house, counting(mission, amount=2))
    event = happen(house, alice)
    assert (results(event), standing(mission, alice)) == (["applied", "applied", "applied"], (0, 1))
    assert house.findings() == []


def test_9_6_a_mission_that_takes_nothing_is_no_failure(house: House, alice: Member) -> None:
    mission = make_mission(house, goal=1, max_repetitions=1, event_type="badge-minted")
    campaign = make_campaign(house, counting(mission))
    happen(house, alice)
    event = happen(house, alice)
    assert [(row["result"], row["reason"]) for row in event.execution_results] == [("nothing", "MISSION_COMPLETED")]
    alter(mission, active=False)
    event = happen(house, alice)
    assert [(row["result"], row["reason"]) for row in event.execution_results] == [("nothing", "MISSION_INACTIVE")]
    with pytest.raises(InvalidInput, match="mission"):
        add_action(campaign, {"type": "increment-mission", "params": {"missionKey": "none"}})


def test_9_4_an_action_that_fails_counts_nothing(house: House, alice: Member) -> None:
    mission, paid = make_mission(house, goal=1), make_mission(house, goal=1, event_type="badge-minted")
    burn = {"type": "burn-points", "params": {"amount": 999}}
    make_campaign(house, counting(mission), counting(paid), burn)
    event = happen(house, alice)
    assert results(event) == ["failed", "failed", "failed", "applied", "applied"]
    assert (standing(mission, alice), standing(paid, alice)) == ((0, 1), (0, 0))
    assert (house.balance(alice), house.findings()) == ((10, 0, 0), [])


# --- 8.4: returns ----------------------------------------------------------------------------------------------------
def test_8_4_what_a_returned_order_counted_goes_back_and_an_achievement_stays(house: House, alice: Member) -> None:
    mission = make_mission(house, event_type=CONFIRMED)
    for number in range(5):
        order(house, alice, external_id=f"o-{number}")
    assert standing(mission, alice) == (2, 1)
    first = order(house, alice, status="returned", external_id="o-0")
    assert [row["result"] for row in first.rows if row["result"] == "returned"] == []
    last = order(house, alice, status="cancelled", external_id="o-4")
    (row,) = [row for row in last.rows if row["result"] == "returned"]
    assert (row["missionId"], row["amount"], row["kept"]) == (mission.pk, 1, 0)
    assert (standing(mission, alice), house.balance(alice), house.findings()) == ((1, 1), (10, 0, 0), [])
    order(house, alice, external_id="o-9")
    assert standing(mission, alice) == (2, 1)


def test_8_4_a_stamp_card_keeps_the_stamps_of_what_is_kept(house: House, alice: Member) -> None:
    card = make_mission(house, goal=10, event_type=CONFIRMED, matcher_id=matcher_of(house))
    order(house, alice, 40, items=[item("coffee", 20, 4), item("cake", 20)])
    for pieces, left in ((4, 4), (3, 3), (3, 3), (1, 1)):
        order(
            house, alice, 19 + pieces, status="partially-returned", items=[item("coffee", 5, pieces), item("cake", 9)]
        )
        assert standing(card, alice) == (left, 0)
    order(house, alice, 0, status="returned", items=[])
    assert (standing(card, alice), house.findings()) == ((0, 0), [])


def test_8_4_a_partly_used_up_count_goes_back_as_far_as_it_is_there(house: House, alice: Member) -> None:
    card = make_mission(house, goal=10, event_type=CONFIRMED, matcher_id=matcher_of(house))
    increment(card, alice, 8)
    order(house, alice, 40, items=[item("coffee", 40, 5)])
    assert standing(card, alice) == (3, 1)
    increment(card, alice, 4)
    placed = order(house, alice, 40, status="returned")
    (row,) = [row for row in placed.rows if row["result"] == "returned"]
    # Two of its five are part of the achievement.
    assert (row["amount"], row["kept"]) == (3, 2)
    assert (standing(card, alice), house.findings()) == ((4, 1), [])


def test_8_4_an_order_that_was_given_late_is_counted_by_what_it_has_become(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    mission = make_mission(house, event_type=CONFIRMED)
    with monkeypatch.context() as patch:
        patch.setattr(ordering, "evaluate", lambda plan, **words: None)
        order(house, alice)
    order(house, alice, status="cancelled")
    evaluate_waiting(at=clock.now() + timedelta(minutes=5))
    assert (standing(mission, alice), house.findings()) == ((0, 0), [])


def test_8_4_what_a_campaign_counted_for_an_order_goes_back_with_it(house: House, alice: Member) -> None:
    mission = make_mission(house, goal=10, event_type="badge-minted")
    make_campaign(house, counting(mission, amount=4), minting(5), event_type=CONFIRMED)
    order(house, alice)
    assert (standing(mission, alice), house.balance(alice)) == ((4, 0), (5, 0, 0))
    order(house, alice, status="returned")
    assert (standing(mission, alice), house.balance(alice), house.findings()) == ((0, 0), (0, 0, 0), [])


def test_8_7_an_orders_results_tell_the_points_of_missions_and_what_failed(house: House, alice: Member) -> None:
    by_effect = make_mission(house, goal=1, event_type="badge-minted")
    make_campaign(house, counting(by_effect), event_type=CONFIRMED)
    make_mission(house, goal=2, event_type=CONFIRMED)
    order(house, alice)
    assert told(order(house, alice, external_id="o-2"))["pointsAwarded"] == 20
    broken = make_mission(house, event_type=CONFIRMED, matcher_id=matcher_of(house, "item.customAttributes.a > 1"))
    placed = order(house, alice, external_id="o-3", items=[item("coffee", 1, customAttributes={"a": "x"})])
    assert placed.order is not None
    (error,) = results_of(placed.order, placed.rows)["errors"]
    assert (error["missionId"], error["code"], error["campaignId"]) == (broken.pk, "RULE_FAILED", None)
