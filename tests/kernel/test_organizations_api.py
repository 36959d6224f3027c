"""The organization over the core API (semantics 0.9, 0.14, 13.2)."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from loyalty.kernel.models import AuditEntry
from members.models import LoyaltyProgram, Member
from members.services import create_program
from tests.house import NOON, NOON_TEXT, TESTER, Api, House
from tests.refusals import refuses


@pytest.fixture
def body(house: House) -> dict[str, Any]:
    """The least that must be said of an organization."""
    return {
        "name": "Demo Coffee",
        "description": "",
        "pictureUrl": "",
        "defaultLoyaltyProgramId": house.program.pk,
        "defaultLocale": "en-US",
    }


def test_an_organization_answers_every_field_by_its_number_and_by_its_key(
    noon: time_machine.Coordinates, house: House, api: Api
) -> None:
    answer = api.get("")
    assert (answer.status_code, answer.body) == (
        200,
        {
            "organization": {
                "organizationId": house.id,
                "organizationKey": "demo-coffee",
                "name": "Demo Coffee",
                "description": "",
                "pictureUrl": "",
                "defaultLoyaltyProgramId": house.program.pk,
                "defaultLocale": "en-US",
                "locales": ["en-US"],
                "customAttributes": {"timezone": "UTC"},
                "createdAt": NOON_TEXT,
                "updatedAt": NOON_TEXT,
            }
        },
    )
    assert api.get("/api/v1/organizations/demo-coffee").body == answer.body
    refuses(api, "GET", "/api/v1/organizations/no-such-key", None, 403, "FORBIDDEN")


def test_an_update_changes_what_it_names_and_nothing_else(
    noon: time_machine.Coordinates, house: House, api: Api, body: dict[str, Any]
) -> None:
    api.put("", {**body, "locales": ["en-US", "de-DE"], "customAttributes": {"a": 1}})
    before = api.get("").body["organization"]
    noon.shift(60)
    answer = api.put("", {**body, "name": "Renamed", "description": "d", "organizationKey": "mine", "createdAt": "x"})
    assert answer.status_code == 200
    assert answer.body["organization"] == {
        **before,
        "name": "Renamed",
        "description": "d",
        "updatedAt": "2030-03-15T12:01:00Z",
    }
    assert (before["locales"], before["customAttributes"]) == (["en-US", "de-DE"], {"a": 1, "timezone": "UTC"})


def test_the_default_locale_is_always_one_of_the_locales(house: House, api: Api, body: dict[str, Any]) -> None:
    changed = api.put("", {**body, "defaultLocale": "de-DE", "locales": ["fr", "es-AR", "fr"]}).body["organization"]
    assert (changed["defaultLocale"], changed["locales"]) == ("de-DE", ["fr", "es-AR", "de-DE"])
    changed = api.put("", {**body, "defaultLocale": "it"}).body["organization"]
    assert changed["locales"] == ["fr", "es-AR", "de-DE", "it"]
    for wrong in ("", "english please", "e", "de_DE"):
        refuses(api, "PUT", "", {**body, "defaultLocale": wrong}, 400, "INVALID_INPUT")
        refuses(api, "PUT", "", {**body, "locales": [wrong]}, 400, "INVALID_INPUT")


def test_the_default_program_is_one_of_its_own(house: House, api: Api, body: dict[str, Any], neighbor: House) -> None:
    second = create_program(organization_id=house.id, name="Second", ledger_id=house.ledger.pk, actor=TESTER, at=NOON)
    changed = api.put("", {**body, "defaultLoyaltyProgramId": second.pk}).body["organization"]
    assert changed["defaultLoyaltyProgramId"] == second.pk
    assert list(
        LoyaltyProgram.objects.filter(organization_id=house.id, is_default=True).values_list("pk", flat=True)
    ) == [second.pk]
    for wrong in (neighbor.program.pk, 987654321):
        other = {**body, "name": "Renamed", "defaultLoyaltyProgramId": wrong}
        details = refuses(api, "PUT", "", other, 400, "INVALID_INPUT")
        assert "defaultLoyaltyProgramId" in details


def test_the_time_zone_is_an_iana_name_and_decides_the_local_day(
    noon: time_machine.Coordinates, house: House, api: Api, alice: Member, body: dict[str, Any]
) -> None:
    for wrong in ("Mars/Olympus", "", None, 5, "../etc/passwd", "europe/berlin"):
        attributes = {"timezone": wrong, "b": 2}
        refuses(api, "PUT", "", {**body, "customAttributes": attributes}, 400, "INVALID_INPUT")
    zone = {"timezone": "America/Los_Angeles"}
    changed = api.put("", {**body, "customAttributes": {**zone, "b": 2}}).body["organization"]
    assert changed["customAttributes"] == {"timezone": "America/Los_Angeles", "b": 2}
    (made,) = api.post("loyalty-members/alice/mint", {"amount": 1}).body["ledgerTransactions"]
    assert made["expiresAt"] == "2031-03-16T06:59:59Z"
    # Attributes that do not name it leave the zone as it is.
    changed = api.put("", {**body, "customAttributes": {"c": 3}}).body["organization"]
    assert changed["customAttributes"] == {"timezone": "America/Los_Angeles", "c": 3}


def test_any_user_reads_it_and_only_administrators_change_it(house: House, api_with: Any, body: dict[str, Any]) -> None:
    assert api_with().get("").status_code == 200
    refuses(api_with("users:write", "ledgers:write"), "PUT", "", body, 403, "FORBIDDEN")


def test_an_update_is_in_the_audit_trail_and_one_that_changes_nothing_is_not(
    house: House, api: Api, body: dict[str, Any]
) -> None:
    entries = AuditEntry.objects.count()
    assert api.put("", body).status_code == 200
    assert AuditEntry.objects.count() == entries
    api.put("", {**body, "description": "new", "customAttributes": {"timezone": "Asia/Tokyo"}})
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.target_id, entry.organization_id) == ("organization.updated", str(house.id), house.id)
    assert (entry.before, entry.after) == (
        {"description": "", "timezone": "UTC"},
        {"description": "new", "timezone": "Asia/Tokyo"},
    )
