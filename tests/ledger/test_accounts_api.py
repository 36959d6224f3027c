"""Accounts over the core API: fields, expiry and tracking, the default flag, lists (semantics 1.4, 1.6)."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from ledger.models import Balance, LedgerAccount, Lot, Wallet
from loyalty.kernel.models import AuditEntry
from members.models import Member
from tests.house import NOON_TEXT, Api, House
from tests.refusals import refuses

RULES = {"active": True, "isRevolving": False, "syncAlgorand": False}


@pytest.fixture
def accounts(house: House) -> str:
    """Where the ledger's accounts are."""
    return f"ledgers/{house.ledger.pk}/accounts"


def put(house: House, api: Api, **changes: Any) -> Any:
    return api.put(house.account_path, {"name": "Points", **RULES, **changes})


def refuses_put(house: House, api: Api, status: int, code: str, **changes: Any) -> Any:
    return refuses(api, "PUT", house.account_path, {"name": "Points", **RULES, **changes}, status, code)


def test_a_new_account_answers_every_field(
    noon: time_machine.Coordinates, house: House, api: Api, accounts: str
) -> None:
    body = {
        **RULES,
        "name": "Star Points",
        "isCurrency": True,
        "decimals": 2,
        "formatString": "0.00 *",
        "maxSupply": "18446744073709",
        "syncAlgorand": True,
        "expiresInMonths": 6,
        "circulatingSupply": 99,
    }
    answer = api.post(accounts, body)
    made = LedgerAccount.objects.get(name="Star Points")
    assert answer.status_code == 201
    assert answer.body == {
        "ledgerAccount": {
            "ledgerAccountId": made.pk,
            "ledgerAccountKey": "star-points",
            "ledgerId": house.ledger.pk,
            "organizationId": house.id,
            "name": "Star Points",
            "active": True,
            "isCurrency": True,
            "decimals": 2,
            "formatString": "0.00 *",
            "maxSupply": 18446744073709,
            "isRevolving": False,
            "pointTrackingEnabled": True,
            "syncAlgorand": True,
            "expiresInMonths": 6,
            "isDefaultAccount": False,
            "circulatingSupply": 0,
            "burnedSupply": 0,
            "expiredSupply": 0,
            "createdAt": NOON_TEXT,
            "updatedAt": NOON_TEXT,
        }
    }
    assert api.get(f"{accounts}/{made.pk}").body == answer.body


def test_an_account_of_which_little_is_said_is_unlimited_untracked_and_never_expires(api: Api, accounts: str) -> None:
    made = api.post(accounts, {"name": "Stamps", **RULES}).body["ledgerAccount"]
    said = {name: made[name] for name in ("maxSupply", "expiresInMonths", "pointTrackingEnabled", "decimals")}
    assert said == {"maxSupply": None, "expiresInMonths": None, "pointTrackingEnabled": False, "decimals": 0}
    assert (made["isCurrency"], made["formatString"]) == (False, "")


def test_an_account_brings_its_own_wallets_and_no_balance(house: House, api: Api, accounts: str) -> None:
    wallets = Wallet.objects.count()
    api.post(accounts, {"name": "Stamps", **RULES})
    assert Wallet.objects.count() == wallets + 4
    assert not Balance.objects.exists()


def test_an_account_name_is_taken_once_per_ledger(house: House, api: Api, accounts: str) -> None:
    details = refuses(api, "POST", accounts, {"name": "Points", **RULES}, 409, "ALREADY_EXISTS")
    assert details == {"field": "name", "name": ["This name is already taken."]}
    other = api.post("ledgers", {"name": "Other"}).body["ledger"]["ledgerId"]
    made = api.post(f"ledgers/{other}/accounts", {"name": "Points", **RULES})
    assert made.status_code == 201
    assert made.body["ledgerAccount"]["ledgerAccountKey"].startswith("points-")
    api.post(accounts, {"name": "Stamps", **RULES})
    refuses_put(house, api, 409, "ALREADY_EXISTS", name="Stamps")


@pytest.mark.parametrize(
    "wrong",
    [{"decimals": 7}, {"decimals": -1}, {"expiresInMonths": -1}, {"maxSupply": -1}, {"maxSupply": 18446744073710}],
    ids=str,
)
def test_a_figure_out_of_range_is_refused(api: Api, accounts: str, wrong: dict[str, int]) -> None:
    refuses(api, "POST", accounts, {"name": "New", **RULES, **wrong}, 400, "INVALID_INPUT")


