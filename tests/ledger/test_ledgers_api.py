"""Ledgers over the core API (semantics 0.6, 0.10, 0.11, 1.4)."""

from __future__ import annotations

import pytest
import time_machine

from ledger.models import Ledger
from loyalty.kernel.models import AuditEntry
from tests.house import NOON_TEXT, Api, House
from tests.refusals import refuses


def test_a_new_ledger_answers_itself_with_a_key_made_of_its_name(
    noon: time_machine.Coordinates, house: House, api: Api
) -> None:
    answer = api.post("ledgers", {"name": "Partner Points", "description": "for partners", "ledgerKey": "mine"})
    made = Ledger.objects.get(name="Partner Points")
    assert answer.status_code == 201
    assert answer.body == {
        "ledger": {
            "ledgerId": made.pk,
            "ledgerKey": "partner-points",
            "organizationId": house.id,
            "name": "Partner Points",
            "description": "for partners",
            "defaultAccountId": None,
            "createdAt": NOON_TEXT,
            "updatedAt": NOON_TEXT,
        }
    }
    assert api.get(f"ledgers/{made.pk}").body == answer.body


def test_a_second_ledger_of_the_same_name_gets_a_key_of_its_own(api: Api) -> None:
    first, second = (api.post("ledgers", {"name": "Same"}).body["ledger"] for _ in range(2))
    assert first["ledgerKey"] == "same"
    assert second["ledgerKey"].startswith("same-")


def test_the_neighbors_may_have_the_same_key(neighbor: House, api: Api) -> None:
    key = neighbor.ledger.key
    assert key == "main"
    (own,) = api.get(f"ledgers?ledgerKey={key}").body["results"]
    assert own["ledgerId"] != neighbor.ledger.pk


def test_a_ledger_without_a_name_is_refused(house: House, api: Api) -> None:
    for body in ({}, {"name": ""}, {"name": "   "}, {"name": None}, {"name": "x" * 256}):
        refuses(api, "POST", "ledgers", body, 400, "INVALID_INPUT")
    details = refuses(api, "POST", "ledgers", {"description": "d"}, 400, "INVALID_INPUT")
    assert details == {"name": ["This field is required."]}


def test_what_an_update_does_not_name_stays(noon: time_machine.Coordinates, house: House, api: Api) -> None:
    api.put(f"ledgers/{house.ledger.pk}", {"name": "Main", "description": "the books"})
    noon.shift(60)
    answer = api.put(f"ledgers/{house.ledger.pk}", {"name": "Renamed", "createdAt": "1999-01-01T00:00:00Z", "odd": 1})
    assert answer.status_code == 200
    assert answer.body["ledger"] == {
        "ledgerId": house.ledger.pk,
        "ledgerKey": "main",
        "organizationId": house.id,
        "name": "Renamed",
        "description": "the books",
        "defaultAccountId": house.account.pk,
        "createdAt": NOON_TEXT,
        "updatedAt": "2030-03-15T12:01:00Z",
    }


def test_an_update_that_changes_nothing_leaves_no_mark(house: House, api: Api) -> None:
    entries = AuditEntry.objects.count()
    before = api.get(f"ledgers/{house.ledger.pk}").body
    assert api.put(f"ledgers/{house.ledger.pk}", {"name": "Main"}).body == before
    assert AuditEntry.objects.count() == entries


def test_a_ledgers_default_account_can_be_moved_to_another_of_its_own(house: House, api: Api) -> None:
    path = f"ledgers/{house.ledger.pk}"
    rules = {"active": True, "isRevolving": False, "syncAlgorand": False}
    stamps = api.post(f"{path}/accounts", {"name": "Stamps", **rules}).body["ledgerAccount"]
    answer = api.put(path, {"name": "Main", "defaultAccountId": stamps["ledgerAccountId"]})
    assert answer.body["ledger"]["defaultAccountId"] == stamps["ledgerAccountId"]
    flags = {a["ledgerAccountId"]: a["isDefaultAccount"] for a in api.get(f"{path}/accounts").body["results"]}
    assert flags == {house.account.pk: False, stamps["ledgerAccountId"]: True}


def test_an_account_of_another_ledger_cannot_be_a_ledgers_default(house: House, api: Api, neighbor: House) -> None:
    other = api.post("ledgers", {"name": "Other"}).body["ledger"]["ledgerId"]
    for account_id in (house.account.pk, neighbor.account.pk, 987654):
        body = {"name": "Renamed", "defaultAccountId": account_id}
        refuses(api, "PUT", f"ledgers/{other}", body, 400, "INVALID_INPUT")


def test_ledgers_are_listed_oldest_first_and_in_pages(house: House, api: Api) -> None:
    made = [api.post("ledgers", {"name": name}).body["ledger"] for name in ("C", "A", "B")]
    main = api.get(f"ledgers/{house.ledger.pk}").body["ledger"]
    assert api.get("ledgers").body == {"totalCount": 4, "page": 0, "limit": 25, "results": [main, *made]}
    second = api.get("ledgers?page=1&limit=3").body
    assert second == {"totalCount": 4, "page": 1, "limit": 3, "results": [made[2]]}
    assert api.get("ledgers?page=2&limit=3").body == {"totalCount": 4, "page": 2, "limit": 3, "results": []}


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("name", ["A", "B", "C", "Main"]),
        ("name,desc", ["Main", "C", "B", "A"]),
        ("ledgerKey,asc", ["A", "B", "C", "Main"]),
        ("ledgerId,desc", ["B", "A", "C", "Main"]),
        ("createdAt", ["Main", "C", "A", "B"]),
        ("createdAt,desc", ["B", "A", "C", "Main"]),
    ],
)
def test_ledgers_can_be_ordered(house: House, api: Api, order: str, names: list[str]) -> None:
    for name in ("C", "A", "B"):
        api.post("ledgers", {"name": name})
    assert [ledger["name"] for ledger in api.get(f"ledgers?order={order}").body["results"]] == names


def test_a_ledger_can_be_found_by_its_key(house: House, api: Api, neighbor: House) -> None:
    api.post("ledgers", {"name": "Another"})
    found = api.get("ledgers?ledgerKey=another").body
    assert (found["totalCount"], [ledger["name"] for ledger in found["results"]]) == (1, ["Another"])
    assert api.get("ledgers?ledgerKey=Another").body["results"] == []


def test_every_change_of_a_ledger_is_in_the_audit_trail(house: House, api: Api) -> None:
    made = api.post("ledgers", {"name": "New"}).body["ledger"]["ledgerId"]
    api.put(f"ledgers/{made}", {"name": "Newer"})
    entries = AuditEntry.objects.filter(target_type="ledger.ledger", target_id=str(made)).order_by("pk")
    assert [(entry.action, entry.before, entry.after) for entry in entries] == [
        ("ledger.created", {}, {"name": "New", "key": "new"}),
        ("ledger.updated", {"name": "New"}, {"name": "Newer"}),
    ]
    assert {(entry.organization_id, entry.actor.split(":")[0], entry.actor_name) for entry in entries} == {
        (house.id, "credential", "test")
    }
    assert all(entry.request_id for entry in entries)
