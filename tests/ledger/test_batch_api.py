"""Batches over the core API: groups that stand or fall alone, told item by item (semantics 2.5, 0.12)."""

from __future__ import annotations

from typing import Any

import pytest

from ledger import services
from ledger.models import Transaction
from members.models import Member
from tests.house import NOON, TESTER, Api, House
from tests.refusals import refuses

BATCH = "batch/ledger-transactions"


@pytest.fixture
def move(house: House, alice: Member, bob: Member) -> Any:
    """Makes an item that moves points from Alice, who has a hundred, to Bob."""
    house.give(alice, 100)

    def make(amount: int, **words: Any) -> dict[str, Any]:
        return {
            "ledgerId": house.ledger.pk,
            "ledgerAccountId": house.account.pk,
            "fromWalletId": alice.wallet_id,
            "toWalletId": bob.wallet_id,
            "amount": amount,
            **words,
        }

    return make


def failures(answer: Any) -> list[tuple[int, str]]:
    return [(row["index"], row["code"]) for row in answer.body["failed"]]


def indexes(answer: Any) -> list[int]:
    return [row["index"] for row in answer.body["processed"]]


def test_every_item_is_told_with_its_place_its_set_and_its_key(
    house: House, api: Api, alice: Member, bob: Member, move: Any
) -> None:
    items = [move(10, systemUniqueKey="a"), move(91, systemUniqueKey="b"), move(5, atomicSetId=7, description="d")]
    answer = api.post(BATCH, {"items": items})
    assert answer.status_code == 200
    shown = {row["ledgerTransactionId"]: row for row in api.get(f"{house.account_path}/transactions").body["results"]}
    first, third = (
        str(pk) for pk in Transaction.objects.filter(kind="transfer").order_by("pk").values_list("pk", flat=True)
    )
    # What the list knows of a transfer it made, the batch has told.
    assert answer.body == {
        "processed": [
            {"index": 0, "atomicSetId": None, "systemUniqueKey": "a", "transaction": shown[first]},
            {"index": 2, "atomicSetId": 7, "systemUniqueKey": None, "transaction": shown[third]},
        ],
        "failed": [
            {
                "index": 1,
                "atomicSetId": None,
                "systemUniqueKey": "b",
                "code": "INSUFFICIENT_BALANCE",
                "message": "The wallet has not enough available points.",
            }
        ],
    }
    assert (house.balance(alice), house.balance(bob)) == ((85, 0, 0), (15, 0, 0))
    assert house.findings() == []


def test_a_set_fails_as_a_whole_and_only_the_culprit_says_why(house: House, api: Api, alice: Member, move: Any) -> None:
    items = [move(10, atomicSetId=1), move(20), move(99, atomicSetId=1), move(1, atomicSetId=1)]
    answer = api.post(BATCH, {"items": items})
    assert indexes(answer) == [1]
    aborted = "ATOMIC_SET_ABORTED"
    assert failures(answer) == [(0, aborted), (2, "INSUFFICIENT_BALANCE"), (3, aborted)]
    assert {row["atomicSetId"] for row in answer.body["failed"]} == {1}
    assert house.balance(alice) == (80, 0, 0)


def test_groups_run_in_the_order_in_which_they_first_appear(house: House, api: Api, move: Any) -> None:
    # The set is done where its first item stands, so the lone item between them finds nothing left.
    answer = api.post(BATCH, {"items": [move(60, atomicSetId=5), move(41), move(40, atomicSetId=5)]})
    assert (indexes(answer), failures(answer)) == ([0, 2], [(1, "INSUFFICIENT_BALANCE")])
    assert house.findings() == []


def test_a_set_may_span_ledgers(house: House, api: Api, alice: Member, bob: Member, move: Any) -> None:
    other = services.create_ledger(organization_id=house.id, name="Other", actor=TESTER, at=NOON)
    stamps = services.create_account(ledger=other, name="Stamps", actor=TESTER, at=NOON)
    elsewhere = {"ledgerId": other.pk, "ledgerAccountId": stamps.pk, "atomicSetId": 1}
    items = [move(10, atomicSetId=1), move(3, **elsewhere)]
    answer = api.post(BATCH, {"items": items})
    assert failures(answer) == [(0, "ATOMIC_SET_ABORTED"), (1, "INSUFFICIENT_BALANCE")]
    house.post(services.mint(account_id=stamps.pk, wallet_id=alice.wallet_id, amount=3))
    answer = api.post(BATCH, {"items": items})
    assert indexes(answer) == [0, 1]
    assert [row["transaction"]["ledgerId"] for row in answer.body["processed"]] == [house.ledger.pk, other.pk]
    assert house.balance(bob) == (10, 0, 0)


