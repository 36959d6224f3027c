"""What each operation answers (contract cosmopoints 3.3 and 3.4)."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from loyalty.kernel import clock
from members.models import Member
from partners.models import Exchange
from partners.services import reverse_exchange, update_partner, update_partner_program
from tests.dialects.cosmopoints.world import END, START, WINDOW, Cosmo, calls, id_of
from tests.house import NOON_TEXT, TESTER, House
from tests.walk import every_row


def test_the_profile_says_who_calls(cosmo: Cosmo) -> None:
    profile = {"city": "Dubai", "countryCode": "AE"}
    update_partner(partner=cosmo.trade.bank, changes={"profile": profile}, actor=TESTER, at=clock.now())
    body = cosmo.get("profile").body
    assert (body["name"], body["programName"], body["localCurrency"]) == ("Bank", "Bank app", "USD")
    assert (body["city"], body["countryCode"], body["phone"]) == ("Dubai", "AE", "")


def test_programs_have_their_price_and_limits_as_numbers(cosmo: Cosmo) -> None:
    own, foreign = cosmo.get("programs").body
    assert own["id"] == id_of(cosmo.trade.own)
    assert (own["pricePerPoint"], own["pricePerPointInUsd"], own["pricePerPointInLocalCurrency"]) == (0.1, 0.1, 0.1)
    assert (own["minValue"], own["maxValue"], own["minAmountOfPoints"], own["maxAmountOfPoints"]) == (0, 0, 0, 0)
    assert (foreign["pricePerPoint"], foreign["minValue"], foreign["maxValue"]) == (0.25, 5, 500)
    assert (foreign["currency"], foreign["businessName"]) == ("USD", "Books Inc")


def test_a_program_that_is_closed_is_not_listed(cosmo: Cosmo) -> None:
    update_partner_program(program=cosmo.trade.foreign, changes={"active": False}, actor=TESTER, at=clock.now())
    assert [row["id"] for row in cosmo.get("programs").body] == [id_of(cosmo.trade.own)]
    cosmo.refuses("GET", f"programs/{id_of(cosmo.trade.foreign)}/fields", None, 404)


def test_fields_say_what_is_required_and_leave_out_what_is_not_used(cosmo: Cosmo) -> None:
    path = f"programs/{id_of(cosmo.trade.own)}/fields"
    assert cosmo.get(path).body == [
        {"name": "destinationUserId", "required": False, "type": "string"},
        {"name": "destinationUserEmail", "required": True, "type": "email"},
    ]
    update_partner_program(program=cosmo.trade.own, changes={"user_id_field": "unused"}, actor=TESTER, at=clock.now())
    assert [field["name"] for field in cosmo.get(path).body] == ["destinationUserEmail"]


def test_a_member_is_valid_and_nobody_else(cosmo: Cosmo, alice: Member, charlie: Member) -> None:
    path = f"programs/{id_of(cosmo.trade.own)}/validate"
    for email, valid in (("alice@example.com", True), (" ALICE@example.com", True), ("charlie@example.com", False)):
        answer = cosmo.post(path, {"destinationUserEmail": email})
        assert (answer.status_code, answer.body) == (200, {"isValid": valid}), email
    cosmo.refuses("POST", path, {}, 400, "destinationUserEmail")
    cosmo.refuses("POST", path, {"destinationUserId": "alice"}, 400, "destinationUserEmail")
    foreign = f"programs/{id_of(cosmo.trade.foreign)}/validate"
    assert cosmo.post(foreign, {"destinationUserId": "charlie"}).body == {"isValid": True}


def test_preview_and_issue_agree(cosmo: Cosmo) -> None:
    for number, value in enumerate((1, 3, 7, 19, 99)):
        said = {"programId": id_of(cosmo.trade.own), "value": value}
        total = cosmo.post("transactions/preview", said).body["totalPoints"]
        issued = cosmo.post("transactions", cosmo.order(value=value, referenceNumber=f"N-{number}")).body
        assert issued["totalPoints"] == total == value * 10
    assert isinstance(issued["totalPoints"], int)


def test_a_value_outside_the_limits_is_refused(cosmo: Cosmo) -> None:
    program = id_of(cosmo.trade.foreign)
    who = {"destinationUserId": "charlie"}
    for value in (4, 501, 0, -1):
        cosmo.refuses("POST", "transactions/preview", {"programId": program, "value": value}, 400, "value")
        order = cosmo.order(programId=program, value=value, destinationAccount=who)
        cosmo.refuses("POST", "transactions", order, 400, "value")


def test_an_issue_is_answered_with_its_id_and_date(cosmo: Cosmo, house: House, alice: Member) -> None:
    answer = cosmo.post("transactions", cosmo.order(description="June bonus"))
    assert answer.status_code == 201
    assert answer.body == {
        "id": answer.body["id"],
        "totalPoints": 100,
        "referenceNumber": "R-1",
        "date": NOON_TEXT,
    }
    assert house.balance(alice) == (100, 0, 0)
    again = cosmo.post("transactions", cosmo.order(description="June bonus"))
    assert (again.status_code, again.body) == (201, answer.body)
    assert house.balance(alice) == (100, 0, 0)
    cosmo.refuses("POST", "transactions", cosmo.order(), 409, "referenceNumber")


def test_an_exchange_is_an_issue_that_names_its_origin(cosmo: Cosmo, house: House, alice: Member) -> None:
    said = cosmo.order(originalProgramId="miles")
    answer = cosmo.post("exchange", said)
    assert (answer.status_code, set(answer.body)) == (201, {"id", "totalPoints", "referenceNumber", "date"})
    assert Exchange.objects.get().original_program_id == "miles"
    assert cosmo.post("exchange", said).body == answer.body
    cosmo.refuses("POST", "transactions", cosmo.order(), 409, "referenceNumber")
    del said["originalProgramId"]
    cosmo.refuses("POST", "exchange", said, 400, "originalProgramId")


def test_too_little_float_is_payment_required(cosmo: Cosmo) -> None:
    cosmo.refuses("POST", "transactions", cosmo.order(value=1001), 402, "prepaid balance")


def test_points_for_nobody_are_refused(cosmo: Cosmo) -> None:
    order = cosmo.order(destinationAccount={"destinationUserEmail": "nobody@example.com"})
    cosmo.refuses("POST", "transactions", order, 422, "not a member")


def test_a_transaction_is_found_by_its_id_and_by_its_reference(cosmo: Cosmo) -> None:
    order = cosmo.order(
        referenceNumber="2026/06 #1",
        destinationAccount={"destinationUserId": "alice", "destinationUserEmail": "alice@example.com"},
    )
    made = cosmo.post("transactions", order).body
    by_id = cosmo.get(f"transactions/{made['id']}").body
    assert cosmo.get("transactions/2026%2F06%20%231").body == by_id
    assert by_id == {
        "id": made["id"],
        "referenceNumber": "2026/06 #1",
        "sourceValue": 10,
        "description": "",
        "createdAt": NOON_TEXT,
        "status": "issued",
        "destinationUserId": "alice",
        "pointTransactions": [{"destinationNumberOfPoints": "100", "type": "issue"}],
        "partnership": {"destination": {"name": "Coffee Club", "programId": id_of(cosmo.trade.own)}},
    }
    cosmo.refuses("GET", "transactions/nobody", None, 404)


def test_a_reversal_is_a_second_line(cosmo: Cosmo) -> None:
    cosmo.post("transactions", cosmo.order())
    reverse_exchange(exchange=Exchange.objects.get(), actor=TESTER, at=clock.now(), reason="A mistake.")
    body = cosmo.get("transactions/R-1").body
    assert body["status"] == "reversed"
    assert body["pointTransactions"] == [
        {"destinationNumberOfPoints": "100", "type": "issue"},
        {"destinationNumberOfPoints": "100", "type": "reversal"},
    ]


def test_the_list_is_of_an_interval_newest_first_and_paged(cosmo: Cosmo, noon: time_machine.Coordinates) -> None:
    for number in range(30):
        cosmo.post("transactions", cosmo.order(value=1, referenceNumber=f"N-{number}"))
        noon.shift(timedelta(seconds=1))
    body = cosmo.get(f"transactions?{WINDOW}").body
    assert (body["total"], len(body["data"])) == (30, 25)
    assert body["data"][0]["referenceNumber"] == "N-29"
    body = cosmo.get(f"transactions?{WINDOW}&page=2").body
    assert (body["total"], [row["referenceNumber"] for row in body["data"]][-1], len(body["data"])) == (30, "N-0", 5)
    assert len(cosmo.get(f"transactions?{WINDOW}&pageSize=5000").body["data"]) == 30
    assert cosmo.get(f"transactions?{WINDOW}&page=999999999&pageSize=5000").body == {"total": 30, "data": []}
    # Both ends count.
    at = START + 3600
    two = cosmo.get(f"transactions?startDate={at + 3}&endDate={at + 4}").body
    assert [row["referenceNumber"] for row in two["data"]] == ["N-4", "N-3"]
    assert cosmo.get(f"transactions?{WINDOW}&programId={id_of(cosmo.trade.own)}").body["total"] == 30
    assert cosmo.get(f"transactions?{WINDOW}&programId={id_of(cosmo.trade.foreign)}").body["total"] == 0


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "startDate"),
        (f"startDate={START}", "endDate"),
        (f"startDate={END}&endDate={START}", "endDate"),
        (f"startDate=2030-03-15&endDate={END}", "startDate"),
        (f"startDate={START}000&endDate={END}", "startDate"),
        (f"startDate=-{START}&endDate={END}", "startDate"),
        (f"{WINDOW}&page=0", "page"),
        (f"{WINDOW}&page=x", "page"),
        (f"{WINDOW}&page=-1", "page"),
        (f"{WINDOW}&pageSize=5001", "pageSize"),
        (f"{WINDOW}&pageSize=0", "pageSize"),
        (f"{WINDOW}&pageSize=99999999999999999999", "pageSize"),
        (f"{WINDOW}&page=%00", "page"),
    ],
)
def test_an_interval_or_page_that_cannot_be_meant_is_refused(cosmo: Cosmo, query: str, says: str) -> None:
    cosmo.refuses("GET", f"transactions?{query}", None, 400, says)


def test_a_list_of_a_program_nobody_has_is_not_found(cosmo: Cosmo) -> None:
    cosmo.refuses("GET", f"transactions?{WINDOW}&programId=nobody", None, 404)


# --- connections -----------------------------------------------------------------------------------------------------
def test_a_connection_is_made_once_and_then_changed(cosmo: Cosmo, noon: time_machine.Coordinates) -> None:
    made = cosmo.post("connections", cosmo.connection(sourceUserEmail="seven@bank.example"))
    assert made.status_code == 200
    assert made.body == {
        "id": made.body["id"],
        "sourceUserId": "user-7",
        "sourceUserEmail": "seven@bank.example",
        "programId": id_of(cosmo.trade.own),
        "destinationUserId": "",
        "destinationUserEmail": "alice@example.com",
        "updatedAt": NOON_TEXT,
        "createdAt": NOON_TEXT,
    }
    noon.shift(timedelta(minutes=1))
    who = {"destinationUserEmail": "bob@example.com", "destinationUserId": "bob"}
    changed = cosmo.post("connections", cosmo.connection(destinationAccount=who)).body
    assert (changed["id"], changed["createdAt"]) == (made.body["id"], NOON_TEXT)
    assert (changed["updatedAt"], changed["destinationUserId"]) == ("2030-03-15T12:01:00Z", "bob")
    assert [row["destinationUserId"] for row in cosmo.get("connections?sourceUserId=user-7").body] == ["bob"]
    history = cosmo.get("connections/history").body
    assert history["total"] == 2
    assert [(row["event"], row["sourceProgramUserId"]) for row in history["data"]] == [
        ("updated", "user-7"),
        ("created", "user-7"),
    ]


def test_connections_are_narrowed_to_a_program(cosmo: Cosmo) -> None:
    cosmo.post("connections", cosmo.connection())
    foreign = id_of(cosmo.trade.foreign)
    cosmo.post("connections", cosmo.connection(programId=foreign, destinationAccount={"destinationUserId": "charlie"}))
    assert len(cosmo.get("connections?sourceUserId=user-7").body) == 2
    (only,) = cosmo.get(f"connections?sourceUserId=user-7&programId={foreign}").body
    assert only["destinationUserId"] == "charlie"
    assert cosmo.get("connections?sourceUserId=nobody").body == []
    cosmo.refuses("GET", "connections", None, 400, "sourceUserId")


def test_the_history_is_of_an_interval_and_paged(cosmo: Cosmo, noon: time_machine.Coordinates) -> None:
    for _ in range(3):
        cosmo.post("connections", cosmo.connection())
        noon.shift(timedelta(seconds=10))
    at = START + 3600
    assert cosmo.get(f"connections/history?startDate={at}&endDate={at + 10}").body["total"] == 2
    assert cosmo.get(f"connections/history?startDate={at + 1}").body["total"] == 2
    assert len(cosmo.get("connections/history?pageSize=2&page=2").body["data"]) == 1
    cosmo.refuses("GET", "connections/history?pageSize=5001", None, 400, "pageSize")


def test_currencies_are_those_of_the_programs(cosmo: Cosmo) -> None:
    assert cosmo.get("currencies").body == ["USD"]


# --- the sandbox -----------------------------------------------------------------------------------------------------
def test_the_sandbox_answers_the_same_and_moves_nothing(
    cosmo: Cosmo, sandbox: Cosmo, house: House, alice: Member
) -> None:
    tried = sandbox.post("transactions", sandbox.order())
    assert (tried.status_code, tried.body["totalPoints"]) == (201, 100)
    assert house.balance(alice) == (0, 0, 0)
    assert (cosmo.trade.money(), cosmo.trade.clearing(cosmo.trade.own)) == (1000, 0)
    assert sandbox.post("transactions", sandbox.order()).body == tried.body
    sandbox.refuses("POST", "transactions", sandbox.order(value=11), 409)
    sandbox.refuses("POST", "transactions", sandbox.order(referenceNumber="R-2", value=0), 400, "value")
    assert sandbox.get(f"transactions?{WINDOW}").body["total"] == 1
    assert cosmo.get(f"transactions?{WINDOW}").body["total"] == 0
    sandbox.post("connections", sandbox.connection())
    assert cosmo.get("connections?sourceUserId=user-7").body == []
    assert cosmo.get("connections/history").body["total"] == 0


@pytest.mark.parametrize("status", [400, 402, 404, 409, 418, 422, 500, 503])
def test_the_sandbox_fails_as_it_is_asked_to(sandbox: Cosmo, status: int) -> None:
    for method, path, body in calls(sandbox).values():
        sandbox.refuses(method, path, body, status, **{"x-mock-error": str(status)})


def test_production_does_not_fail_on_request_and_nonsense_is_refused(cosmo: Cosmo, sandbox: Cosmo) -> None:
    assert cosmo.get("programs", **{"x-mock-error": "402"}).status_code == 200
    for word in ("200", "x", "4020", "99", "-1"):
        sandbox.refuses("GET", "programs", None, 400, "x-mock-error", **{"x-mock-error": word})


def test_prices_are_numbers_and_points_are_texts_in_reads(cosmo: Cosmo) -> None:
    price = Decimal("0.000125")
    changes = {"price_per_point": price, "price_per_point_in_usd": price}
    update_partner_program(program=cosmo.trade.own, changes=changes, actor=TESTER, at=clock.now())
    shown: Any = json.loads(cosmo.get("programs").content, parse_float=Decimal)
    assert shown[0]["pricePerPoint"] == price
    cosmo.post("transactions", cosmo.order(value=1))
    row = cosmo.get("transactions/R-1").body
    assert row["pointTransactions"][0]["destinationNumberOfPoints"] == "8000"
    assert isinstance(row["sourceValue"], int)


def test_what_only_asks_writes_nothing(cosmo: Cosmo) -> None:
    cosmo.post("transactions", cosmo.order())
    cosmo.post("connections", cosmo.connection())
    before = every_row()
    for name, (method, path, body) in calls(cosmo).items():
        if name not in ("C7", "C11", "C13"):
            assert cosmo.send(method, path, body).status_code == 200, name
    assert every_row() == before