def test_what_an_update_does_not_name_stays(noon: time_machine.Coordinates, house: House, api: Api) -> None:
    put(house, api, decimals=3, formatString="0 pt", isCurrency=True)
    before = api.get(house.account_path).body["ledgerAccount"]
    noon.shift(60)
    answer = put(house, api, name="Renamed", maxSupply=5, ledgerAccountKey="mine")
    assert answer.status_code == 200
    assert answer.body["ledgerAccount"] == {**before, "name": "Renamed", "updatedAt": "2030-03-15T12:01:00Z"}
    assert (before["decimals"], before["formatString"], before["expiresInMonths"]) == (3, "0 pt", 12)


@pytest.mark.parametrize("frozen", [{"decimals": 2}, {"isCurrency": True}], ids=str)
def test_decimals_and_the_currency_flag_are_frozen_by_the_first_transaction(
    house: House, api: Api, alice: Member, frozen: dict[str, Any]
) -> None:
    assert put(house, api, **frozen).status_code == 200
    assert put(house, api, decimals=0, isCurrency=False).status_code == 200
    house.give(alice, 1)
    assert refuses_put(house, api, 409, "ACCOUNT_IN_USE", **frozen) == {
        "fields": ["is_currency" if "isCurrency" in frozen else "decimals"]
    }
    # Said again as they are, they change nothing.
    assert put(house, api, decimals=0, isCurrency=False, formatString="x").status_code == 200


def test_an_account_that_expires_is_tracked_unless_that_is_refused(api: Api, accounts: str) -> None:
    made = api.post(accounts, {"name": "A", **RULES, "expiresInMonths": 1}).body["ledgerAccount"]
    assert made["pointTrackingEnabled"] is True
    body = {"name": "B", **RULES, "expiresInMonths": 1, "pointTrackingEnabled": False}
    refuses(api, "POST", accounts, body, 400, "INVALID_INPUT")
    made = api.post(accounts, {**body, "expiresInMonths": 0}).body["ledgerAccount"]
    assert (made["expiresInMonths"], made["pointTrackingEnabled"]) == (None, False)


def test_tracking_cannot_be_turned_off_while_points_expire(house: House, api: Api) -> None:
    refuses_put(house, api, 422, "TRACKING_REQUIRED", pointTrackingEnabled=False)
    for never in (None, 0):
        put(house, api, expiresInMonths=12)
        changed = put(house, api, pointTrackingEnabled=False, expiresInMonths=never).body["ledgerAccount"]
        assert (changed["pointTrackingEnabled"], changed["expiresInMonths"]) == (False, None)


def test_tracking_can_be_turned_off_and_on_again_and_the_books_balance(
    house: House, api: Api, alice: Member, bob: Member
) -> None:
    house.give(alice, 30)
    put(house, api, expiresInMonths=None, pointTrackingEnabled=False)
    house.give(alice, 20)
    house.move(alice, bob, 40)
    assert house.findings() == []
    put(house, api, pointTrackingEnabled=True)
    assert sum(Lot.objects.filter(state="active").values_list("remaining", flat=True)) == 50
    assert (house.balance(alice), house.balance(bob)) == ((10, 0, 0), (40, 0, 0))
    assert house.findings() == []


def test_another_number_of_months_is_for_points_to_come(
    noon: time_machine.Coordinates, house: House, api: Api, alice: Member
) -> None:
    first = house.give(alice, 1)
    put(house, api, expiresInMonths=1)
    second = house.give(alice, 1)
    put(house, api, expiresInMonths=0)
    third = house.give(alice, 1)
    wanted = {first.id: "2031-03-15T23:59:59Z", second.id: "2030-04-15T23:59:59Z", third.id: None}
    listed = api.get(f"{house.account_path}/transactions").body["results"]
    assert {int(row["ledgerTransactionId"]): row["expiresAt"] for row in listed} == wanted


def test_points_expire_at_the_end_of_the_organizations_local_day(
    noon: time_machine.Coordinates, house: House, api: Api, alice: Member
) -> None:
    house.organization.timezone = "Pacific/Auckland"
    house.organization.save()
    made = api.post(f"{house.wallet_path(alice)}/mint", {"amount": 1}).body["transactions"][0]
    # It is 16 March there already; a year later that day ends at 10:59:59 UTC.
    assert made["expiresAt"] == "2031-03-16T10:59:59Z"


def test_the_first_account_of_a_ledger_is_its_default(api: Api) -> None:
    ledger = api.post("ledgers", {"name": "Other"}).body["ledger"]["ledgerId"]
    body = {"name": "First", **RULES, "isDefaultAccount": False}
    made = api.post(f"ledgers/{ledger}/accounts", body).body["ledgerAccount"]
    assert made["isDefaultAccount"] is True
    assert api.get(f"ledgers/{ledger}").body["ledger"]["defaultAccountId"] == made["ledgerAccountId"]


