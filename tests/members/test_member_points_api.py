"""Points of a loyalty member: which account is meant, and nothing for zero (semantics 0.8, 1.4, 2.7, 5.3)."""

from __future__ import annotations

import pytest

from ledger import services
from ledger.models import LedgerAccount, Transaction
from members.models import LoyaltyProgram, Member
from tests import factories
from tests.house import NOON, TESTER, Api, House, api_for
from tests.refusals import refuses


@pytest.fixture
def stamps(house: House) -> LedgerAccount:
    """Another account of the program's ledger; the ledger's default is still the points."""
    return services.create_account(ledger=house.ledger, name="Stamps", actor=TESTER, at=NOON)


def minted_in(api: Api, **where: int | None) -> int:
    answer = api.post("loyalty-members/alice/mint", {"amount": 1, **where})
    assert answer.status_code == 201, answer.content
    account_id: int = answer.body["ledgerTransactions"][0]["ledgerAccountId"]
    return account_id


def test_the_programs_main_account_is_meant_where_none_is_named(
    house: House, api: Api, alice: Member, stamps: LedgerAccount
) -> None:
    assert minted_in(api) == house.account.pk
    LoyaltyProgram.objects.update(main_account=stamps)
    assert minted_in(api) == stamps.pk
    assert minted_in(api, ledgerId=None, ledgerAccountId=None) == stamps.pk


def test_without_a_main_account_the_default_of_the_programs_ledger_is_meant(
    house: House, api: Api, alice: Member, stamps: LedgerAccount
) -> None:
    LoyaltyProgram.objects.update(main_account=None)
    api.put(f"ledgers/{house.ledger.pk}", {"name": "Main", "defaultAccountId": stamps.pk})
    assert minted_in(api) == stamps.pk


def test_a_ledger_named_without_an_account_is_its_default_account(
    house: House, api: Api, alice: Member, stamps: LedgerAccount
) -> None:
    LoyaltyProgram.objects.update(main_account=stamps)
    assert minted_in(api, ledgerId=house.ledger.pk) == house.account.pk
    assert minted_in(api, ledgerAccountId=stamps.pk) == stamps.pk
    assert minted_in(api, ledgerId=house.ledger.pk, ledgerAccountId=stamps.pk) == stamps.pk


@pytest.mark.parametrize("what", ["mint", "burn"])
def test_where_nothing_is_set_there_is_no_default(db: None, what: str) -> None:
    bare = factories.OrganizationFactory()
    factories.MemberFactory(organization=bare, loyalty_member_id="m")
    api = api_for(bare, is_admin=True)
    refuses(api, "POST", f"loyalty-members/m/{what}", {"amount": 1}, 422, "NO_DEFAULT_ACCOUNT")
    empty = api.post("ledgers", {"name": "Empty"}).body["ledger"]["ledgerId"]
    body = {"amount": 1, "ledgerId": empty}
    refuses(api, "POST", f"loyalty-members/m/{what}", body, 422, "NO_DEFAULT_ACCOUNT")


def test_what_is_named_must_be_the_organizations_and_fit_together(
    house: House, api: Api, alice: Member, neighbor: House
) -> None:
    other = api.post("ledgers", {"name": "Other"}).body["ledger"]["ledgerId"]
    for where in (
        {"ledgerId": neighbor.ledger.pk},
        {"ledgerAccountId": neighbor.account.pk},
        {"ledgerId": other, "ledgerAccountId": house.account.pk},
        {"ledgerId": 987654321},
    ):
        for amount in (1, 0):
            body = {"amount": amount, **where}
            refuses(api, "POST", "loyalty-members/alice/mint", body, 404, "NOT_FOUND")


def test_a_mint_and_a_burn_answer_their_transaction(house: House, api: Api, alice: Member) -> None:
    minted = api.post("loyalty-members/alice/mint", {"amount": "30", "description": "hello", "systemUniqueKey": "a"})
    burned = api.post("loyalty-members/alice/burn", {"amount": 12, "captureMethod": "manual"})
    assert (minted.status_code, burned.status_code) == (201, 201)
    rows = api.get(f"{house.account_path}/transactions?order=createdAt").body["results"]
    assert [minted.body, burned.body] == [{"ledgerTransactions": [row]} for row in rows]
    # A member's burn knows no captureMethod: it is posted at once.
    assert [(row["kind"], row["status"], row["amount"]) for row in rows] == [
        ("mint", "captured", 30),
        ("burn", "captured", 12),
    ]
    assert house.balance(alice) == (18, 0, 0)


@pytest.mark.parametrize("what", ["mint", "burn"])
def test_zero_is_accepted_and_makes_nothing(house: House, api: Api, alice: Member, what: str) -> None:
    body = {"amount": 0, "systemUniqueKey": "k"}
    answer = api.post(f"loyalty-members/alice/{what}", body)
    assert (answer.status_code, answer.body) == (201, {"ledgerTransactions": []})
    assert not Transaction.objects.exists()
    house.give(alice, 5)
    assert len(api.post(f"loyalty-members/alice/{what}", {**body, "amount": 5}).body["ledgerTransactions"]) == 1


@pytest.mark.parametrize("amount", [-1, 1.5, "x", None, True, 18446744073710], ids=repr)
def test_an_amount_is_a_whole_number_from_0_to_the_largest(
    house: House, api: Api, alice: Member, amount: object
) -> None:
    refuses(api, "POST", "loyalty-members/alice/mint", {"amount": amount}, 400, "INVALID_INPUT")


def test_more_than_there_is_cannot_be_burned(house: House, api: Api, alice: Member) -> None:
    house.give(alice, 5)
    details = refuses(api, "POST", "loyalty-members/alice/burn", {"amount": 6}, 422, "INSUFFICIENT_BALANCE")
    assert details == {"available": 5, "requested": 6}


@pytest.mark.parametrize("what", ["mint", "burn"])
@pytest.mark.parametrize("amount", [0, 1])
def test_an_inactive_member_moves_nothing(house: House, api: Api, alice: Member, what: str, amount: int) -> None:
    house.give(alice, 5)
    api.patch(f"members/{alice.pk}", {"active": False})
    refuses(api, "POST", f"loyalty-members/alice/{what}", {"amount": amount}, 422, "MEMBER_INACTIVE")


@pytest.mark.parametrize("what", ["mint", "burn"])
def test_a_repeat_is_answered_as_the_first_even_when_the_member_is_inactive_by_then(
    house: House, api: Api, alice: Member, what: str
) -> None:
    house.give(alice, 5)
    path, body = f"loyalty-members/alice/{what}", {"amount": 2, "systemUniqueKey": "k"}
    first = api.post(path, body)
    again = api.post(path, body)
    api.patch(f"members/{alice.pk}", {"active": False})
    third = api.post(path, body)
    assert [first.status_code, again.status_code, third.status_code] == [201, 200, 200]
    assert first.body == again.body == third.body
    refuses(api, "POST", path, {**body, "amount": 3}, 409, "IDEMPOTENCY_CONFLICT")
    assert Transaction.objects.count() == 2
