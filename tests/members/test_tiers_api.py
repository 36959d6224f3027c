"""Tiers over the core API: a ladder with one default (semantics 0.11, 6.5)."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from loyalty.kernel.models import AuditEntry
from members.models import LoyaltyTier
from members.services import create_program, update_tier
from tests.house import NOON, NOON_TEXT, TESTER, Api, House
from tests.refusals import refuses


@pytest.fixture
def tiers(house: House) -> str:
    """Where the program's tiers are; Base, the default, stands at 1 and asks for nothing."""
    return f"loyalty-programs/{house.program.pk}/tiers"


def tier(name: str, order: int, points: int, **more: Any) -> dict[str, Any]:
    return {"name": name, "active": True, "minRequiredPoints": points, "tierOrder": order, **more}


def create(api: Api, tiers: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = api.post(tiers, body)
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.body["tier"]
    return made


def names(api: Api, tiers: str, query: str = "") -> list[str]:
    return [row["name"] for row in api.get(f"{tiers}?{query}").body["results"]]


def test_a_new_tier_answers_every_field(noon: time_machine.Coordinates, house: House, api: Api, tiers: str) -> None:
    said = {"customAttributes": {"color": "gold"}, "pictureUrl": "https://example.com/gold.png", "loyaltyTierKey": "x"}
    made = create(api, tiers, tier("Gold", 2, "1000", **said))
    assert made == {
        "loyaltyTierId": LoyaltyTier.objects.get(name="Gold").pk,
        "loyaltyTierKey": "gold",
        "loyaltyProgramId": house.program.pk,
        "organizationId": house.id,
        "name": "Gold",
        "active": True,
        "minRequiredPoints": 1000,
        "tierOrder": 2,
        "customAttributes": {"color": "gold"},
        "pictureUrl": "https://example.com/gold.png",
        "isDefault": False,
        "createdAt": NOON_TEXT,
        "updatedAt": NOON_TEXT,
    }
    assert api.get(f"{tiers}/{made['loyaltyTierId']}").body == {"tier": made}


def test_a_tier_key_is_unique_in_the_organization_not_only_in_its_program(
    house: House, api: Api, tiers: str, neighbor: House
) -> None:
    other = create_program(organization_id=house.id, name="Other", ledger_id=house.ledger.pk, actor=TESTER, at=NOON)
    made = create(api, f"loyalty-programs/{other.pk}/tiers", tier("Base", 1, 0))
    assert made["loyaltyTierKey"].startswith("base-")
    # The neighbor's Base has had the plain key all along.
    assert set(LoyaltyTier.objects.filter(key="base").values_list("program__organization_id", flat=True)) == {
        house.id,
        neighbor.id,
    }


def test_two_active_tiers_cannot_have_one_place(house: House, api: Api, tiers: str) -> None:
    assert "tierOrder" in refuses(api, "POST", tiers, tier("Gold", 1, 10), 400, "TIER_LADDER_BROKEN")
    silver = create(api, tiers, tier("Silver", 2, 10))
    path = f"{tiers}/{silver['loyaltyTierId']}"
    refuses(api, "PUT", path, tier("Silver", 1, 10), 400, "TIER_LADDER_BROKEN")
    # An inactive one is no rung of the ladder, until it is turned on.
    off = create(api, tiers, tier("Gold", 2, 10, active=False))
    refuses(api, "PUT", f"{tiers}/{off['loyaltyTierId']}", tier("Gold", 2, 10), 400, "TIER_LADDER_BROKEN")


def test_a_higher_tier_asks_for_no_fewer_points(house: House, api: Api, tiers: str) -> None:
    silver = create(api, tiers, tier("Silver", 10, 500))
    create(api, tiers, tier("Gold", 20, 1000))
    for order, points in ((15, 499), (15, 1001), (5, 501), (25, 999)):
        details = refuses(api, "POST", tiers, tier("New", order, points), 400, "TIER_LADDER_BROKEN")
        assert "minRequiredPoints" in details
    for order, points in ((15, 500), (16, 1000)):
        create(api, tiers, tier("New", order, points))
    path = f"{tiers}/{silver['loyaltyTierId']}"
    refuses(api, "PUT", path, tier("Silver", 10, 501), 400, "TIER_LADDER_BROKEN")
    assert api.put(path, tier("Silver", 10, 400)).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [{"minRequiredPoints": -1}, {"minRequiredPoints": 1.5}, {"minRequiredPoints": 2**53}, {"name": ""}],
    ids=str,
)
def test_a_tier_that_cannot_be_is_refused(house: House, api: Api, tiers: str, wrong: dict[str, Any]) -> None:
    refuses(api, "POST", tiers, {**tier("New", 5, 10), **wrong}, 400, "INVALID_INPUT")


def test_a_programs_first_tier_is_its_default(house: House, api: Api) -> None:
    other = create_program(organization_id=house.id, name="Other", ledger_id=house.ledger.pk, actor=TESTER, at=NOON)
    made = create(api, f"loyalty-programs/{other.pk}/tiers", tier("First", 1, 0, isDefault=False))
    assert made["isDefault"] is True
    program = api.get(f"loyalty-programs/{other.pk}").body["loyaltyProgram"]
    assert program["defaultTierId"] == made["loyaltyTierId"]


