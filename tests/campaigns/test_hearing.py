"""What the system tells of members is asked about too (semantics 5.1, 7.4)."""

from __future__ import annotations

from django.db import connection

from campaigns.models import Playbook
from campaigns.selectors.occasions import Occasion
from campaigns.services import evaluate_told, hear, question
from campaigns.services.hearing import causing
from loyalty.kernel import clock
from members.models import LoyaltyEvent, Member
from tests import factories
from tests.campaigns.plays import happen, make_campaign, minting
from tests.house import House


def told(house: House, kind: str) -> list[int]:
    """Have the newest event of this type heard, as whoever tells it does; answers those that wait."""
    with connection.cursor() as cursor:
        cursor.execute(question(house.id))
        rows = cursor.fetchall()
    newest = LoyaltyEvent.objects.filter(organization=house.id, event_type=kind).order_by("-pk")[:1]
    return hear(rows, frozenset({kind}), lambda: list(newest)) if rows else []


def test_5_1_a_welcome_is_given_to_who_joins(house: House) -> None:
    make_campaign(house, minting(50), event_type="member-created")
    dora = factories.MemberFactory(organization=house.organization, loyalty_member_id="dora")
    waiting = told(house, "member-created")
    assert len(waiting) == 1
    for _ in range(2):
        evaluate_told(waiting, at=clock.now())
    assert house.balance(dora) == (50, 0, 0)


def test_7_4_points_that_move_are_heard_only_where_they_are_named_and_end_after_five_steps(
    house: House, alice: Member
) -> None:
    make_campaign(house, minting(1), event_type="")
    house.give(alice, 5)
    assert told(house, "ledger-transaction-created") == []
    rule = {"expression": "event.payload.amount > 4"}
    make_campaign(house, minting(7), event_type="ledger-transaction-created", action={"rules": rule})
    house.give(alice, 7)
    (first,) = told(house, "ledger-transaction-created")
    event = LoyaltyEvent.objects.get(pk=first)
    for depth in range(1, 6):
        with causing([Occasion(event, alice, clock.now())]):
            house.give(alice, 7)
            (next_one,) = told(house, "ledger-transaction-created")
        caused = LoyaltyEvent.objects.get(pk=next_one)
        assert (caused.depth, caused.caused_by_id, caused.status) == (depth, event.pk, "pending")
        event = caused
    with causing([Occasion(event, alice, clock.now())]):
        house.give(alice, 7)
        assert told(house, "ledger-transaction-created") == []
    before = house.balance(alice)[0]
    evaluate_told([first], at=clock.now())
    assert house.balance(alice)[0] == before + 7


def test_7_4_where_nobody_waits_the_question_finds_nobody(house: House, alice: Member) -> None:
    make_campaign(house, minting(1))
    assert Playbook.objects.get().hears_told is False
    make_campaign(house, minting(1), event_type="benefit-used")
    assert Playbook.objects.get().hears_told is True
    assert told(house, "benefit-used") == []
    happen(house, alice, event_type="benefit-used")
    # It came from outside: whoever took it in has evaluated it.
    assert told(house, "benefit-used") == []