def test_a_batch_sent_again_is_processed_again_and_does_nothing(
    house: House, api: Api, alice: Member, move: Any
) -> None:
    items = [
        move(10, systemUniqueKey="a"),
        move(20, atomicSetId=1, systemUniqueKey="b"),
        move(1, atomicSetId=1, systemUniqueKey="c", captureMethod="manual"),
    ]
    first = api.post(BATCH, {"items": items})
    again = api.post(BATCH, {"items": items})
    assert (again.status_code, again.body) == (200, first.body)
    assert (indexes(first), house.balance(alice)) == ([0, 1, 2], (70, 1, 0))


def test_a_key_known_with_other_content_fails_its_item_alone(house: House, api: Api, alice: Member, move: Any) -> None:
    api.post(BATCH, {"items": [move(10, systemUniqueKey="a")]})
    answer = api.post(BATCH, {"items": [move(11, systemUniqueKey="a"), move(1, systemUniqueKey="b")]})
    assert (indexes(answer), failures(answer)) == ([1], [(0, "IDEMPOTENCY_CONFLICT")])
    assert house.balance(alice) == (89, 0, 0)


def test_a_set_of_which_only_some_keys_are_known_says_that_it_is_a_conflict(
    house: House, api: Api, alice: Member, move: Any
) -> None:
    api.post(BATCH, {"items": [move(10, systemUniqueKey="a")]})
    items = [move(10, systemUniqueKey="a", atomicSetId=1), move(5, systemUniqueKey="b", atomicSetId=1)]
    answer = api.post(BATCH, {"items": items})
    assert (indexes(answer), failures(answer)) == ([], [(0, "IDEMPOTENCY_CONFLICT"), (1, "ATOMIC_SET_ABORTED")])
    assert house.balance(alice) == (90, 0, 0)


def test_the_same_key_twice_in_one_batch_acts_once(house: House, api: Api, alice: Member, move: Any) -> None:
    answer = api.post(BATCH, {"items": [move(10, systemUniqueKey="a"), move(10, systemUniqueKey="a")]})
    first, second = answer.body["processed"]
    assert first["transaction"] == second["transaction"]
    assert house.balance(alice) == (90, 0, 0)


def test_a_failed_item_leaves_its_key_unused(house: House, api: Api, move: Any) -> None:
    assert failures(api.post(BATCH, {"items": [move(101, systemUniqueKey="a")]})) == [(0, "INSUFFICIENT_BALANCE")]
    assert indexes(api.post(BATCH, {"items": [move(100, systemUniqueKey="a")]})) == [0]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ledgerId": 987654321}, "NOT_FOUND"),
        ({"ledgerAccountId": 987654321}, "NOT_FOUND"),
        ({"fromWalletId": 987654321}, "NOT_FOUND"),
        ({"toWalletId": 987654321}, "NOT_FOUND"),
        ({"externalEventDate": "2999-01-01T00:00:00Z"}, "INVALID_INPUT"),
    ],
    ids=str,
)
def test_an_item_that_cannot_be_fails_alone(
    house: House, api: Api, alice: Member, move: Any, change: dict[str, Any], code: str
) -> None:
    answer = api.post(BATCH, {"items": [move(1, **change), move(2)]})
    assert (answer.status_code, failures(answer), indexes(answer)) == (200, [(0, code)], [1])
    assert house.balance(alice) == (98, 0, 0)


def test_an_item_between_one_wallet_or_with_a_system_wallet_fails_alone(
    house: House, api: Api, bob: Member, move: Any
) -> None:
    items = [move(1, fromWalletId=bob.wallet_id), move(1, toWalletId=house.account.burned_id), move(1)]
    answer = api.post(BATCH, {"items": items})
    assert failures(answer) == [(0, "SAME_WALLET"), (1, "SYSTEM_WALLET")]


def test_the_organization_of_an_item_is_not_used(house: House, api: Api, neighbor: House, move: Any) -> None:
    answer = api.post(BATCH, {"items": [move(1, organizationId=neighbor.id)]})
    assert answer.body["processed"][0]["transaction"]["organizationId"] == house.id


@pytest.mark.parametrize("wrong", [{"amount": 0}, {"amount": "x"}, {"captureMethod": "later"}, {"tags": [5]}], ids=str)
def test_a_malformed_item_refuses_the_whole_request(api: Api, move: Any, wrong: dict[str, Any]) -> None:
    refuses(api, "POST", BATCH, {"items": [move(1), {**move(1), **wrong}]}, 400, "INVALID_INPUT")


def test_a_batch_has_1_to_1000_items(house: House, api: Api, alice: Member, bob: Member, move: Any) -> None:
    house.give(alice, 900)
    for items in ([], [move(1)] * 1001, None):
        refuses(api, "POST", BATCH, {"items": items}, 400, "INVALID_INPUT")
    answer = api.post(BATCH, {"items": [move(1)] * 1000})
    assert (len(answer.body["processed"]), answer.body["failed"]) == (1000, [])
    assert (house.balance(alice), house.balance(bob)) == ((0, 0, 0), (1000, 0, 0))
    assert house.findings() == []
