"""Many point transactions in one call: V8, R1 to R4."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from ledger.models import Balance, Ledger, LedgerAccount, Lot, Transaction
from ledger.services import set_wallet_active
from loyalty.dialects.engage import bulk
from loyalty.kernel.models import KeptAnswer
from members.models import Member
from tests import factories
from tests.databases import in_parallel, round_trips
from tests.dialects.engage.world import ACCOUNTS, BULK, NOBODY, Engage, engage_for, row
from tests.house import NOON, House
from tests.walk import every_row

pytestmark = pytest.mark.usefixtures("noon")

ALL_BOOKED = {"notAccepted": [], "errorMessages": [], "missingDefinitionIds": [], "missingContactIds": []}


def booked(answer: Any) -> bool:
    assert answer.status_code == 202, answer.content
    return answer.body == ALL_BOOKED


def test_v8_rows_are_booked_and_answered_with_202(engage: Engage, house: House, alice: Member, bob: Member) -> None:
    rows = [row(house, alice, amount=719.7), row(house, bob, amount=5), row(house, alice, amount=-19.7)]
    assert booked(engage.post(BULK, rows))
    assert (house.balance(alice), house.balance(bob)) == ((70_000, 0, 0), (500, 0, 0))
    assert list(Transaction.objects.order_by("pk").values_list("kind", "source", "description")) == [
        ("mint", "Purchase", "Gilded gauntlets"),
        ("mint", "Purchase", "Gilded gauntlets"),
        ("burn", "Purchase", "Gilded gauntlets"),
    ]
    assert house.findings() == []


def test_r1_bad_rows_do_not_fail_the_call(engage: Engage, house: House, alice: Member, bob: Member) -> None:
    stranger = "11111111-1111-4111-8111-111111111111"
    rows: list[Any] = [
        row(house, alice, amount=1),
        row(house, bob, amount=-1),
        row(house, alice, amount=1.005),
        row(house, alice, contactId=stranger),
        row(house, alice, definitionId=987654),
        row(house, alice, contactId=stranger, definitionId=987654),
        "a text",
        row(house, alice, contactId="x"),
        row(house, alice, amount=2),
    ]
    answer = engage.post(BULK, rows)
    assert answer.status_code == 202
    assert answer.body == {
        "notAccepted": rows[1:8],
        "errorMessages": [
            "Item 1: The wallet has not enough available points.",
            "Item 2: amount has more decimals than this point definition, which has 2 decimals.",
            "Item 3: There is no such contact.",
            "Item 4: There is no such point definition.",
            "Item 5: There is no such contact. There is no such point definition.",
            "Item 6: The item must be a JSON object.",
            "Item 7: contactId must be a GUID.",
        ],
        "missingDefinitionIds": [987654],
        "missingContactIds": [stranger],
    }
    assert house.balance(alice) == (300, 0, 0)
    assert Transaction.objects.count() == 2


def test_r1_a_row_that_was_not_accepted_comes_back_as_it_was_written(
    engage: Engage, house: House, alice: Member
) -> None:
    sent = f'[{{"contactId": "{alice.customer_id}", "amount": 719.705, "more": 1.10, "definitionId": 1e2}}]'
    answer = engage.post(BULK, sent.encode())
    assert b'"amount":719.705,"more":1.10,"definitionId":1E+2' in answer.content


BAD: dict[str, list[Any]] = {
    "contactId": [None, "", "x", 7, [], {}, True],
    "amount": [None, "12", 0, 0.001, True, [], {}, 184_467_440_737.1, 10**30, 1e300],
    "definitionId": [None, "1", 1.5, True, 0, -1, 2**63, 10**30, [], {}],
    "source": [None, "", "Nowhere", 5, [], {}],
    "description": [None, "", "  ", 5, [], {}, "x" * 1001],
    "timeStamp": ["yesterday", 5, [], "2030-03-16T12:00:00Z", "2024-02-30T00:00:00Z", "20240101", "0001-01-01"],
    "validFrom": ["yesterday", 5, {}, "9999-12-31T23:59:59-14:00X", "2024-1-1"],
    "validTo": ["yesterday", True, "2020-01-01T00:00:00Z"],
}


@pytest.mark.parametrize("field", BAD)
def test_r2_a_field_that_cannot_be_meant_is_told_and_not_booked(
    engage: Engage, house: House, alice: Member, field: str
) -> None:
    before = every_row()
    for value in BAD[field]:
        rows = [row(house, alice, **{field: value})]
        answer = engage.post(BULK, rows)
        assert answer.status_code == 202
        assert (len(answer.body["notAccepted"]), len(answer.body["errorMessages"])) == (1, 1), value
    assert every_row() == before


@pytest.mark.parametrize("field", ["contactId", "amount", "definitionId", "source", "description"])
def test_r2_a_required_field_cannot_be_left_out(engage: Engage, house: House, alice: Member, field: str) -> None:
    asked = row(house, alice)
    del asked[field]
    assert len(engage.post(BULK, [asked]).body["notAccepted"]) == 1
    assert Transaction.objects.count() == 0


def test_r2_time_and_validity_are_now_where_they_are_left_out(engage: Engage, house: House, alice: Member) -> None:
    long_ago = "2028-01-01T00:00:00Z"
    assert booked(engage.post(BULK, [row(house, alice), row(house, alice, timeStamp=long_ago)]))
    now, then = Transaction.objects.order_by("pk")
    assert (now.effective_at, then.effective_at.isoformat()) == (NOON, "2028-01-01T00:00:00+00:00")
    # Earned long ago, good from now on.
    assert set(Lot.objects.values_list("valid_from", flat=True)) == {NOON}
    assert house.balance(alice) == (2_400, 0, 0)


def test_r3_over_a_thousand_rows_are_400_and_nothing_is_booked(engage: Engage, house: House, alice: Member) -> None:
    message = engage.refuses("POST", BULK, [row(house, alice)] * 1001, 400, "TooManyItems")
    assert message.startswith("Too many items")


def test_r3_a_thousand_rows_are_booked_in_as_many_round_trips_as_ten(
    engage: Engage, house: House, alice: Member
) -> None:
    contacts = [factories.MemberFactory(organization=house.organization) for _ in range(20)]
    costs = []
    for number in (10, 1000):
        # Everybody has an account.
        assert booked(engage.post(BULK, [row(house, contact) for contact in contacts]))
        with round_trips() as asked:
            assert booked(engage.post(BULK, [row(house, contacts[n % 20], amount=1) for n in range(number)]))
        costs.append(len(asked))
    # A bulk is written another way than a few rows; on the embedded database some hundred at once.
    assert max(costs) <= (30 if connection.vendor == "postgresql" else 60)


def test_r4_the_account_is_made_on_the_first_row(engage: Engage, house: House, alice: Member) -> None:
    assert engage.get(ACCOUNTS, contactId=alice.customer_id).body["totalCount"] == 0
    assert booked(engage.post(BULK, [row(house, alice)]))
    assert engage.get(ACCOUNTS, contactId=alice.customer_id).body["items"][0]["balance"] == 12


def test_r4_what_is_missing_makes_no_account(engage: Engage, house: House, alice: Member, charlie: Member) -> None:
    rows = [
        row(house, alice, contactId=str(charlie.customer_id)),
        row(house, alice, amount=-5),
        row(house, alice, definitionId=987654),
    ]
    answer = engage.post(BULK, rows)
    assert answer.body["missingContactIds"] == [str(charlie.customer_id)]
    assert answer.body["missingDefinitionIds"] == [987654]
    assert Balance.objects.count() == 0


def test_the_neighbors_definition_is_missing(engage: Engage, house: House, alice: Member, neighbor: House) -> None:
    answer = engage.post(BULK, [row(house, alice, definitionId=neighbor.account.pk)])
    assert answer.body["missingDefinitionIds"] == [neighbor.account.pk]
    assert Transaction.objects.count() == 0


def test_missing_ids_are_told_once(engage: Engage, house: House, alice: Member) -> None:
    answer = engage.post(BULK, [row(house, alice, contactId=NOBODY, definitionId=987654)] * 3)
    assert (len(answer.body["notAccepted"]), len(answer.body["errorMessages"])) == (3, 3)
    assert (answer.body["missingContactIds"], answer.body["missingDefinitionIds"]) == ([NOBODY], [987654])


def test_rows_that_are_the_same_are_booked_each(engage: Engage, house: House, alice: Member) -> None:
    assert booked(engage.post(BULK, [row(house, alice)] * 3))
    assert house.balance(alice) == (3_600, 0, 0)


def test_rows_are_booked_in_their_order(engage: Engage, house: House, alice: Member) -> None:
    rows = [row(house, alice, amount=-5), row(house, alice, amount=5), row(house, alice, amount=-5)]
    answer = engage.post(BULK, rows)
    assert answer.body["errorMessages"] == ["Item 0: The wallet has not enough available points."]
    assert house.balance(alice) == (0, 0, 0)


def test_a_contact_or_definition_that_is_not_active_takes_nothing(
    engage: Engage, house: House, alice: Member, bob: Member
) -> None:
    set_wallet_active(wallet_id=alice.wallet_id, active=False)
    rows = [row(house, alice), row(house, bob)]
    assert engage.post(BULK, rows).body["errorMessages"] == ["Item 0: The wallet's holder is not active."]
    assert house.balance(bob) == (1_200, 0, 0)


def test_without_an_active_definition_the_call_is_refused(engage: Engage, house: House, alice: Member) -> None:
    LedgerAccount.objects.filter(pk=house.account.pk).update(active=False)
    message = engage.refuses("POST", BULK, [row(house, alice)], 400, "NewPointSystemNotActive")
    assert message == "New point system not active."


def test_r5_points_that_are_valid_later_are_pending(engage: Engage, house: House, alice: Member, noon: Any) -> None:
    dates = {"timeStamp": "2030-03-14T08:40:51.658Z", "validFrom": "2030-03-30T08:40:51.658Z"}
    assert booked(engage.post(BULK, [row(house, alice, **dates, validTo="2031-03-30T08:40:51.658Z")]))
    assert house.balance(alice) == (0, 0, 1_200)
    noon.shift(timedelta(days=20))
    item = engage.get(ACCOUNTS, contactId=alice.customer_id).body["items"][0]
    assert (item["balance"], item["pendingPoints"], item["balanceExpires"]) == (
        12,
        0,
        "2031-03-30T08:40:51.658000+00:00",
    )


@pytest.mark.parametrize("body", [b"{}", b"5", b'"x"', b"null", b"[]", b""])
def test_a_body_that_is_no_list_of_rows_is_400(engage: Engage, body: bytes) -> None:
    engage.refuses("POST", BULK, body, 400, "ValidationFailed")


def test_a_key_gets_the_same_answer_and_books_nothing_twice(
    engage: Engage, house: House, alice: Member, noon: Any
) -> None:
    # The neighbors of the largest 64-bit numbers cannot be kept, and come back as they were.
    wide = [row(house, alice, amount=number) for number in (2**63, 2**64, -(2**63) - 1, 10**40)]
    rows = [row(house, alice, amount=1.25), row(house, alice, amount=-99.5), *wide]
    first = engage.post(BULK, rows, **{"Idempotency-Key": "k"})
    before = every_row()
    noon.shift(timedelta(hours=23, minutes=59))
    again = engage.post(BULK, rows, **{"Idempotency-Key": "k"})
    assert (again.status_code, again.content) == (202, first.content)
    assert again.body["notAccepted"] == rows[1:]
    assert every_row() == before
    # After a day it is forgotten.
    noon.shift(timedelta(minutes=1))
    engage.post(BULK, rows, **{"Idempotency-Key": "k"})
    assert house.balance(alice) == (250, 0, 0)


def test_a_key_with_other_rows_is_409(engage: Engage, house: House, alice: Member) -> None:
    engage.post(BULK, [row(house, alice)], **{"Idempotency-Key": "k"})
    other = [row(house, alice, amount=13)]
    engage.refuses("POST", BULK, other, 409, "IdempotencyConflict", **{"Idempotency-Key": "k"})
    assert booked(engage.post(BULK, other, **{"Idempotency-Key": "another"}))


def test_a_call_that_was_refused_does_not_use_its_key_up(engage: Engage, house: House, alice: Member) -> None:
    LedgerAccount.objects.update(active=False)
    key = {"Idempotency-Key": "k"}
    engage.refuses("POST", BULK, [row(house, alice)], 400, "NewPointSystemNotActive", **key)
    LedgerAccount.objects.update(active=True)
    assert booked(engage.post(BULK, [row(house, alice)], **key))


def test_a_key_is_one_organizations_own(
    engage: Engage, house: House, alice: Member, neighbor: House, charlie: Member
) -> None:
    key = {"Idempotency-Key": "k"}
    assert booked(engage.post(BULK, [row(house, alice)], **key))
    next_door = engage_for(neighbor.organization, is_admin=True)
    assert booked(next_door.post(BULK, [row(neighbor, charlie)], **key))
    assert KeptAnswer.objects.count() == 2


@pytest.mark.parametrize("key", ["", " ", "x" * 256])
def test_a_key_nobody_can_mean_is_400(engage: Engage, house: House, alice: Member, key: str) -> None:
    engage.refuses("POST", BULK, [row(house, alice)], 400, "ValidationFailed", **{"Idempotency-Key": key})


def test_without_a_key_each_call_acts(engage: Engage, house: House, alice: Member) -> None:
    for _ in range(2):
        assert booked(engage.post(BULK, [row(house, alice)]))
    assert house.balance(alice) == (2_400, 0, 0)


def test_several_definitions_are_booked_in_one_call(engage: Engage, house: House, alice: Member) -> None:
    from ledger.services import create_account
    from tests.house import TESTER

    ledger = Ledger.objects.get(pk=house.ledger.pk)
    stars = create_account(ledger=ledger, name="Stars", actor=TESTER, at=NOON)
    rows = [row(house, alice, definitionId=stars.pk, amount=3), row(house, alice, amount=1.5)]
    assert booked(engage.post(BULK, rows))
    balances = [item["balance"] for item in engage.get(ACCOUNTS, contactId=alice.customer_id).body["items"]]
    assert balances == [1.5, 3]
    # Each is exact in the decimals of its own definition.
    assert len(engage.post(BULK, [row(house, alice, definitionId=stars.pk, amount=1.5)]).body["notAccepted"]) == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_of_one_key_at_once_book_once(house: House, alice: Member) -> None:
    rows, key = [row(house, alice)], {"Idempotency-Key": "k"}
    clients = [engage_for(house.organization, is_admin=True) for _ in range(4)]
    answers = in_parallel(*[lambda client=client: client.post(BULK, rows, **key) for client in clients])
    assert all(booked(answer) for answer in answers)
    assert house.balance(alice) == (1_200, 0, 0)
    assert house.findings() == []


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_control_where_nothing_is_remembered_each_books(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "answer_once", lambda *, act, **words: (act(), True))
    rows, key = [row(house, alice)], {"Idempotency-Key": "k"}
    clients = [engage_for(house.organization, is_admin=True) for _ in range(4)]
    in_parallel(*[lambda client=client: client.post(BULK, rows, **key) for client in clients])
    assert house.balance(alice) == (4_800, 0, 0)
