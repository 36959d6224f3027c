"""Captures over the core API (semantics 2.1, 2.2)."""

from __future__ import annotations

from typing import Any

import pytest

from ledger import services
from ledger.models import Hold
from loyalty.kernel import clock
from members.models import Member
from tests.house import TESTER, Api, House
from tests.refusals import refuses


@pytest.fixture
def capture(house: House) -> str:
    return f"{house.account_path}/transactions/capture"


@pytest.fixture
def hold(house: House, alice: Member) -> str:
    """Sixty of Alice's hundred points are held."""
    house.give(alice, 100)
    return str(house.take(alice, 60, hold=True).id)


def listed(house: House, api: Api, hold: str) -> dict[str, Any]:
    rows = api.get(f"{house.account_path}/transactions").body["results"]
    return next(row for row in rows if row["ledgerTransactionId"] == hold)


def test_a_capture_answers_ok_and_takes_all_that_is_held(
    house: House, api: Api, alice: Member, capture: str, hold: str
) -> None:
    answer = api.post(capture, {"transactions": [{"ledgerTransactionId": hold}]})
    assert (answer.status_code, answer.body) == (200, {"ok": True})
    assert house.balance(alice) == (40, 0, 0)
    row = listed(house, api, hold)
    assert (row["kind"], row["status"], row["amount"], row["capturedAmount"]) == ("burn", "captured", 60, 60)
    assert house.findings() == []


def test_a_partial_capture_gives_back_the_rest_at_once(
    house: House, api: Api, alice: Member, capture: str, hold: str
) -> None:
    api.post(capture, {"transactions": [{"ledgerTransactionId": hold, "captureAmount": "25"}]})
    assert house.balance(alice) == (75, 0, 0)
    row = listed(house, api, hold)
    assert (row["status"], row["amount"], row["capturedAmount"]) == ("captured", 60, 25)


def test_a_capture_amount_of_null_is_all_of_it(house: House, api: Api, alice: Member, capture: str, hold: str) -> None:
    api.post(capture, {"transactions": [{"ledgerTransactionId": hold, "captureAmount": None}]})
    assert house.balance(alice) == (40, 0, 0)


@pytest.mark.parametrize("amount", [0, -1, 61, 1.5, True, "x"], ids=repr)
def test_a_capture_is_from_1_to_what_is_held(api: Api, capture: str, hold: str, amount: object) -> None:
    body = {"transactions": [{"ledgerTransactionId": hold, "captureAmount": amount}]}
    refuses(api, "POST", capture, body, 400, "INVALID_INPUT")


def test_a_second_capture_is_a_conflict(api: Api, capture: str, hold: str) -> None:
    body = {"transactions": [{"ledgerTransactionId": hold, "captureAmount": 1}]}
    api.post(capture, body)
    assert refuses(api, "POST", capture, body, 409, "NOT_PENDING") == {"ledgerTransactionId": hold}


def test_a_voided_hold_cannot_be_captured(house: House, api: Api, capture: str, hold: str) -> None:
    api.post(f"{house.account_path}/transactions/revert", {"ledgerTransactionId": hold})
    refuses(api, "POST", capture, {"transactions": [{"ledgerTransactionId": hold}]}, 409, "NOT_PENDING")


def test_captures_are_all_or_none_and_the_refusal_says_which(
    house: House, api: Api, alice: Member, capture: str, hold: str
) -> None:
    other = str(house.take(alice, 10, hold=True).id)
    body = {"transactions": [{"ledgerTransactionId": hold}, {"ledgerTransactionId": other, "captureAmount": 11}]}
    assert refuses(api, "POST", capture, body, 400, "INVALID_INPUT")["index"] == 1
    assert set(Hold.objects.values_list("state", flat=True)) == {"pending"}
    body["transactions"][1]["captureAmount"] = 10
    assert api.post(capture, body).body == {"ok": True}
    assert house.balance(alice) == (30, 0, 0)


def test_a_transaction_listed_twice_is_refused(api: Api, capture: str, hold: str) -> None:
    for again in (hold, f"0{hold}"):
        body = {"transactions": [{"ledgerTransactionId": hold}, {"ledgerTransactionId": again, "captureAmount": 1}]}
        refuses(api, "POST", capture, body, 400, "INVALID_INPUT")


@pytest.mark.parametrize("body", [{}, {"transactions": []}, {"transactions": [{}]}, {"transactions": None}], ids=str)
def test_there_must_be_something_to_capture(api: Api, capture: str, body: object) -> None:
    refuses(api, "POST", capture, body, 400, "INVALID_INPUT")


def test_only_a_hold_of_this_account_can_be_captured(
    house: House, api: Api, alice: Member, neighbor: House, charlie: Member, capture: str, hold: str
) -> None:
    stamps = services.create_account(ledger=house.ledger, name="Stamps", actor=TESTER, at=clock.now())
    body = {"transactions": [{"ledgerTransactionId": hold}]}
    elsewhere = f"ledgers/{house.ledger.pk}/accounts/{stamps.pk}/transactions/capture"
    refuses(api, "POST", elsewhere, body, 404, "NOT_FOUND")
    neighbor.give(charlie, 5)
    for number in (neighbor.take(charlie, 1, hold=True).id, house.give(alice, 1).id, 987654321):
        body = {"transactions": [{"ledgerTransactionId": str(number)}]}
        refuses(api, "POST", capture, body, 404, "NOT_FOUND")


def test_a_hold_is_not_captured_while_its_account_is_inactive(house: House, api: Api, capture: str, hold: str) -> None:
    body = {"name": "Points", "active": False, "isRevolving": False, "syncAlgorand": False}
    api.put(house.account_path, body)
    refuses(api, "POST", capture, {"transactions": [{"ledgerTransactionId": hold}]}, 422, "ACCOUNT_INACTIVE")
    # It can be released all the same.
    answer = api.post(f"{house.account_path}/transactions/revert", {"ledgerTransactionId": hold})
    assert answer.body["transactions"][0]["status"] == "voided"
