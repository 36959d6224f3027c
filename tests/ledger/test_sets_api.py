"""Transaction sets over the core API: all or nothing, in order (semantics 2.4, 0.12)."""

from __future__ import annotations

from typing import Any

import pytest

from ledger import services
from ledger.models import LedgerAccount, Transaction
from members.models import Member
from tests import factories
from tests.house import NOON, TESTER, Api, House
from tests.refusals import refuses


@pytest.fixture
def sets(house: House) -> str:
    return f"ledgers/{house.ledger.pk}/transaction-sets"


@pytest.fixture
def stamps(house: House) -> LedgerAccount:
    """Another account of the ledger."""
    return services.create_account(ledger=house.ledger, name="Stamps", actor=TESTER, at=NOON)


def item(account: LedgerAccount, sender: Member, receiver: Member, amount: int, **words: Any) -> dict[str, Any]:
    both = {"fromWalletId": sender.wallet_id, "toWalletId": receiver.wallet_id}
    return {"ledgerAccountId": account.pk, **both, "amount": amount, **words}


def test_a_set_moves_points_of_several_accounts_and_answers_in_its_order(
    house: House, api: Api, alice: Member, bob: Member, sets: str, stamps: LedgerAccount
) -> None:
    house.give(alice, 50)
    house.post(services.mint(account_id=stamps.pk, wallet_id=bob.wallet_id, amount=5))
    items = [
        item(house.account, alice, bob, 50, description="for the stamps"),
        item(stamps, bob, alice, 5, captureMethod="manual"),
        item(house.account, bob, alice, 20),
    ]
    answer = api.post(sets, {"create": items})
    assert answer.status_code == 201
    made = [(row["ledgerAccountId"], row["amount"], row["status"]) for row in answer.body["transactions"]]
    assert made == [(house.account.pk, 50, "captured"), (stamps.pk, 5, "pending"), (house.account.pk, 20, "captured")]
    assert [row["description"] for row in answer.body["transactions"]] == ["for the stamps", None, None]
    assert (house.balance(alice), house.balance(bob)) == ((20, 0, 0), (30, 0, 0))
    assert house.findings() == []


def test_a_set_fails_as_a_whole_and_says_where(house: House, api: Api, alice: Member, bob: Member, sets: str) -> None:
    house.give(alice, 50)
    items = [
        item(house.account, alice, bob, 30),
        item(house.account, alice, bob, 21),
        item(house.account, bob, alice, 1),
    ]
    details = refuses(api, "POST", sets, {"create": items}, 422, "INSUFFICIENT_BALANCE")
    assert details == {"available": 20, "requested": 21, "index": 1}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"toWalletId": 987654321}, 404, "NOT_FOUND"),
        ({"ledgerAccountId": 987654321}, 404, "NOT_FOUND"),
        ({"amount": 0}, 400, "INVALID_INPUT"),
        ({"fromWalletId": "same"}, 400, "SAME_WALLET"),
        ({"externalEventDate": "2999-01-01T00:00:00Z"}, 400, "INVALID_INPUT"),
    ],
    ids=str,
)
def test_whatever_is_wrong_with_one_item_stops_all_of_them(
    house: House, api: Api, alice: Member, bob: Member, sets: str, change: dict[str, Any], status: int, code: str
) -> None:
    house.give(alice, 50)
    if change.get("fromWalletId") == "same":
        change = {"fromWalletId": bob.wallet_id}
    items = [item(house.account, alice, bob, 30), {**item(house.account, alice, bob, 1), **change}]
    refuses(api, "POST", sets, {"create": items}, status, code)


def test_a_set_keeps_to_the_accounts_of_its_ledger(
    house: House, api: Api, alice: Member, bob: Member, sets: str, neighbor: House
) -> None:
    other = services.create_ledger(organization_id=house.id, name="Other", actor=TESTER, at=NOON)
    elsewhere = services.create_account(ledger=other, name="Elsewhere", actor=TESTER, at=NOON)
    house.post(services.mint(account_id=elsewhere.pk, wallet_id=alice.wallet_id, amount=5))
    for account in (elsewhere, neighbor.account):
        refuses(api, "POST", sets, {"create": [item(account, alice, bob, 1)]}, 404, "NOT_FOUND")


