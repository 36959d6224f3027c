"""Loyalty programs over the core API (semantics 0.6, 0.9, 0.11, 13.1)."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from ledger import services
from loyalty.kernel import clock
from loyalty.kernel.models import AuditEntry
from members.models import LoyaltyProgram
from members.services import create_portal
from tests import factories
from tests.house import NOON, NOON_TEXT, TESTER, Api, House, api_for
from tests.refusals import refuses


@pytest.fixture
def body(house: House) -> dict[str, Any]:
    """The least that must be said of a program."""
    return {
        "active": True,
        "name": "Second",
        "ledgerId": house.ledger.pk,
        "description": "",
        "setAsDefault": False,
    }


def create(api: Api, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = api.post("loyalty-programs", {**body, **more})
    assert answer.status_code == 201, answer.content
    program: dict[str, Any] = answer.body["loyaltyProgram"]
    return program


def defaults(house: House) -> list[str]:
    return list(LoyaltyProgram.objects.filter(organization_id=house.id, is_default=True).values_list("name", flat=True))


def test_a_new_program_answers_every_field(
    noon: time_machine.Coordinates, house: House, api: Api, body: dict[str, Any]
) -> None:
    said = {
        "ledgerId": str(house.ledger.pk),
        "mainLedgerAccountId": house.account.pk,
        "tierPointsLedgerAccountId": str(house.account.pk),
        "mainPortalId": None,
        "defaultTierId": None,
        "description": "For friends",
        "loyaltyProgramKey": "mine",
        "isDefault": True,
    }
    made = create(api, body, **said)
    assert made == {
        "loyaltyProgramId": LoyaltyProgram.objects.get(name="Second").pk,
        "loyaltyProgramKey": "second",
        "organizationId": house.id,
        "active": True,
        "name": "Second",
        "description": "For friends",
        "ledgerId": house.ledger.pk,
        "tierPointsLedgerAccountId": house.account.pk,
        "mainLedgerAccountId": house.account.pk,
        "isDefault": False,
        "defaultTierId": None,
        "mainPortalId": None,
        "createdAt": NOON_TEXT,
        "updatedAt": NOON_TEXT,
    }
    assert api.get(f"loyalty-programs/{made['loyaltyProgramId']}").body == {"loyaltyProgram": made}
    assert create(api, body)["loyaltyProgramKey"].startswith("second-")


def test_the_first_program_is_the_default_whatever_it_says(db: None) -> None:
    bare = factories.OrganizationFactory()
    api = api_for(bare, is_admin=True)
    ledger = api.post("ledgers", {"name": "Main"}).body["ledger"]["ledgerId"]
    said = {"active": True, "name": "First", "ledgerId": ledger, "description": "", "setAsDefault": False}
    assert create(api, said)["isDefault"] is True


def test_the_default_moves_to_the_program_that_asks_for_it(house: House, api: Api, body: dict[str, Any]) -> None:
    made = create(api, body, setAsDefault=True)
    assert (made["isDefault"], defaults(house)) == (True, ["Second"])
    first = {**body, "name": "Program", "setAsDefault": True}
    changed = api.put(f"loyalty-programs/{house.program.pk}", first).body["loyaltyProgram"]
    assert (changed["isDefault"], defaults(house)) == (True, ["Program"])
    assert api.get("").body["organization"]["defaultLoyaltyProgramId"] == house.program.pk


def test_the_default_cannot_be_taken_from_the_default_program(house: House, api: Api, body: dict[str, Any]) -> None:
    path = f"loyalty-programs/{house.program.pk}"
    refuses(api, "PUT", path, {**body, "setAsDefault": False}, 422, "DEFAULT_PROGRAM_REQUIRED")
    made = create(api, body)
    assert api.put(f"loyalty-programs/{made['loyaltyProgramId']}", body).status_code == 200


@pytest.mark.parametrize("how", ["create", "update"])
def test_ledger_and_accounts_must_be_the_organizations_and_fit(
    house: House, api: Api, neighbor: House, body: dict[str, Any], how: str
) -> None:
    other = services.create_ledger(organization_id=house.id, name="Other", actor=TESTER, at=NOON)
    elsewhere = services.create_account(ledger=other, name="Elsewhere", actor=TESTER, at=NOON)
    method, path = ("POST", "loyalty-programs") if how == "create" else ("PUT", f"loyalty-programs/{house.program.pk}")
    for field, value in (
        ("ledgerId", neighbor.ledger.pk),
        ("ledgerId", 987654321),
        ("mainLedgerAccountId", elsewhere.pk),
        ("tierPointsLedgerAccountId", elsewhere.pk),
        ("mainLedgerAccountId", neighbor.account.pk),
        ("tierPointsLedgerAccountId", 987654321),
    ):
        wrong = {**body, "setAsDefault": True, field: value}
        assert field in refuses(api, method, path, wrong, 400, "INVALID_INPUT")


def test_a_program_moves_to_another_ledger_only_with_its_accounts(house: House, api: Api, body: dict[str, Any]) -> None:
    other = services.create_ledger(organization_id=house.id, name="Other", actor=TESTER, at=NOON)
    path = f"loyalty-programs/{house.program.pk}"
    moved = {**body, "setAsDefault": True, "ledgerId": other.pk}
    refuses(api, "PUT", path, moved, 400, "INVALID_INPUT")
    cleared = {**moved, "mainLedgerAccountId": None, "tierPointsLedgerAccountId": None}
    changed = api.put(path, cleared).body["loyaltyProgram"]
    assert (changed["ledgerId"], changed["mainLedgerAccountId"], changed["tierPointsLedgerAccountId"]) == (
        other.pk,
        None,
        None,
    )


def test_what_an_update_does_not_name_stays(
    noon: time_machine.Coordinates, house: House, api: Api, body: dict[str, Any]
) -> None:
    before = api.get(f"loyalty-programs/{house.program.pk}").body["loyaltyProgram"]
    noon.shift(60)
    said = {**body, "name": "Renamed", "setAsDefault": True, "active": False}
    changed = api.put(f"loyalty-programs/{house.program.pk}", said).body["loyaltyProgram"]
    assert changed == {**before, "name": "Renamed", "active": False, "updatedAt": "2030-03-15T12:01:00Z"}
    assert changed["mainLedgerAccountId"] == house.account.pk


def test_a_tier_that_cannot_be_yet_is_refused_and_a_portal_of_others(
    house: House, api: Api, neighbor: House, body: dict[str, Any]
) -> None:
    tier_id = house.program.tiers.get().pk
    refuses(api, "POST", "loyalty-programs", {**body, "defaultTierId": tier_id}, 400, "INVALID_INPUT")
    theirs = create_portal(organization_id=neighbor.id, name="Theirs", actor=TESTER, at=clock.now())
    for portal_id in (theirs.pk, 10**9):
        refuses(api, "POST", "loyalty-programs", {**body, "mainPortalId": portal_id}, 400, "INVALID_INPUT")
        path = f"loyalty-programs/{house.program.pk}"
        refuses(api, "PUT", path, {**body, "setAsDefault": True, "mainPortalId": portal_id}, 400, "INVALID_INPUT")
    own = create_portal(organization_id=house.id, name="Ours", actor=TESTER, at=clock.now())
    made = api.post("loyalty-programs", {**body, "mainPortalId": own.pk}).body["loyaltyProgram"]
    assert made["mainPortalId"] == own.pk


def listed(api: Api, query: str = "") -> list[str]:
    answer = api.get(f"loyalty-programs?{query}")
    assert set(answer.body) == {"loyaltyPrograms"}
    return [program["name"] for program in answer.body["loyaltyPrograms"]]


def test_only_the_default_program_is_listed_unless_all_are_asked_for(
    house: House, api: Api, body: dict[str, Any], neighbor: House
) -> None:
    create(api, body)
    create(api, body, name="Third")
    assert listed(api) == listed(api, "default=true") == ["Program"]
    assert listed(api, "default=false") == ["Program", "Second", "Third"]
    # A key finds its program, whatever is said of defaults.
    for default in ("", "&default=true", "&default=false"):
        assert listed(api, f"loyaltyProgramKey=third{default}") == ["Third"]
    assert listed(api, "loyaltyProgramKey=nope") == []
    answer = api.get("loyalty-programs").body["loyaltyPrograms"]
    assert answer == [api.get(f"loyalty-programs/{house.program.pk}").body["loyaltyProgram"]]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("loyaltyProgramId,desc", ["B", "A", "C", "Program"]),
        ("name", ["A", "B", "C", "Program"]),
        ("loyaltyProgramKey,desc", ["Program", "C", "B", "A"]),
        ("createdAt,asc", ["Program", "C", "A", "B"]),
    ],
)
def test_programs_can_be_ordered_and_paged(
    house: House, api: Api, body: dict[str, Any], order: str, expected: list[str]
) -> None:
    for name in ("C", "A", "B"):
        create(api, body, name=name)
    assert listed(api, f"default=false&order={order}") == expected
    assert listed(api, f"default=false&order={order}&limit=3&page=1") == expected[3:]


def test_any_user_reads_programs_and_only_administrators_write(
    house: House, api_with: Any, body: dict[str, Any]
) -> None:
    reader = api_with("coupons:read")
    assert reader.get(f"loyalty-programs/{house.program.pk}").status_code == 200
    refuses(api_with("members:write", "tiers:write"), "POST", "loyalty-programs", body, 403, "FORBIDDEN")


def test_every_change_of_a_program_is_in_the_audit_trail(house: House, api: Api, body: dict[str, Any]) -> None:
    made = create(api, body)["loyaltyProgramId"]
    api.put(f"loyalty-programs/{made}", {**body, "description": "new", "setAsDefault": True})
    entries = AuditEntry.objects.filter(target_type="members.loyaltyprogram", target_id=str(made)).order_by("pk")
    assert [(entry.action, entry.before, entry.after) for entry in entries] == [
        ("program.created", {}, {"name": "Second", "key": "second"}),
        ("program.updated", {"description": ""}, {"description": "new"}),
        ("program.made-default", {"is_default": False}, {"is_default": True}),
    ]
    assert {(entry.organization_id, entry.actor.split(":")[0]) for entry in entries} == {(house.id, "credential")}
