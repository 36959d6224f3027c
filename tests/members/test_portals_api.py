"""Portals over the core API (semantics 0.2, 0.3, 0.10, 13.4)."""

from __future__ import annotations

import re
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction

from loyalty.kernel import clock
from loyalty.kernel.models import AuditEntry
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import create_credential
from members.models import Portal
from tests import factories
from tests.house import NOON_TEXT, TESTER, Api, House, api_for
from tests.refusals import refuses

BODY: dict[str, Any] = {"name": "Web", "active": True}


def create(api: Api, **more: Any) -> dict[str, Any]:
    answer = api.post("portals", {**BODY, **more})
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.body["portal"]
    return made


def public(portal: dict[str, Any]) -> str:
    return f"/api/v1/portals/{portal['publicId']}"


def test_a_new_portal_answers_every_field(noon: time_machine.Coordinates, house: House, api: Api) -> None:
    said = {
        "customAttributes": {"a": 1},
        "links": {"terms": "https://example.com/terms"},
        "theme": {"color": "red"},
        "forms": {"signup": ["email"]},
        "metadata": {"owner": "marketing"},
        "loyaltyProgramId": house.program.pk,
        "authRedirectUrl": "https://example.com/back?x=1",
        "authValidScopes": ["profile", "points"],
    }
    # The dates and the public id are not the caller's to say.
    made = create(api, **said, createdAt="1999-01-01T00:00:00Z", updatedAt=None, publicId="mine")
    assert made == {
        **BODY,
        **said,
        "portalId": Portal.objects.get().pk,
        "publicId": Portal.objects.get().public_id,
        "organizationId": house.id,
        "createdAt": NOON_TEXT,
        "updatedAt": NOON_TEXT,
    }
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", made["publicId"])
    assert api.get(f"portals/{made['portalId']}").body == {"portal": made}
    least = create(api)
    assert {name: least[name] for name in said} == {
        "customAttributes": {},
        "links": {},
        "theme": {},
        "forms": {},
        "metadata": {},
        "loyaltyProgramId": None,
        "authRedirectUrl": None,
        "authValidScopes": [],
    }
    assert least["publicId"] != made["publicId"]


def test_an_update_changes_what_it_names_and_null_clears(
    noon: time_machine.Coordinates, house: House, api: Api
) -> None:
    made = create(api, loyaltyProgramId=house.program.pk, authRedirectUrl="https://example.com", theme={"a": 1})
    path, body = f"portals/{made['portalId']}", {**BODY, "publicId": made["publicId"]}
    noon.shift(60)
    assert api.put(path, body).body["portal"] == made
    changed = api.put(path, {**body, "name": "App", "active": False, "theme": {}, "createdAt": NOON_TEXT})
    later = {"updatedAt": "2030-03-15T12:01:00Z"}
    assert changed.body["portal"] == {**made, "name": "App", "active": False, "theme": {}, **later}
    cleared = api.put(path, {**body, "loyaltyProgramId": None, "authRedirectUrl": None}).body["portal"]
    assert (cleared["loyaltyProgramId"], cleared["authRedirectUrl"]) == (None, None)
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, set(entry.after)) == (
        "portal.updated",
        {"name", "active", "program_id", "auth_redirect_url"},
    )
    refuses(api, "PUT", path, BODY, 400, "INVALID_INPUT")


def test_a_public_id_may_be_rotated_and_is_one_portals(neighbor: House, api: Api) -> None:
    made, theirs = create(api), create(api_for(neighbor.organization, is_admin=True))
    path, new = f"portals/{made['portalId']}", "abcdefghijklmnop_-0123"
    assert api.put(path, {**BODY, "publicId": new}).body["portal"]["publicId"] == new
    assert api.get(f"/api/v1/portals/{new}").status_code == 200
    refuses(api, "GET", public(made), None, 404, "NOT_FOUND")
    details = refuses(api, "PUT", path, {**BODY, "publicId": theirs["publicId"]}, 409, "ALREADY_EXISTS")
    assert "publicId" in details
    for wrong in ("short", new + "x", new[:-1] + "/", new[:-1] + "é", "", None):
        refuses(api, "PUT", path, {**BODY, "publicId": wrong}, 400, "INVALID_INPUT")