@pytest.mark.parametrize("how", ["create", "update"])
def test_the_default_flag_moves_from_the_account_that_had_it(house: House, api: Api, accounts: str, how: str) -> None:
    body = {"name": "Stamps", **RULES}
    if how == "create":
        stamps = api.post(accounts, {**body, "isDefaultAccount": True}).body["ledgerAccount"]
    else:
        stamps = api.post(accounts, body).body["ledgerAccount"]
        stamps = api.put(f"{accounts}/{stamps['ledgerAccountId']}", {**body, "isDefaultAccount": True}).body[
            "ledgerAccount"
        ]
    assert stamps["isDefaultAccount"] is True
    assert api.get(house.account_path).body["ledgerAccount"]["isDefaultAccount"] is False
    assert LedgerAccount.objects.filter(ledger=house.ledger, is_default=True).count() == 1


def test_the_default_flag_cannot_be_taken_from_the_default_account(house: House, api: Api, accounts: str) -> None:
    refuses_put(house, api, 422, "DEFAULT_ACCOUNT_REQUIRED", isDefaultAccount=False, name="Renamed")
    stamps = api.post(accounts, {"name": "Stamps", **RULES}).body["ledgerAccount"]["ledgerAccountId"]
    assert api.put(f"{accounts}/{stamps}", {"name": "Stamps", **RULES, "isDefaultAccount": False}).status_code == 200


def test_accounts_are_listed_filtered_ordered_and_paged(house: House, api: Api, accounts: str) -> None:
    names = ["Points", "Zebra", "Apple", "Mango"]
    for name in names[1:]:
        api.post(accounts, {"name": name, **RULES})

    def listed(query: str = "") -> list[str]:
        return [account["name"] for account in api.get(f"{accounts}?{query}").body["results"]]

    assert listed() == names
    assert listed("order=name") == sorted(names)
    assert listed("order=name,desc") == sorted(names, reverse=True)
    assert listed("order=ledgerAccountKey,desc") == sorted(names, reverse=True)
    assert listed("order=ledgerAccountId,desc") == names[::-1]
    assert listed("order=createdAt,desc") == names[::-1]
    assert listed("name=Apple") == ["Apple"]
    assert listed("name=apple") == []
    assert listed("ledgerAccountKey=mango") == ["Mango"]
    page = api.get(f"{accounts}?page=1&limit=3").body
    assert (page["totalCount"], page["page"], page["limit"], len(page["results"])) == (4, 1, 3, 1)
    assert page["results"][0] == api.get(f"{accounts}?name=Mango").body["results"][0]


def test_an_account_shows_what_circulates_and_what_is_gone(house: House, api: Api, alice: Member, bob: Member) -> None:
    house.give(alice, 100)
    house.take(alice, 30)
    house.take(alice, 20, hold=True)
    house.move(alice, bob, 10)
    given = house.give(bob, 7)
    api.post(f"{house.account_path}/transactions/revert", {"ledgerTransactionId": given.id})
    for shown in (
        api.get(house.account_path).body["ledgerAccount"],
        api.get(f"ledgers/{house.ledger.pk}/accounts").body["results"][0],
    ):
        assert (shown["circulatingSupply"], shown["burnedSupply"], shown["expiredSupply"]) == (70, 30, 0)


def test_every_change_of_an_account_is_in_the_audit_trail(house: House, api: Api, accounts: str) -> None:
    made = api.post(accounts, {"name": "New", **RULES, "maxSupply": 5}).body["ledgerAccount"]["ledgerAccountId"]
    api.put(f"{accounts}/{made}", {"name": "New", **RULES, "active": False, "isDefaultAccount": True})
    api.put(f"{accounts}/{made}/supply", {"maxSupply": 9, "description": "a good year"})
    entries = list(AuditEntry.objects.filter(target_type="ledger.ledgeraccount", target_id=str(made)).order_by("pk"))
    assert entries[0].after == {
        "name": "New",
        "key": "new",
        "max_supply": 5,
        "active": True,
        "is_revolving": False,
        "sync_algorand": False,
    }
    assert [(entry.action, entry.before, entry.after, entry.reason) for entry in entries[1:]] == [
        ("account.updated", {"active": True}, {"active": False}, ""),
        ("account.made-default", {"is_default": False}, {"is_default": True}, ""),
        ("account.supply-changed", {"max_supply": 5}, {"max_supply": 9}, "a good year"),
    ]
    assert {entry.actor.split(":")[0] for entry in entries} == {"credential"}
