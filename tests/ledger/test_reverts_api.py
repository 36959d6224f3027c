"""Reverts over the core API: how a transaction is named, and what is answered (semantics 2.3)."""

from __future__ import annotations

import pytest
import time_machine

from ledger import services
from ledger.models import Transaction
from members.models import Member
from tests.house import NOON, NOON_TEXT, TESTER, Api, House
from tests.refusals import refuses


@pytest.fixture
def revert(house: House) -> str:
    return f"{house.account_path}/transactions/revert"


def test_a_revert_answers_the_opposite_linked_both_ways(
    noon: time_machine.Coordinates, house: House, api: Api, alice: Member, revert: str
) -> None:
    house.give(alice, 100)
    burned = house.take(alice, 30, unique_key="order-1")
    body = {"systemUniqueKey": "order-1", "description": "cancelled", "externalId": "ref", "tags": ["t"]}
    answer = api.post(revert, body)
    (made,) = answer.body["transactions"]
    assert answer.status_code == 201
    assert made == {
        "ledgerTransactionId": str(Transaction.objects.latest("pk").pk),
        "organizationId": house.id,
        "ledgerId": house.ledger.pk,
        "ledgerAccountId": house.account.pk,
        "kind": "revert",
        "status": "captured",
        "amount": 30,
        "capturedAmount": 30,
        "captureMethod": "auto",
        "fromWalletId": house.account.burned_id,
        "toWalletId": alice.wallet_id,
        "systemUniqueKey": f"revert:{burned.id}",
        "externalId": "ref",
        "description": "cancelled",
        "tags": ["t"],
        "externalEventDate": None,
        "effectiveAt": NOON_TEXT,
        "createdAt": NOON_TEXT,
        "expiresAt": None,
        "revertsLedgerTransactionId": str(burned.id),
        "revertedByLedgerTransactionId": None,
    }
    original = api.get(f"{house.account_path}/transactions?systemUniqueKey=order-1").body["results"][0]
    assert original["status"] == "reverted"
    assert original["revertedByLedgerTransactionId"] == made["ledgerTransactionId"]
    assert house.balance(alice) == (100, 0, 0)