@pytest.mark.parametrize("how", ["create", "update"])
def test_the_default_flag_moves_from_the_tier_that_had_it(house: House, api: Api, tiers: str, how: str) -> None:
    if how == "create":
        gold = create(api, tiers, tier("Gold", 2, 10, isDefault=True))
    else:
        gold = create(api, tiers, tier("Gold", 2, 10))
        gold = api.put(f"{tiers}/{gold['loyaltyTierId']}", tier("Gold", 2, 10, isDefault=True)).body["tier"]
    assert gold["isDefault"] is True
    assert list(LoyaltyTier.objects.filter(is_default=True).values_list("name", flat=True)) == ["Gold"]


def test_the_default_flag_cannot_be_taken_from_the_default_tier(house: House, api: Api, tiers: str) -> None:
    base = LoyaltyTier.objects.get()
    body = tier("Renamed", 1, 0, isDefault=False)
    refuses(api, "PUT", f"{tiers}/{base.pk}", body, 422, "DEFAULT_TIER_REQUIRED")


def test_a_tier_becomes_the_default_again_whatever_was_read_before(house: House, api: Api, tiers: str) -> None:
    seen = LoyaltyTier.objects.get()
    create(api, tiers, tier("Gold", 2, 10, isDefault=True))
    update_tier(tier=seen, changes={"is_default": True}, actor=TESTER, at=NOON)
    assert list(LoyaltyTier.objects.filter(is_default=True).values_list("name", flat=True)) == ["Base"]


def test_what_an_update_does_not_name_stays(noon: time_machine.Coordinates, house: House, api: Api, tiers: str) -> None:
    gold = create(api, tiers, tier("Gold", 2, 10, customAttributes={"a": 1}, pictureUrl="https://example.com/g"))
    noon.shift(60)
    changed = api.put(f"{tiers}/{gold['loyaltyTierId']}", tier("Golden", 3, 20)).body["tier"]
    assert changed == {
        **gold,
        "name": "Golden",
        "tierOrder": 3,
        "minRequiredPoints": 20,
        "updatedAt": "2030-03-15T12:01:00Z",
    }


def test_tiers_are_listed_filtered_ordered_and_paged(house: House, api: Api, tiers: str, neighbor: House) -> None:
    create(api, tiers, tier("Zinc", 3, 30))
    create(api, tiers, tier("Gold", 2, 20))
    create(api, tiers, tier("Old", 4, 10, active=False))
    assert names(api, tiers) == names(api, tiers, "onlyActive=false") == ["Base", "Zinc", "Gold", "Old"]
    assert names(api, tiers, "onlyActive=true") == ["Base", "Zinc", "Gold"]
    assert names(api, tiers, "loyaltyTierKey=gold") == ["Gold"]
    assert names(api, tiers, "loyaltyTierKey=Gold") == []
    assert names(api, tiers, "order=name,desc") == ["Zinc", "Old", "Gold", "Base"]
    assert names(api, tiers, "order=tierOrder") == ["Base", "Gold", "Zinc", "Old"]
    assert names(api, tiers, "order=minRequiredPoints,desc") == ["Zinc", "Gold", "Old", "Base"]
    assert names(api, tiers, "order=loyaltyTierId,desc") == ["Old", "Gold", "Zinc", "Base"]
    assert names(api, tiers, "order=createdAt") == ["Base", "Zinc", "Gold", "Old"]
    page = api.get(f"{tiers}?onlyActive=true&page=1&limit=2").body
    assert (page["totalCount"], page["page"], page["limit"], [row["name"] for row in page["results"]]) == (
        3,
        1,
        2,
        ["Gold"],
    )


def test_a_tier_of_another_program_is_not_found(house: House, api: Api, tiers: str) -> None:
    other = create_program(organization_id=house.id, name="Other", ledger_id=house.ledger.pk, actor=TESTER, at=NOON)
    base = LoyaltyTier.objects.get()
    path = f"loyalty-programs/{other.pk}/tiers/{base.pk}"
    refuses(api, "GET", path, None, 404, "NOT_FOUND")
    refuses(api, "PUT", path, tier("Base", 1, 0), 404, "NOT_FOUND")


def test_every_change_of_a_tier_is_in_the_audit_trail(house: House, api: Api, tiers: str) -> None:
    gold = create(api, tiers, tier("Gold", 2, 10))["loyaltyTierId"]
    api.put(f"{tiers}/{gold}", tier("Gold", 2, 15, isDefault=True))
    entries = AuditEntry.objects.filter(target_type="members.loyaltytier", target_id=str(gold)).order_by("pk")
    assert [(entry.action, entry.before, entry.after) for entry in entries] == [
        ("tier.created", {}, {"name": "Gold", "key": "gold", "min_required_points": 10}),
        ("tier.updated", {"min_required_points": 10}, {"min_required_points": 15}),
        ("tier.made-default", {"is_default": False}, {"is_default": True}),
    ]
    assert {(entry.organization_id, entry.actor.split(":")[0]) for entry in entries} == {(house.id, "credential")}