@pytest.mark.parametrize(
    "wrong",
    [
        "http://example.com",
        "javascript:alert(1)",
        "//example.com",
        "example.com",
        "https://",
        "https://a b",
        "x:https://a",
    ],
)
def test_people_are_sent_on_over_https_alone(api: Api, wrong: str) -> None:
    made = create(api, authRedirectUrl="https://example.com")
    details = refuses(api, "POST", "portals", {**BODY, "authRedirectUrl": wrong}, 400, "INVALID_INPUT")
    assert "authRedirectUrl" in details
    path, body = f"portals/{made['portalId']}", {**BODY, "publicId": made["publicId"]}
    refuses(api, "PUT", path, {**body, "name": "App", "authRedirectUrl": wrong}, 400, "INVALID_INPUT")
    assert create(api, authRedirectUrl="HTTPS://Example.com/Back")["authRedirectUrl"] == "https://Example.com/Back"
    with pytest.raises(IntegrityError), transaction.atomic():
        Portal.objects.update(auth_redirect_url="http://example.com")


def test_its_program_is_one_of_its_own(house: House, neighbor: House, api: Api) -> None:
    for wrong in (neighbor.program.pk, 987654321):
        details = refuses(api, "POST", "portals", {**BODY, "loyaltyProgramId": wrong}, 400, "INVALID_INPUT")
        assert "loyaltyProgramId" in details
    assert create(api, loyaltyProgramId=str(house.program.pk))["loyaltyProgramId"] == house.program.pk


def test_by_its_public_id_it_has_no_metadata(house: House, api: Api) -> None:
    made = create(api, metadata={"owner": "marketing"}, theme={"a": 1})
    read = api_for(house.organization).get(public(made)).body["portal"]
    assert read == {name: value for name, value in made.items() if name != "metadata"}


def test_one_that_is_not_active_is_found_by_its_number_alone(house: House, api: Api, neighbor: House) -> None:
    made = create(api, active=False)
    refuses(api, "GET", public(made), None, 404, "NOT_FOUND")
    refuses(api_for(neighbor.organization, is_admin=True), "GET", public(made), None, 404, "NOT_FOUND")
    assert api.get(f"portals/{made['portalId']}").body["portal"]["active"] is False


def test_by_its_public_id_only_its_own_people_read_it(house: House, neighbor: House, api: Api) -> None:
    made = create(api)
    refuses(api_for(neighbor.organization, is_admin=True), "GET", public(made), None, 403, "FORBIDDEN")
    refuses(Api("", 0), "GET", public(made), None, 401, "UNAUTHENTICATED")
    refuses(Api("", 0), "GET", "/api/v1/portals/nope", None, 401, "UNAUTHENTICATED")
    root = factories.OperatorFactory(is_system_admin=True)
    words: dict[str, Any] = {"operator": root, "name": "t", "granter": EVERYTHING, "actor": TESTER, "at": clock.now()}
    anywhere = create_credential(organization=None, **words)
    assert Api(anywhere.token, 0).get(public(made)).status_code == 200
    # A credential that is bound to another organization stays there, whoever holds it.
    bound = create_credential(organization=neighbor.organization, **words)
    refuses(Api(bound.token, 0), "GET", public(made), None, 403, "FORBIDDEN")


def test_a_list_is_narrowed_to_a_public_id(neighbor: House, api: Api) -> None:
    first, second = create(api), create(api, active=False)
    theirs = create(api_for(neighbor.organization, is_admin=True))

    def ids(query: str = "") -> list[int]:
        return [portal["portalId"] for portal in api.get(f"portals?{query}").body["results"]]

    assert ids() == [first["portalId"], second["portalId"]]
    assert ids(f"publicId={second['publicId']}") == [second["portalId"]]
    assert ids(f"publicId={theirs['publicId']}") == ids("publicId=x") == []
    assert ids("order=portalId,desc") == [second["portalId"], first["portalId"]]


def test_everybody_of_the_organization_reads_and_only_administrators_write(house: House, api: Api) -> None:
    made = create(api)
    someone = api_for(house.organization, "members:write")
    assert someone.get("portals").body["totalCount"] == 1
    refuses(someone, "POST", "portals", BODY, 403, "FORBIDDEN")
    body = {**BODY, "publicId": made["publicId"]}
    refuses(someone, "PUT", f"portals/{made['portalId']}", body, 403, "FORBIDDEN")
