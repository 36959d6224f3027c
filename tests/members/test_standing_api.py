"""Tiers by hand, leaving a program and the history of tiers over the core API (semantics 5.5, 6.3, 6.4)."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from loyalty.kernel import clock
from members.models import Enrollment, LoyaltyTier, Member, TierChange
from members.services import create_program, create_tier, update_tier
from tests.house import NOON_TEXT, TESTER, Api, House
from tests.refusals import refuses


@pytest.fixture
def gold(noon: time_machine.Coordinates, house: House) -> LoyaltyTier:
    """A tier for 1000 points."""
    words: dict[str, Any] = {"name": "Gold", "min_required_points": 1000, "tier_order": 2}
    return create_tier(program=house.program, actor=TESTER, at=clock.now(), **words)


@pytest.fixture
def place(gold: LoyaltyTier, house: House, alice: Member) -> str:
    """Alice in the program."""
    return f"members/{alice.pk}/loyalty-programs/{house.program.pk}"


def tier_in(api: Api, member: Member) -> dict[str, Any]:
    (tier,) = api.get(f"members/{member.pk}").body["loyalMember"]["tiers"]
    found: dict[str, Any] = tier
    return found


def test_a_tier_set_by_hand_answers_the_one_that_counts(api: Api, place: str, gold: LoyaltyTier, alice: Member) -> None:
    answer = api.put(f"{place}/tier", {"loyaltyTierId": gold.pk, "expiresAt": "2030-04-01T00:00:00Z"})
    assert (answer.status_code, answer.body) == (200, {"loyaltyTierId": gold.pk})
    base = LoyaltyTier.objects.get(name="Base")
    assert tier_in(api, alice) == {
        "loyaltyProgramId": gold.program_id,
        "loyaltyTierId": gold.pk,
        "loyaltyTierKey": "gold",
        "loyaltyManualTierId": gold.pk,
        "loyaltySystemTierId": base.pk,
        "expiresAt": "2030-04-01T00:00:00Z",
    }
    assert api.put(f"{place}/tier", {}).body == {"loyaltyTierId": base.pk}
    assert tier_in(api, alice)["loyaltyManualTierId"] is None


def test_by_the_organizations_own_id_it_is_the_same(api: Api, gold: LoyaltyTier, alice: Member, house: House) -> None:
    body = {"loyaltyProgramId": house.program.pk, "loyaltyTierId": gold.pk}
    assert api.put("loyalty-members/alice/tier", body).body == {"loyaltyTierId": gold.pk}
    assert tier_in(api, alice)["loyaltyManualTierId"] == gold.pk


def test_the_history_tells_every_change_newest_first(api: Api, place: str, gold: LoyaltyTier, alice: Member) -> None:
    base = LoyaltyTier.objects.get(name="Base")
    api.put(f"{place}/tier", {"loyaltyTierId": gold.pk, "expiresAt": "2030-04-01T00:00:00Z"})
    answer = api.get(f"{place}/tier-history")
    actor = answer.body["results"][0]["actor"]
    assert answer.body == {
        "totalCount": 2,
        "page": 0,
        "limit": 25,
        "results": [
            {
                "loyaltyTierId": gold.pk,
                "previousLoyaltyTierId": base.pk,
                "reason": "manual",
                "actor": actor,
                "expiresAt": "2030-04-01T00:00:00Z",
                "createdAt": NOON_TEXT,
            },
            {
                "loyaltyTierId": base.pk,
                "previousLoyaltyTierId": None,
                "reason": "system",
                "actor": "system:factory",
                "expiresAt": None,
                "createdAt": NOON_TEXT,
            },
        ],
    }
    assert actor.startswith("credential:")
    assert api.get(f"{place}/tier-history?order=createdAt").body["results"][0]["reason"] == "system"


@pytest.mark.parametrize(
    "body", [{"expiresAt": "2030-04-01T00:00:00Z"}, {"loyaltyTierId": 0, "expiresAt": "2030-03-15T12:00:00Z"}]
)
def test_an_end_needs_a_tier_and_a_future(api: Api, place: str, gold: LoyaltyTier, body: dict[str, Any]) -> None:
    if "loyaltyTierId" in body:
        body = {**body, "loyaltyTierId": gold.pk}
    refuses(api, "PUT", f"{place}/tier", body, 400, "INVALID_INPUT")


def test_an_inactive_tier_is_422_and_another_programs_404(
    api: Api, place: str, house: House, gold: LoyaltyTier
) -> None:
    update_tier(tier=gold, changes={"active": False}, actor=TESTER, at=clock.now())
    refuses(api, "PUT", f"{place}/tier", {"loyaltyTierId": gold.pk}, 422, "TIER_INACTIVE")
    other = create_program(
        organization_id=house.id, name="Other", ledger_id=house.ledger.pk, actor=TESTER, at=clock.now()
    )
    words: dict[str, Any] = {"name": "Theirs", "min_required_points": 0, "tier_order": 1}
    theirs = create_tier(program=other, actor=TESTER, at=clock.now(), **words)
    refuses(api, "PUT", f"{place}/tier", {"loyaltyTierId": theirs.pk}, 404, "NOT_FOUND")


def test_who_leaves_a_program_keeps_the_points_and_the_history(
    api: Api, place: str, house: House, alice: Member, gold: LoyaltyTier
) -> None:
    house.give(alice, 50)
    answer = api.send("DELETE", place)
    assert (answer.status_code, answer.body) == (200, {"ok": True})
    assert api.get(f"members/{alice.pk}").body["loyalMember"]["tiers"] == []
    assert house.balance(alice) == (50, 0, 0)
    newest = api.get(f"{place}/tier-history").body["results"][0]
    assert (newest["loyaltyTierId"], newest["reason"]) == (None, "removed")
    assert api.get(f"members/{alice.pk}/events").body["results"][0]["eventType"] == "member-tier-removed"
    refuses(api, "DELETE", place, None, 404, "NOT_ENROLLED")
    refuses(api, "PUT", f"{place}/tier", {}, 404, "NOT_ENROLLED")


def test_setting_a_tier_enrolls_again_at_what_the_points_reach(
    api: Api, place: str, house: House, alice: Member, gold: LoyaltyTier
) -> None:
    api.send("DELETE", place)
    house.give(alice, 2000)
    assert not Enrollment.objects.filter(member=alice).exists()
    base = LoyaltyTier.objects.get(name="Base")
    assert api.put(f"{place}/tier", {"loyaltyTierId": base.pk}).body == {"loyaltyTierId": base.pk}
    found = tier_in(api, alice)
    assert (found["loyaltySystemTierId"], found["loyaltyTierId"]) == (gold.pk, base.pk)
    assert [change.reason for change in TierChange.objects.filter(member=alice).order_by("pk")] == [
        "system",
        "removed",
        "system",
        "manual",
    ]


def test_a_program_the_member_never_was_in_has_no_history(api: Api, house: House, alice: Member) -> None:
    other = create_program(
        organization_id=house.id, name="Other", ledger_id=house.ledger.pk, actor=TESTER, at=clock.now()
    )
    refuses(api, "GET", f"members/{alice.pk}/loyalty-programs/{other.pk}/tier-history", None, 404, "NOT_FOUND")
