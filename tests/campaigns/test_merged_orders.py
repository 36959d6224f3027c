"""Orders go along with a member who is merged: what goes back is taken where the points are now."""

from __future__ import annotations

import pytest

from loyalty.kernel import clock
from members.errors import OrderOfAnother
from members.models import Member, PurchaseOrder
from members.services import merge_members
from tests import factories
from tests.campaigns.shop import order, point_for_each, told
from tests.house import TESTER, Api, House
from tests.walk import every_row


def merge(kept: Member, merged: Member) -> Member:
    return merge_members(kept=kept, merged=merged, actor=TESTER, at=clock.now(), reason="the same person")


@pytest.mark.parametrize("told_for", ["alice", "bob"])
def test_what_a_merged_members_order_no_longer_earns_is_taken_from_the_kept_one(
    house: House, alice: Member, bob: Member, told_for: str
) -> None:
    point_for_each(house)
    order(house, bob)
    alice = merge(alice, bob)
    bob.refresh_from_db()
    teller = {"alice": alice, "bob": bob}[told_for]
    back = told(order(house, teller, 30, status="partially-returned"))
    assert (back["pointsReturned"], back["shortfall"]) == (70, 0)
    assert (house.balance(alice), house.balance(bob)) == ((30, 0, 0), (0, 0, 0))
    gone = told(order(house, teller, 30, status="returned"))
    assert (gone["pointsReturned"], gone["shortfall"]) == (30, 0)
    assert (house.balance(alice), house.findings()) == ((0, 0, 0), [])
    assert PurchaseOrder.objects.get().member == alice


def test_what_was_spent_since_is_short_and_no_more_is_taken_than_the_kept_one_has(
    house: House, alice: Member, bob: Member
) -> None:
    point_for_each(house)
    order(house, bob)
    house.give(alice, 20)
    alice = merge(alice, bob)
    house.take(alice, 90)
    back = told(order(house, alice, status="returned"))
    assert (back["pointsReturned"], back["shortfall"]) == (30, 70)
    assert (house.balance(alice), house.findings()) == ((0, 0, 0), [])


@pytest.mark.parametrize("told_for", ["alice", "bob"])
def test_told_again_after_the_merge_it_does_nothing_and_answers_as_before(
    house: House, alice: Member, bob: Member, told_for: str
) -> None:
    point_for_each(house)
    first = told(order(house, bob))
    alice = merge(alice, bob)
    bob.refresh_from_db()
    before = every_row()
    again = order(house, {"alice": alice, "bob": bob}[told_for])
    assert (again.outcome, told(again)) == ("unchanged", first)
    assert every_row() == before


def test_a_chain_of_merges_carries_orders_to_its_end(house: House, alice: Member, bob: Member) -> None:
    carol = factories.MemberFactory(organization=house.organization, loyalty_member_id="carol")
    point_for_each(house)
    first = told(order(house, bob))
    alice = merge(alice, bob)
    carol = merge(carol, alice)
    assert [told(order(house, teller)) for teller in (carol, alice, bob)] == [first] * 3
    assert told(order(house, carol, 40, status="partially-returned"))["pointsReturned"] == 60
    assert (house.balance(carol), house.findings()) == ((40, 0, 0), [])


def test_the_kept_members_list_shows_them_with_what_they_did(
    house: House, api: Api, alice: Member, bob: Member
) -> None:
    point_for_each(house)
    order(house, bob)
    order(house, alice, external_id="o-2")
    merge(alice, bob)
    (newest, oldest) = api.get(f"members/{alice.pk}/purchase-orders").body["results"]
    assert (newest["externalId"], newest["evaluationResults"]["pointsAwarded"]) == ("o-2", 100)
    assert (oldest["memberId"], oldest["evaluationResults"]["pointsAwarded"]) == (alice.pk, 100)


def test_whom_nobody_merged_is_still_refused_anothers_order(house: House, alice: Member, bob: Member) -> None:
    point_for_each(house)
    order(house, bob)
    before = every_row()
    with pytest.raises(OrderOfAnother):
        order(house, alice)
    assert every_row() == before
