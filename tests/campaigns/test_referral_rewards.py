"""Referrals: what both sides are given, when, and what goes back (semantics 12.3, 8.4)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from campaigns.services import evaluate_told
from ledger.models import Transaction
from ledger.services import update_account
from loyalty.kernel import clock
from loyalty.kernel.services.runner import run_one_job
from members.models import LoyaltyEvent, Member
from members.services import leave_program, update_member
from tests.campaigns.friends import JOINING, block, change, codes_path, give_codes, join, make_referrals, taken
from tests.campaigns.plays import GENERIC, happen, make_campaign, minting, results
from tests.campaigns.shop import CONFIRMED, order, preview, told
from tests.databases import round_trips
from tests.house import NOON, TESTER, Api, House


# --- rewards ---------------------------------------------------------------------------------------------------------
def test_12_3_the_event_that_is_waited_for_rewards_both_sides_once(house: House, api: Api, alice: Member) -> None:
    program = make_referrals(house, event_type=GENERIC)
    give_codes(program, alice)
    dora = join(house)
    assert happen(house, dora, event_type="benefit-used").execution_results == []
    assert happen(house, alice).execution_results == []
    assert house.balance(dora) == (0, 0, 0)
    event = happen(house, dora, unique_key="first")
    assert results(event) == ["applied", "applied"]
    assert (house.balance(alice), house.balance(dora)) == ((10, 0, 0), (5, 0, 0))
    happen(house, dora, unique_key="first")
    later = happen(house, dora)
    assert [(row["result"], row["condition"]) for row in later.execution_results] == [
        ("not-matched", "maxRedeemsPerReferredMemberPerCode")
    ]
    assert (house.balance(alice), house.balance(dora)) == ((10, 0, 0), (5, 0, 0))
    assert house.findings() == []


@pytest.mark.parametrize(("limit", "times"), [(None, 1), (0, 0), (1, 1), (3, 3)])
def test_12_3_a_referred_member_is_rewarded_as_often_as_the_program_says(
    house: House, alice: Member, limit: int | None, times: int
) -> None:
    give_codes(make_referrals(house, event_type=GENERIC, max_redeems=limit), alice)
    dora = join(house)
    for _ in range(4):
        happen(house, dora)
    assert (house.balance(alice)[0], house.balance(dora)[0]) == (10 * times, 5 * times)


@pytest.mark.parametrize("nothing", [0, None])
def test_12_3_a_side_without_points_is_skipped(house: House, alice: Member, nothing: int | None) -> None:
    give_codes(make_referrals(house, referrer_points=nothing), alice)
    dora = join(house)
    assert (house.balance(alice)[0], house.balance(dora)[0]) == (0, 5)
    assert [row["result"] for row in LoyaltyEvent.objects.get(member=dora, event_type=JOINING).execution_results] == [
        "nothing",
        "applied",
    ]
    assert taken() == {"referred": (5, 0, 0)}


def test_12_3_a_referrer_who_is_blocked_gets_nothing_and_who_is_referred_does(house: House, alice: Member) -> None:
    give_codes(make_referrals(house, event_type=GENERIC, max_redeems=2), alice)
    dora = join(house)
    block(alice)
    event = happen(house, dora)
    assert [(row["side"], row["result"]) for row in event.execution_results] == [
        ("referrer", "skipped"),
        ("referred", "applied"),
    ]
    assert (house.balance(alice)[0], house.balance(dora)[0]) == (0, 5)
    update_member(member=alice, changes={"active": True}, actor=TESTER, at=clock.now())
    happen(house, dora)
    assert (house.balance(alice)[0], house.balance(dora)[0]) == (10, 10)


def test_12_3_both_sides_are_given_or_none(house: House, alice: Member) -> None:
    from ledger.services import create_account

    other = create_account(ledger=house.ledger, name="Stamps", actor=TESTER, at=clock.now())
    give_codes(make_referrals(house, event_type=GENERIC, referred_account_id=other.pk), alice)
    make_campaign(house, minting(3))
    dora = join(house)
    update_account(account=other, changes={"active": False}, actor=TESTER, at=clock.now())
    event = happen(house, dora)
    assert results(event) == ["applied", "failed", "failed"]
    assert (house.balance(alice), house.balance(dora)) == ((0, 0, 0), (3, 0, 0))
    update_account(account=other, changes={"active": True}, actor=TESTER, at=clock.now())
    job = run_one_job(worker="w")
    assert job is not None
    assert job.state == "done"
    event.refresh_from_db()
    assert results(event) == ["applied", "applied", "applied"]
    assert (house.balance(alice), house.balance(dora)) == ((10, 0, 0), (3, 0, 0))
    assert [row.account_id for row in Transaction.objects.filter(source="referral").order_by("pk")] == [
        house.account.pk,
        other.pk,
    ]
    assert house.findings() == []


def test_12_3_the_date_of_the_event_has_to_lie_in_the_programs_time(
    noon: time_machine.Coordinates, house: House, alice: Member
) -> None:
    program = make_referrals(house, event_type=GENERIC)
    give_codes(program, alice)
    dora = join(house)
    change(program, valid_to=NOON - timedelta(days=1))
    assert [row["condition"] for row in happen(house, dora).execution_results] == ["valid"]
    before = happen(house, dora, external_event_at=NOON - timedelta(days=1, seconds=1))
    assert results(before) == ["applied", "applied"]


def test_12_3_the_member_has_to_be_in_the_program_that_is_named(house: House, alice: Member) -> None:
    give_codes(make_referrals(house, event_type=GENERIC, program_id=house.program.pk), alice)
    dora = join(house)
    leave_program(member=dora, program=house.program, actor=TESTER, at=clock.now())
    assert [row["condition"] for row in happen(house, dora).execution_results] == ["loyaltyProgramId"]
    assert house.balance(alice) == (0, 0, 0)


def test_12_3_a_program_that_is_paused_rewards_nobody(house: House, alice: Member) -> None:
    program = make_referrals(house, event_type=GENERIC)
    give_codes(program, alice)
    dora = join(house)
    change(program, active=False)
    assert happen(house, dora).execution_results == []
    change(program, active=True)
    assert results(happen(house, dora)) == ["applied", "applied"]


def test_12_3_what_the_system_tells_can_be_waited_for(house: House, alice: Member) -> None:
    give_codes(make_referrals(house, event_type="ledger-transaction-created"), alice)
    dora = join(house)
    house.give(dora, 1)
    assert evaluate_told(house.id, at=clock.now()) >= 1
    assert (house.balance(alice)[0], house.balance(dora)[0]) == (10, 6)


def test_12_3_an_event_no_program_waits_for_costs_nothing_more(house: House, alice: Member) -> None:
    make_campaign(house, minting(1))
    happen(house, alice)
    with round_trips() as before:
        happen(house, alice)
    give_codes(make_referrals(house), alice)
    happen(house, alice)
    with round_trips() as after:
        happen(house, alice)
    assert len(after) == len(before)


# --- returns ---------------------------------------------------------------------------------------------------------
def test_8_4_what_goes_back_takes_its_share_of_both_sides(house: House, alice: Member) -> None:
    program = make_referrals(house, event_type=CONFIRMED)
    give_codes(program, alice)
    dora = join(house)
    assert told(order(house, dora)) == {"pointsAwarded": 15, "pointsReturned": 0, "shortfall": 0}
    rows = preview(house, dora, 50, status="partially-returned")
    assert [(row["side"], row["amount"], row["kept"]) for row in rows] == [("referrer", 5, 5), ("referred", 3, 2)]
    part = order(house, dora, 50, status="partially-returned")
    assert told(part)["pointsReturned"] == 8
    assert {row["referralProgramId"] for row in part.rows if row["result"] == "returned"} == {program.pk}
    assert taken() == {"referrer": (10, 5, 0), "referred": (5, 3, 0)}
    rest = order(house, dora, 50, status="returned")
    assert told(rest) == {"pointsAwarded": 0, "pointsReturned": 7, "shortfall": 0}
    assert (house.balance(alice), house.balance(dora)) == ((0, 0, 0), (0, 0, 0))
    assert house.findings() == []


def test_8_4_a_reward_that_was_wholly_taken_back_can_be_earned_again(house: House, api: Api, alice: Member) -> None:
    program = make_referrals(house, event_type=CONFIRMED)
    (code,) = give_codes(program, alice)
    dora = join(house)
    order(house, dora)
    order(house, dora, status="cancelled")
    assert (house.balance(alice), house.balance(dora)) == ((0, 0, 0), (0, 0, 0))
    path = f"{codes_path(program)}/{code.pk}/referred"
    assert api.get(path).body["results"][0]["rewarded"] is False
    order(house, dora, external_id="o-2")
    assert (house.balance(alice), house.balance(dora)) == ((10, 0, 0), (5, 0, 0))
    assert api.get(path).body["results"][0]["rewarded"] is True
    order(house, dora, external_id="o-3")
    assert (house.balance(alice), house.balance(dora)) == ((10, 0, 0), (5, 0, 0))
    assert house.findings() == []


def test_8_4_what_a_referrer_has_spent_is_the_shortfall_and_still_counts(house: House, alice: Member) -> None:
    give_codes(make_referrals(house, event_type=CONFIRMED), alice)
    dora = join(house)
    order(house, dora)
    house.take(alice, 8)
    back = order(house, dora, status="returned")
    assert told(back) == {"pointsAwarded": 0, "pointsReturned": 7, "shortfall": 8}
    assert taken() == {"referrer": (10, 2, 8), "referred": (5, 5, 0)}
    order(house, dora, external_id="o-2")
    assert (house.balance(alice), house.balance(dora)) == ((0, 0, 0), (0, 0, 0))
    assert house.findings() == []
