"""What the system tells of members is asked about too (semantics 5.1, 7.4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from campaigns import tasks
from campaigns.models import Playbook
from campaigns.services import evaluate_told, evaluate_waiting
from loyalty.kernel import clock
from members.models import LoyaltyEvent, Member
from members.services import create_tier, set_member_tier
from tests import factories
from tests.campaigns.plays import change, happen, make_campaign, minting
from tests.house import TESTER, House

NOW = clock.now()
POINTS = "ledger-transaction-created"


def evaluated(house: House) -> int:
    """Have a worker ask about what was told; answers about how many events it did."""
    return evaluate_told(house.id, at=clock.now())


def newest(kind: str) -> LoyaltyEvent:
    return LoyaltyEvent.objects.filter(event_type=kind).order_by("-pk")[0]


def test_5_1_a_welcome_is_given_once_to_who_joins(house: House) -> None:
    make_campaign(house, minting(50), event_type="member-created")
    dora = factories.MemberFactory(organization=house.organization, loyalty_member_id="dora")
    assert newest("member-created").status == "pending"
    assert house.balance(dora) == (0, 0, 0)
    assert (evaluated(house), evaluated(house)) == (1, 0)
    assert newest("member-created").status == "success"
    assert house.balance(dora) == (50, 0, 0)


def test_7_4_points_that_move_are_heard_only_where_they_are_named_and_end_after_five_steps(
    house: House, alice: Member
) -> None:
    make_campaign(house, minting(1), event_type="")
    house.give(alice, 5)
    assert (newest(POINTS).status, evaluated(house)) == ("success", 0)
    rule = {"expression": "event.payload.amount > 4"}
    make_campaign(house, minting(7), event_type=POINTS, action={"rules": rule})
    house.give(alice, 7)
    assert newest(POINTS).status == "pending"
    # Each of the points given is told, and brings about the next, until the chain ends.
    assert evaluated(house) == 6
    assert house.balance(alice)[0] == 5 + 7 + 6 * 7
    chain = list(LoyaltyEvent.objects.filter(event_type=POINTS).order_by("pk"))[1:]
    assert [event.depth for event in chain] == [None, 1, 2, 3, 4, 5, 6]
    assert [event.caused_by_id for event in chain] == [None, *[event.pk for event in chain[:-1]]]
    assert [event.status for event in chain] == ["success"] * 7
    assert evaluated(house) == 0


def test_7_4_what_waits_follows_the_campaigns(house: House, alice: Member) -> None:
    def awaited() -> tuple[str, str]:
        book = Playbook.objects.get()
        return book.named, book.awaited

    make_campaign(house, minting(1), event_type="member-purchase-order-created")
    assert awaited() == ("", "")
    one = make_campaign(house, minting(1), event_type="coupon-code-used")
    assert awaited() == ("|coupon-code-used|", "|coupon-code-used|")
    everything = make_campaign(house, minting(1), event_type="")
    named, heard = awaited()
    assert named == "|coupon-code-used|"
    assert "|member-created|" in heard
    assert POINTS not in heard
    for campaign in (one, everything):
        change(campaign, active=False)
    assert awaited() == ("", "")


def test_7_4_what_comes_of_an_event_waits_only_for_campaigns_that_name_it(house: House, alice: Member) -> None:
    badge = {"type": "mint-badge", "params": {"badge": "bean"}}
    make_campaign(house, badge, event_type="benefit-used")
    make_campaign(house, minting(3), event_type="")
    cause = happen(house, alice, event_type="benefit-used")
    told = newest("badge-minted")
    assert (told.status, told.depth, told.caused_by_id) == ("success", 1, cause.pk)
    make_campaign(house, minting(4), event_type="badge-minted")
    before = house.balance(alice)[0]
    happen(house, alice, event_type="benefit-used", unique_key="again")
    assert newest("badge-minted").status == "pending"
    assert evaluated(house) == 1
    assert house.balance(alice)[0] == before + 3 + 4


def test_7_4_what_came_from_outside_is_left_to_whoever_took_it_in(house: House, alice: Member) -> None:
    make_campaign(house, minting(1), event_type="benefit-used")
    event = happen(house, alice, event_type="benefit-used")
    LoyaltyEvent.objects.filter(pk=event.pk).update(status="pending")
    assert evaluated(house) == 0
    event.refresh_from_db()
    assert event.status == "pending"


def test_7_4_many_told_at_once_wait_each_by_itself(house: House, alice: Member, bob: Member) -> None:
    make_campaign(house, minting(2), event_type="member-tier-set")
    tier = create_tier(program=house.program, name="Gold", min_required_points=5, tier_order=5, actor=TESTER, at=NOW)
    for member in (alice, bob):
        set_member_tier(member=member, program=house.program, loyalty_tier_id=tier.pk, actor=TESTER, at=clock.now())
    assert evaluated(house) == 2
    assert (house.balance(alice)[0], house.balance(bob)[0]) == (2, 2)


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_told_as_soon_as_it_is_committed_and_only_where_somebody_waits(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[Any] = []
    monkeypatch.setattr(tasks.evaluate_told, "delay", rung.append)
    house.give(alice, 5)
    assert rung == []
    make_campaign(house, minting(2), event_type=POINTS, action={"rules": {"expression": "event.payload.amount > 4"}})
    house.give(alice, 5)
    assert rung == [house.id]
    tasks.evaluate_told(*rung)
    assert house.balance(alice)[0] == 12


def test_7_3_the_sweep_finds_what_no_worker_heard_of(house: House, alice: Member) -> None:
    make_campaign(house, minting(2), event_type=POINTS, action={"rules": {"expression": "event.payload.amount > 4"}})
    house.give(alice, 5)
    assert evaluate_waiting(at=clock.now()) == 0
    assert evaluate_waiting(at=clock.now() + timedelta(minutes=2)) == 1
    assert house.balance(alice)[0] == 7