def test_a_set_has_1_to_100_items(house: House, api: Api, alice: Member, bob: Member, sets: str) -> None:
    house.give(alice, 101)
    one = item(house.account, alice, bob, 1)
    for items in ([], [one] * 101, None):
        refuses(api, "POST", sets, {"create": items}, 400, "INVALID_INPUT")
    assert len(api.post(sets, {"create": [one] * 100}).body["transactions"]) == 100
    assert (house.balance(alice), house.balance(bob)) == ((1, 0, 0), (100, 0, 0))
    assert house.findings() == []


def test_a_set_sent_again_is_answered_as_the_first_time(
    house: House, api: Api, alice: Member, bob: Member, sets: str
) -> None:
    house.give(alice, 50)
    items = [
        item(house.account, alice, bob, 30, systemUniqueKey="a"),
        item(house.account, bob, alice, 10, systemUniqueKey="b"),
    ]
    first = api.post(sets, {"create": items})
    again = api.post(sets, {"create": items})
    assert (first.status_code, again.status_code, again.body) == (201, 200, first.body)
    assert (house.balance(alice), house.balance(bob)) == ((30, 0, 0), (20, 0, 0))


def test_a_set_of_which_only_some_keys_are_known_is_a_conflict(
    house: House, api: Api, alice: Member, bob: Member, sets: str
) -> None:
    house.give(alice, 50)
    known = item(house.account, alice, bob, 30, systemUniqueKey="a")
    api.post(sets, {"create": [known]})
    items = [item(house.account, alice, bob, 1, systemUniqueKey="b"), known]
    assert refuses(api, "POST", sets, {"create": items}, 409, "IDEMPOTENCY_CONFLICT") == {"index": 1}
    changed = [{**known, "amount": 31}]
    refuses(api, "POST", sets, {"create": changed}, 409, "IDEMPOTENCY_CONFLICT")


def test_long_keys_that_only_differ_at_their_end_are_two(
    house: House, api: Api, alice: Member, bob: Member, sets: str
) -> None:
    house.give(alice, 50)
    for amount, key in ((1, "k" * 254 + "a"), (2, "k" * 254 + "b")):
        items = [
            item(house.account, alice, bob, amount, systemUniqueKey=key),
            item(house.account, alice, bob, amount),
        ]
        first = api.post(sets, {"create": items})
        again = api.post(sets, {"create": items})
        assert (first.status_code, again.status_code, again.body) == (201, 200, first.body)
    assert house.balance(bob) == (6, 0, 0)


def test_a_refused_set_leaves_its_keys_unused(house: House, api: Api, alice: Member, bob: Member, sets: str) -> None:
    house.give(alice, 50)
    items = [item(house.account, alice, bob, 30, systemUniqueKey="a"), item(house.account, alice, bob, 21)]
    refuses(api, "POST", sets, {"create": items}, 422, "INSUFFICIENT_BALANCE")
    items[1]["amount"] = 20
    assert api.post(sets, {"create": items}).status_code == 201
    assert Transaction.objects.filter(unique_key="a").count() == 1


def test_a_set_takes_a_finite_supply_item_by_item(db: None) -> None:
    from tests.house import api_for

    finite = factories.build_house("Finite", max_supply=10)
    members = [factories.MemberFactory(organization=finite.organization) for _ in range(2)]
    finite.give(members[0], 10)
    api = api_for(finite.organization, "ledgers:write")
    items = [item(finite.account, members[0], members[1], 10), item(finite.account, members[1], members[0], 4)]
    assert api.post(f"ledgers/{finite.ledger.pk}/transaction-sets", {"create": items}).status_code == 201
    assert [finite.balance(member)[0] for member in members] == [4, 6]
    assert finite.findings() == []
