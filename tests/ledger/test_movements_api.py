"""Mint, burn and transfer over the core API: what they answer and refuse, and once (0.7, 0.12, 0.13, 2)."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from ledger import services
from ledger.models import Transaction
from members.models import Member
from tests.house import NOON_TEXT, TESTER, Api, House
from tests.refusals import refuses

KINDS = ["mint", "burn", "transfer"]


@pytest.fixture
def call(house: House, alice: Member, bob: Member) -> dict[str, tuple[str, dict[str, Any]]]:
    """For each kind of movement, where to send it and the least that must be said; Alice has 100 points."""
    house.give(alice, 100)
    both = {"fromWalletId": alice.wallet_id, "toWalletId": bob.wallet_id}
    return {
        "mint": (f"{house.wallet_path(alice)}/mint", {}),
        "burn": (f"{house.wallet_path(alice)}/burn", {}),
        "transfer": (f"{house.account_path}/transactions", both),
    }


Call = dict[str, tuple[str, dict[str, Any]]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_movement_answers_the_whole_transaction(
    noon: time_machine.Coordinates, house: House, api: Api, alice: Member, bob: Member, call: Call, kind: str
) -> None:
    path, least = call[kind]
    words = {
        "amount": "10",
        "systemUniqueKey": "k-1",
        "externalId": "till-7",
        "description": "Thank you",
        "tags": [["a"], "b", "a"],
        "externalEventDate": "2030-03-14T10:00:00+02:00",
    }
    answer = api.post(path, {**least, **words})
    assert answer.status_code == 201
    (made,) = answer.body["transactions"]
    account = house.account
    wallets = {
        "mint": (account.reserve_id, alice.wallet_id),
        "burn": (alice.wallet_id, account.burned_id),
        "transfer": (alice.wallet_id, bob.wallet_id),
    }
    expires = {"mint": "2031-03-14T23:59:59Z", "burn": None, "transfer": "2031-03-15T23:59:59Z"}
    assert made == {
        "ledgerTransactionId": str(Transaction.objects.latest("pk").pk),
        "organizationId": house.id,
        "ledgerId": house.ledger.pk,
        "ledgerAccountId": account.pk,
        "kind": kind,
        "status": "captured",
        "amount": 10,
        "capturedAmount": 10,
        "captureMethod": "auto",
        "fromWalletId": wallets[kind][0],
        "toWalletId": wallets[kind][1],
        "systemUniqueKey": "k-1",
        "externalId": "till-7",
        "description": "Thank you",
        "tags": ["a", "b"],
        "externalEventDate": "2030-03-14T08:00:00Z",
        "effectiveAt": "2030-03-14T08:00:00Z",
        "createdAt": NOON_TEXT,
        "expiresAt": expires[kind],
        "revertsLedgerTransactionId": None,
        "revertedByLedgerTransactionId": None,
    }
    left = {"mint": (110, 0), "burn": (90, 0), "transfer": (90, 10)}
    assert (house.balance(alice)[0], house.balance(bob)[0]) == left[kind]
    assert house.findings() == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_movement_of_which_little_is_said_has_nulls(
    noon: time_machine.Coordinates, api: Api, call: Call, kind: str
) -> None:
    path, least = call[kind]
    (made,) = api.post(path, {**least, "amount": 1}).body["transactions"]
    silent = ("systemUniqueKey", "externalId", "description", "externalEventDate")
    assert [made[name] for name in silent] == [None] * 4
    assert (made["tags"], made["effectiveAt"], made["createdAt"]) == ([], NOON_TEXT, NOON_TEXT)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("amount", [0, -1, 1.5, "1.5", "", True, None, 18446744073710, "18446744073710"], ids=repr)
def test_an_amount_is_a_whole_number_from_1_to_the_largest(api: Api, call: Call, kind: str, amount: object) -> None:
    path, least = call[kind]
    refuses(api, "POST", path, {**least, "amount": amount}, 400, "INVALID_INPUT")


def test_the_largest_amount_is_moved_exactly(house: House, api: Api, alice: Member, bob: Member) -> None:
    largest = 18446744073709
    api.post(f"{house.wallet_path(alice)}/mint", {"amount": largest})
    assert api.get(house.wallet_path(alice)).body["wallet"]["balance"] == largest
    body = {"fromWalletId": str(alice.wallet_id), "toWalletId": bob.wallet_id, "amount": str(largest)}
    (made,) = api.post(f"{house.account_path}/transactions", body).body["transactions"]
    assert made["amount"] == largest
    assert house.balance(bob) == (largest, 0, 0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hold", [False, True], ids=["auto", "manual"])
def test_a_repeat_is_answered_as_the_first_and_other_content_is_a_conflict(
    house: House, api: Api, call: Call, kind: str, hold: bool
) -> None:
    path, least = call[kind]
    body = {**least, "amount": 10, "systemUniqueKey": "k", "tags": ["a"]}
    if hold and kind != "mint":
        body["captureMethod"] = "manual"
    first = api.post(path, body)
    rows = Transaction.objects.count()
    # Said in another way, it is the same: key by key the values are equal.
    again = api.post(path, {**body, "amount": "10", "tags": [["a"]]})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.body == first.body
    assert Transaction.objects.count() == rows
    for other in ({"amount": 11}, {"tags": []}, {"description": "x"}, {"externalId": "x"}):
        refuses(api, "POST", path, {**body, **other}, 409, "IDEMPOTENCY_CONFLICT")
    assert house.findings() == []


@pytest.mark.parametrize("kind", ["burn", "transfer"])
def test_a_refused_movement_leaves_its_key_unused(house: House, api: Api, alice: Member, call: Call, kind: str) -> None:
    path, least = call[kind]
    body = {**least, "amount": 101, "systemUniqueKey": "k"}
    details = refuses(api, "POST", path, body, 422, "INSUFFICIENT_BALANCE")
    assert details == {"available": 100, "requested": 101}
    assert api.post(path, {**body, "amount": 100}).status_code == 201


@pytest.mark.parametrize("kind", ["burn", "transfer"])
def test_what_is_held_cannot_be_moved(house: House, api: Api, alice: Member, call: Call, kind: str) -> None:
    path, least = call[kind]
    (hold,) = api.post(path, {**least, "amount": 70, "captureMethod": "manual"}).body["transactions"]
    assert {name: hold[name] for name in ("kind", "status", "captureMethod", "capturedAmount", "expiresAt")} == {
        "kind": kind,
        "status": "pending",
        "captureMethod": "manual",
        "capturedAmount": 0,
        "expiresAt": None,
    }
    assert house.balance(alice) == (100, 70, 0)
    details = refuses(api, "POST", path, {**least, "amount": 31}, 422, "INSUFFICIENT_BALANCE")
    assert details == {"available": 30, "requested": 31}
    refuses(api, "POST", path, {**least, "amount": 31, "captureMethod": "manual"}, 422, "INSUFFICIENT_BALANCE")


def test_a_held_transfer_credits_nobody(house: House, api: Api, bob: Member, call: Call) -> None:
    path, least = call["transfer"]
    api.post(path, {**least, "amount": 70, "captureMethod": "manual"})
    assert api.get(house.wallet_path(bob)).body["wallet"]["balance"] == 0


def test_a_mint_knows_no_capture_method(house: House, api: Api, alice: Member) -> None:
    (made,) = api.post(f"{house.wallet_path(alice)}/mint", {"amount": 5, "captureMethod": "manual"}).body[
        "transactions"
    ]
    assert (made["status"], made["captureMethod"]) == ("captured", "auto")
    assert house.balance(alice) == (5, 0, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_may_be_five_minutes_ahead_and_no_more(
    noon: time_machine.Coordinates, api: Api, call: Call, kind: str
) -> None:
    path, least = call[kind]
    body = {**least, "amount": 1, "externalEventDate": "2030-03-15T12:05:01Z"}
    details = refuses(api, "POST", path, body, 400, "INVALID_INPUT")
    assert details == {"externalEventDate": ["The event date lies in the future."]}
    assert api.post(path, {**body, "externalEventDate": "2030-03-15T12:05:00Z"}).status_code == 201


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_has_no_earliest_date_and_without_a_zone_it_is_utc(
    noon: time_machine.Coordinates, api: Api, call: Call, kind: str
) -> None:
    path, least = call[kind]
    body = {**least, "amount": 1, "externalEventDate": "1987-06-05T04:03:02"}
    (made,) = api.post(path, body).body["transactions"]
    assert (made["effectiveAt"], made["createdAt"]) == ("1987-06-05T04:03:02Z", NOON_TEXT)


def test_a_backdated_burn_is_checked_against_todays_balance(
    noon: time_machine.Coordinates, house: House, api: Api, alice: Member, call: Call
) -> None:
    path, _ = call["burn"]
    api.post(path, {"amount": 60})
    body = {"amount": 41, "externalEventDate": "2029-01-01T00:00:00Z"}
    refuses(api, "POST", path, body, 422, "INSUFFICIENT_BALANCE")
    assert api.post(path, {**body, "amount": 40}).status_code == 201
    assert house.balance(alice) == (0, 0, 0)


def test_a_mint_of_long_ago_has_expired_when_it_is_read(
    noon: time_machine.Coordinates, house: House, api: Api, bob: Member
) -> None:
    body = {"amount": 9, "externalEventDate": "2028-01-31T00:00:00Z"}
    (made,) = api.post(f"{house.wallet_path(bob)}/mint", body).body["transactions"]
    assert made["expiresAt"] == "2029-01-31T23:59:59Z"
    assert api.get(house.wallet_path(bob)).body["wallet"]["balance"] == 0
    assert house.findings() == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_inactive_account_moves_nothing(house: House, api: Api, call: Call, kind: str) -> None:
    services.update_account(account=house.account, changes={"active": False}, actor=TESTER, at=house.account.created_at)
    path, least = call[kind]
    for method in ("auto", "manual"):
        body = {**least, "amount": 1, "captureMethod": method}
        refuses(api, "POST", path, body, 422, "ACCOUNT_INACTIVE")


@pytest.mark.parametrize("kind", KINDS)
def test_an_inactive_members_wallet_moves_nothing(house: House, api: Api, alice: Member, call: Call, kind: str) -> None:
    api.patch(f"members/{alice.pk}", {"active": False})
    path, least = call[kind]
    refuses(api, "POST", path, {**least, "amount": 1}, 422, "MEMBER_INACTIVE")


@pytest.mark.parametrize("kind", KINDS)
def test_a_retry_after_the_member_was_deactivated_is_still_answered(
    house: House, api: Api, alice: Member, call: Call, kind: str
) -> None:
    path, least = call[kind]
    body = {**least, "amount": 1, "systemUniqueKey": "k"}
    first = api.post(path, body)
    api.patch(f"members/{alice.pk}", {"active": False})
    again = api.post(path, body)
    assert (again.status_code, again.body) == (200, first.body)


def test_a_transfer_needs_two_wallets_of_the_house(
    house: House, api: Api, alice: Member, charlie: Member, call: Call
) -> None:
    path, least = call["transfer"]
    same = {**least, "amount": 1, "toWalletId": alice.wallet_id}
    refuses(api, "POST", path, same, 400, "SAME_WALLET")
    for side in ("fromWalletId", "toWalletId"):
        refuses(api, "POST", path, {**least, "amount": 1, side: charlie.wallet_id}, 404, "NOT_FOUND")
        refuses(api, "POST", path, {**least, "amount": 1, side: None}, 400, "INVALID_INPUT")


@pytest.mark.parametrize("own", ["reserve_id", "burned_id", "expired_id", "issuance_id"])
def test_an_accounts_own_wallets_cannot_be_named(house: House, api: Api, call: Call, own: str) -> None:
    wallet_id = getattr(house.account, own)
    path, least = call["transfer"]
    for side in ("fromWalletId", "toWalletId"):
        refuses(api, "POST", path, {**least, "amount": 1, side: wallet_id}, 422, "SYSTEM_WALLET")
    for what in ("mint", "burn"):
        path = f"{house.account_path}/wallets/{wallet_id}/{what}"
        refuses(api, "POST", path, {"amount": 1}, 422, "SYSTEM_WALLET")


@pytest.mark.parametrize("kind", KINDS)
def test_a_movement_is_the_callers(house: House, api: Api, call: Call, kind: str) -> None:
    path, least = call[kind]
    api.post(path, {**least, "amount": 1})
    made = Transaction.objects.latest("pk")
    assert (made.actor.split(":")[0], made.source) == ("credential", "core")
