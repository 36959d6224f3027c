"""The supply of an account over the core API (semantics 1.3, 0.12)."""

from __future__ import annotations

import pytest
import time_machine

from ledger.models import LedgerAccount
from members.models import Member
from tests import factories
from tests.house import NOON_TEXT, Api, House, api_for
from tests.refusals import refuses


@pytest.fixture
def house(db: None) -> House:
    """A house whose account may have a hundred points."""
    return factories.build_house("Finite", max_supply=100)


@pytest.fixture
def api(house: House) -> Api:
    return api_for(house.organization, is_admin=True)


@pytest.fixture
def supply(house: House) -> str:
    return f"{house.account_path}/supply"


def stored(house: House) -> int | None:
    return LedgerAccount.objects.get(pk=house.account.pk).max_supply


def test_another_supply_answers_one_supply_transaction(
    noon: time_machine.Coordinates, house: House, api: Api, supply: str
) -> None:
    body = {
        "maxSupply": "150",
        "description": "more",
        "externalId": "po-1",
        "tags": [["a", "b"], "c"],
        "systemUniqueKey": "raise",
        "externalEventDate": "2030-03-14T00:00:00",
    }
    answer = api.put(supply, body)
    assert answer.status_code == 200
    (made,) = answer.body["transactions"]
    assert made == {
        "ledgerTransactionId": made["ledgerTransactionId"],
        "organizationId": house.id,
        "ledgerId": house.ledger.pk,
        "ledgerAccountId": house.account.pk,
        "kind": "supply",
        "status": "captured",
        "amount": 50,
        "capturedAmount": 50,
        "captureMethod": "auto",
        "fromWalletId": house.account.issuance_id,
        "toWalletId": house.account.reserve_id,
        "systemUniqueKey": "raise",
        "externalId": "po-1",
        "description": "more",
        "tags": ["a", "b", "c"],
        "externalEventDate": "2030-03-14T00:00:00Z",
        "effectiveAt": "2030-03-14T00:00:00Z",
        "createdAt": NOON_TEXT,
        "expiresAt": None,
        "revertsLedgerTransactionId": None,
        "revertedByLedgerTransactionId": None,
    }
    assert stored(house) == 150
    assert api.get(house.account_path).body["ledgerAccount"]["maxSupply"] == 150


@pytest.mark.parametrize("body", [{}, {"maxSupply": None}, None], ids=["empty", "null", "nothing"])
def test_no_number_is_an_unlimited_supply(house: House, api: Api, supply: str, body: object) -> None:
    (made,) = api.put(supply, body).body["transactions"]
    assert (made["kind"], made["amount"], made["toWalletId"]) == ("supply", 100, house.account.issuance_id)
    assert stored(house) is None
    assert api.put(supply, body).body == {"transactions": []}


def test_the_same_supply_answers_nothing(house: House, api: Api, supply: str) -> None:
    answer = api.put(supply, {"maxSupply": 100})
    assert (answer.status_code, answer.body) == (200, {"transactions": []})


def test_a_supply_below_what_is_consumed_is_refused(house: House, api: Api, supply: str) -> None:
    member = factories.MemberFactory(organization=house.organization)
    house.give(member, 60)
    house.take(member, 20)
    assert refuses(api, "PUT", supply, {"maxSupply": 59}, 422, "SUPPLY_TOO_LOW") == {"consumed": 60}
    assert api.put(supply, {"maxSupply": 60}).status_code == 200
    assert house.findings() == []


def test_a_mint_beyond_the_supply_is_refused(house: House, api: Api) -> None:
    member = factories.MemberFactory(organization=house.organization)
    mint = f"{house.wallet_path(member)}/mint"
    assert refuses(api, "POST", mint, {"amount": 101}, 422, "SUPPLY_EXCEEDED") == {"available": 100}
    assert api.post(mint, {"amount": 100}).status_code == 201
    # Held points still circulate, burned ones stay consumed.
    api.post(f"{house.wallet_path(member)}/burn", {"amount": 10, "captureMethod": "manual"})
    api.post(f"{house.wallet_path(member)}/burn", {"amount": 10})
    assert refuses(api, "POST", mint, {"amount": 1}, 422, "SUPPLY_EXCEEDED") == {"available": 0}


def test_the_supply_is_no_field_of_an_account_update(house: House, api: Api, supply: str) -> None:
    body = {"name": "Points", "active": True, "isRevolving": False, "syncAlgorand": False, "maxSupply": 5}
    assert api.put(house.account_path, body).body["ledgerAccount"]["maxSupply"] == 100


def test_a_supply_change_sent_again_is_answered_and_does_nothing(house: House, api: Api, supply: str) -> None:
    body = {"maxSupply": 150, "systemUniqueKey": "k"}
    first = api.put(supply, body)
    api.put(supply, {"maxSupply": 120})
    again = api.put(supply, body)
    assert (again.status_code, again.body) == (200, first.body)
    assert stored(house) == 120
    refuses(api, "PUT", supply, {"maxSupply": 151, "systemUniqueKey": "k"}, 409, "IDEMPOTENCY_CONFLICT")


def test_a_key_that_moved_points_cannot_change_a_supply(
    house: House,
    api: Api,
    supply: str,
) -> None:
    member: Member = factories.MemberFactory(organization=house.organization)
    api.post(f"{house.wallet_path(member)}/mint", {"amount": 1, "systemUniqueKey": "k"})
    refuses(api, "PUT", supply, {"maxSupply": 150, "systemUniqueKey": "k"}, 409, "IDEMPOTENCY_CONFLICT")