@pytest.mark.parametrize("named", ["systemUniqueKey", "externalId", "ledgerTransactionId"])
def test_reverting_again_answers_as_the_first_time(
    house: House, api: Api, alice: Member, revert: str, named: str
) -> None:
    given = house.give(alice, 30, unique_key="k", external_id="e")
    body = {named: {"systemUniqueKey": "k", "externalId": "e", "ledgerTransactionId": given.id}[named]}
    first = api.post(revert, body)
    rows = Transaction.objects.count()
    again = api.post(revert, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.body == first.body
    assert Transaction.objects.count() == rows
    assert house.balance(alice) == (0, 0, 0)


def test_an_external_id_reverts_every_transaction_that_has_it_and_all_or_none(
    house: House, api: Api, alice: Member, revert: str
) -> None:
    first = house.give(alice, 30, external_id="order-9")
    second = house.give(alice, 12, external_id="order-9")
    house.give(alice, 5, external_id="order-10")
    house.take(alice, 6)
    refuses(api, "POST", revert, {"externalId": "order-9"}, 422, "INSUFFICIENT_BALANCE")
    house.give(alice, 1)
    made = api.post(revert, {"externalId": "order-9"}).body["transactions"]
    assert [row["revertsLedgerTransactionId"] for row in made] == [str(first.id), str(second.id)]
    assert house.balance(alice) == (0, 0, 0)
    assert house.findings() == []


def test_the_key_wins_over_the_external_id(house: House, api: Api, alice: Member, revert: str) -> None:
    keyed = house.give(alice, 30, unique_key="k")
    house.give(alice, 12, external_id="e")
    (made,) = api.post(revert, {"systemUniqueKey": "k", "externalId": "e"}).body["transactions"]
    assert (made["revertsLedgerTransactionId"], made["externalId"]) == (str(keyed.id), "e")


def test_a_revert_that_names_nothing_is_refused(api: Api, revert: str) -> None:
    for body in ({}, {"externalId": ""}, {"description": "all of it"}):
        refuses(api, "POST", revert, body, 400, "INVALID_INPUT")


def test_what_is_named_must_be_there_and_in_this_account(
    house: House, api: Api, alice: Member, revert: str, neighbor: House, charlie: Member
) -> None:
    stamps = services.create_account(ledger=house.ledger, name="Stamps", actor=TESTER, at=NOON)
    move = services.mint(account_id=stamps.pk, wallet_id=alice.wallet_id, amount=3, unique_key="k", external_id="e")
    elsewhere = house.post(move).records[0].id
    theirs = neighbor.give(charlie, 5, unique_key="theirs", external_id="theirs")
    for named in (
        {"systemUniqueKey": "k"},
        {"externalId": "e"},
        {"ledgerTransactionId": elsewhere},
        {"systemUniqueKey": "theirs"},
        {"externalId": "theirs"},
        {"ledgerTransactionId": theirs.id},
        {"ledgerTransactionId": 987654321},
    ):
        refuses(api, "POST", revert, named, 404, "NOT_FOUND")


def test_named_by_its_number_a_revert_may_have_a_key_of_its_own(
    house: House, api: Api, alice: Member, bob: Member, revert: str
) -> None:
    given, other = house.give(alice, 30), house.give(bob, 30)
    body = {"ledgerTransactionId": str(given.id), "systemUniqueKey": "undo-1"}
    first = api.post(revert, body)
    assert first.body["transactions"][0]["systemUniqueKey"] == "undo-1"
    again = api.post(revert, body)
    assert (again.status_code, again.body) == (200, first.body)
    other_body = {**body, "ledgerTransactionId": other.id}
    refuses(api, "POST", revert, other_body, 409, "IDEMPOTENCY_CONFLICT")


def test_a_pending_hold_is_voided_and_nothing_is_posted(house: House, api: Api, alice: Member, revert: str) -> None:
    house.give(alice, 30)
    hold = house.take(alice, 20, hold=True)
    (answer,) = api.post(revert, {"ledgerTransactionId": hold.id}).body["transactions"]
    assert (answer["ledgerTransactionId"], answer["status"], answer["capturedAmount"]) == (str(hold.id), "voided", 0)
    assert house.balance(alice) == (30, 0, 0)
    assert api.get(f"{house.account_path}/transactions").body["totalCount"] == 2


def test_a_hold_voided_with_a_key_is_answered_as_voided_again(
    house: House, api: Api, alice: Member, revert: str
) -> None:
    house.give(alice, 30)
    hold = house.take(alice, 20, hold=True)
    body = {"ledgerTransactionId": hold.id, "systemUniqueKey": "undo-1"}
    first = api.post(revert, body)
    again = api.post(revert, body)
    assert first.body["transactions"][0]["status"] == "voided"
    assert (again.status_code, again.body) == (200, first.body)


def test_of_a_partly_captured_hold_the_captured_amount_returns(
    house: House, api: Api, alice: Member, revert: str
) -> None:
    house.give(alice, 30)
    hold = house.take(alice, 20, hold=True, unique_key="k")
    services.capture_holds(organization_id=house.id, captures={hold.id: 5}, actor=TESTER, at=hold.created_at)
    (made,) = api.post(revert, {"systemUniqueKey": "k"}).body["transactions"]
    assert (made["kind"], made["amount"], made["revertsLedgerTransactionId"]) == ("revert", 5, str(hold.id))
    assert house.balance(alice) == (30, 0, 0)


def test_a_revert_an_expiry_and_a_supply_change_cannot_be_reverted(
    noon: time_machine.Coordinates, house: House, api: Api, alice: Member, revert: str
) -> None:
    undone = house.give(alice, 5)
    (first,) = api.post(revert, {"ledgerTransactionId": undone.id}).body["transactions"]
    old = {"amount": 7, "externalEventDate": "2000-01-01T00:00:00Z"}
    api.post(f"{house.wallet_path(alice)}/mint", old)
    api.get(house.wallet_path(alice))
    (supply,) = api.put(f"{house.account_path}/supply", {"maxSupply": 500}).body["transactions"]
    expired = Transaction.objects.get(kind="expire")
    for number in (first["ledgerTransactionId"], expired.pk, supply["ledgerTransactionId"]):
        details = refuses(api, "POST", revert, {"ledgerTransactionId": number}, 409, "NOT_REVERTIBLE")
        assert details == {"ledgerTransactionId": str(number)}
    refuses(api, "POST", revert, {"systemUniqueKey": expired.unique_key}, 409, "NOT_REVERTIBLE")


def test_a_revert_of_what_is_spent_is_refused(house: House, api: Api, alice: Member, revert: str) -> None:
    given = house.give(alice, 30)
    house.take(alice, 1)
    details = refuses(api, "POST", revert, {"ledgerTransactionId": given.id}, 422, "INSUFFICIENT_BALANCE")
    assert details == {"available": 29, "requested": 30}


def test_reverts_go_on_for_an_inactive_account_and_member(house: House, api: Api, alice: Member, revert: str) -> None:
    given = house.give(alice, 30)
    api.patch(f"members/{alice.pk}", {"active": False})
    body = {"name": "Points", "active": False, "isRevolving": False, "syncAlgorand": False}
    api.put(house.account_path, body)
    assert api.post(revert, {"ledgerTransactionId": given.id}).status_code == 201
    assert house.balance(alice) == (0, 0, 0)


def test_more_than_a_hundred_of_one_external_id_are_refused(house: House, api: Api, alice: Member, revert: str) -> None:
    moves = [
        services.mint(account_id=house.account.pk, wallet_id=alice.wallet_id, amount=1, external_id="e")
        for _ in range(101)
    ]
    house.post(*moves)
    refuses(api, "POST", revert, {"externalId": "e"}, 400, "INVALID_INPUT")


def test_a_revert_says_when_it_happened_and_not_ahead_of_time(
    noon: time_machine.Coordinates, house: House, api: Api, alice: Member, revert: str
) -> None:
    given = house.give(alice, 30)
    body = {"ledgerTransactionId": given.id, "externalEventDate": "2030-03-15T12:06:00Z"}
    refuses(api, "POST", revert, body, 400, "INVALID_INPUT")
    (made,) = api.post(revert, {**body, "externalEventDate": "2030-03-15T11:00:00Z"}).body["transactions"]
    assert (made["effectiveAt"], made["externalEventDate"]) == ("2030-03-15T11:00:00Z", "2030-03-15T11:00:00Z")
