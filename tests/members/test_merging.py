"""Merging two members who are one person: nothing is lost, nothing is there twice, and the books prove it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ledger import services as ledger
from ledger.models import Lot
from loyalty.kernel import clock
from loyalty.kernel.errors import DomainError
from members.models import Enrollment, LoyaltyEvent, Member, MemberContact
from members.services import (
    create_program,
    create_tier,
    merge_members,
    set_member_tier,
    update_member,
)
from tests.house import TESTER, House
from tests.walk import every_row


def merge(kept: Member, merged: Member) -> Member:
    return merge_members(kept=kept, merged=merged, actor=TESTER, at=clock.now(), reason="the same person")


def change(member: Member, **changes: Any) -> Member:
    return update_member(member=member, changes=changes, actor=TESTER, at=clock.now())


def test_points_move_with_their_expiry_and_what_is_pending_with_its_dates(
    house: House, alice: Member, bob: Member
) -> None:
    now = clock.now()
    soon, late = now + timedelta(days=3), now + timedelta(days=30)
    house.give(alice, 10)
    house.give(bob, 5, expires_at=soon)
    house.give(bob, 7, valid_from=soon, expires_at=late)
    merge(alice, bob)
    assert (house.balance(alice), house.balance(bob)) == ((15, 0, 7), (0, 0, 0))
    lots = Lot.objects.filter(wallet_id=alice.wallet_id, remaining__gt=0)
    assert set(lots.values_list("state", "remaining", "expires_at")) >= {("active", 5, soon), ("pending", 7, late)}
    assert lots.get(state="pending").valid_from == soon
    assert house.findings() == []


def test_the_profile_is_joined_and_either_address_finds_the_one_who_is_kept(
    house: House, alice: Member, bob: Member
) -> None:
    change(alice, profile={"name": "Alice", "email": "a@example.com"}, custom_attributes={"shoe": 42})
    change(
        bob, profile={"name": "Al", "email": "b@example.com", "phone": "+491"}, custom_attributes={"shoe": 1, "x": 2}
    )
    kept = merge(alice, bob)
    assert kept.profile == {
        "name": "Alice",
        "email": "a@example.com",
        "emails": ["a@example.com", "b@example.com"],
        "phone": "+491",
    }
    assert kept.custom_attributes == {"shoe": 42, "x": 2}
    finds = MemberContact.objects.filter(kind="email").values_list("value", "member_id")
    assert sorted(finds) == [("a@example.com", alice.pk), ("b@example.com", alice.pk)]
    merged = Member.objects.get(pk=bob.pk)
    assert (merged.active, merged.merged_into_id, merged.profile) == (False, alice.pk, {})
    assert merged.loyalty_member_id == "bob"


def test_programs_only_the_merged_one_is_in_are_taken_over_with_their_tier(
    house: House, alice: Member, bob: Member
) -> None:
    other = create_program(
        organization_id=house.id, name="Other", ledger_id=house.ledger.pk, actor=TESTER, at=clock.now()
    )
    words: dict[str, Any] = {"name": "Vip", "min_required_points": 0, "tier_order": 1}
    vip = create_tier(program=other, actor=TESTER, at=clock.now(), **words)
    set_member_tier(member=bob, program=other, loyalty_tier_id=vip.pk, actor=TESTER, at=clock.now())
    merge(alice, bob)
    places = Enrollment.objects.filter(member=alice).order_by("program")
    assert [(place.program_id, place.manual_tier_id) for place in places] == [
        (house.program.pk, None),
        (other.pk, vip.pk),
    ]


def test_both_have_it_in_their_journal(house: House, alice: Member, bob: Member) -> None:
    merge(alice, bob)
    said = {"mergedMemberId": bob.pk, "keptMemberId": alice.pk}
    for member, kind in ((alice, "member-updated"), (bob, "member-profile-deactivated")):
        assert LoyaltyEvent.objects.filter(member=member, event_type=kind, payload=said).count() == 1


def test_a_blocked_member_can_be_merged_in_but_nobody_into_one(house: House, alice: Member, bob: Member) -> None:
    house.give(bob, 5)
    change(bob, active=False)
    with pytest.raises(DomainError) as refused:
        merge(bob, alice)
    assert refused.value.code == "MEMBER_INACTIVE"
    merge(alice, bob)
    assert house.balance(alice) == (5, 0, 0)


@pytest.mark.parametrize("case", ["oneself", "stranger", "held", "again", "frozen"])
def test_what_cannot_be_merged_moves_nothing(
    house: House, alice: Member, bob: Member, charlie: Member, case: str
) -> None:
    house.give(bob, 5)
    other, code = bob, "INVALID_INPUT"
    if case == "oneself":
        other = alice
    elif case == "stranger":
        other = charlie
    elif case == "held":
        house.take(bob, 1, hold=True)
        code = "OPEN_HOLDS"
    elif case == "again":
        merge(alice, bob)
        code = "MEMBER_GONE"
    else:
        ledger.update_account(account=house.account, changes={"active": False}, actor=TESTER, at=clock.now())
        code = "ACCOUNT_INACTIVE"
    before = every_row()
    with pytest.raises(DomainError) as refused:
        merge(alice, other)
    assert refused.value.code == code
    assert every_row() == before


def test_who_was_merged_stays_as_they_are(house: House, alice: Member, bob: Member) -> None:
    merge(alice, bob)
    with pytest.raises(DomainError) as refused:
        change(bob, active=True)
    assert refused.value.code == "MEMBER_GONE"
    assert not Member.objects.get(pk=bob.pk).active
