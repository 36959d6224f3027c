"""Balances over the core API, and movements in a ledger's default account (semantics 1.1, 1.4, 1.8)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from ledger import services
from ledger.models import Balance, Wallet
from members.models import Member
from tests.house import NOON, TESTER, Api, House
from tests.refusals import refuses

RULES = {"active": True, "isRevolving": False, "syncAlgorand": False}
DAY = timedelta(days=1)


def zeros(house: House, member: Member) -> dict[str, object]:
    return {
        "walletId": member.wallet_id,
        "ledgerId": house.ledger.pk,
        "ledgerAccountId": house.account.pk,
        "ledgerAccountKey": "points",
        "memberId": member.pk,
        "balance": 0,
        "pendingBalance": 0,
        "availableBalance": 0,
        "nextExpiration": None,
    }


def test_a_wallet_never_used_has_zeros_and_reading_it_writes_nothing(house: House, api: Api, alice: Member) -> None:
    assert api.get(house.wallet_path(alice)).body == {"wallet": zeros(house, alice)}
    assert not Balance.objects.exists()


def test_a_balance_is_what_is_posted_and_available_is_what_no_hold_keeps(
    noon: time_machine.Coordinates, house: House, api: Api, alice: Member
) -> None:
    house.give(alice, 100)
    house.give(alice, 50, expires_at=NOON + 3 * DAY)
    house.give(alice, 5, expires_at=NOON + 3 * DAY)
    house.give(alice, 1000, valid_from=NOON + 9 * DAY)
    house.take(alice, 30, hold=True)
    assert api.get(house.wallet_path(alice)).body["wallet"] == {
        **zeros(house, alice),
        "balance": 155,
        "pendingBalance": 30,
        "availableBalance": 125,
        "nextExpiration": {"amount": 55, "expiresAt": "2030-03-18T12:00:00Z"},
    }


def test_a_balance_is_right_at_the_very_moment_something_falls_due(
    noon: time_machine.Coordinates, house: House, api: Api, alice: Member
) -> None:
    house.give(alice, 100, expires_at=NOON + 2 * DAY)
    house.give(alice, 7, valid_from=NOON + DAY, expires_at=NOON + 9 * DAY)

    def read() -> tuple[int, str]:
        wallet = api.get(house.wallet_path(alice)).body["wallet"]
        return wallet["balance"], wallet["nextExpiration"]["expiresAt"][:10]

    assert read() == (100, "2030-03-17")
    noon.move_to(NOON + DAY)
    assert read() == (107, "2030-03-17")
    noon.move_to(NOON + 2 * DAY)
    assert read() == (7, "2030-03-24")
    noon.move_to(NOON + 9 * DAY)
    assert api.get(house.wallet_path(alice)).body["wallet"] == zeros(house, alice)
    assert house.findings() == []


def test_a_ledger_answers_one_entry_per_account_zeros_included(house: House, api: Api, alice: Member) -> None:
    stamps = services.create_account(ledger=house.ledger, name="Stamps", actor=TESTER, at=NOON)
    other = services.create_ledger(organization_id=house.id, name="Other", actor=TESTER, at=NOON)
    services.create_account(ledger=other, name="Elsewhere", actor=TESTER, at=NOON)
    house.post(services.mint(account_id=stamps.pk, wallet_id=alice.wallet_id, amount=3))
    stamp_wallet = {
        **zeros(house, alice),
        "ledgerAccountId": stamps.pk,
        "ledgerAccountKey": "stamps",
        "balance": 3,
        "availableBalance": 3,
    }
    answer = api.get(f"ledgers/{house.ledger.pk}/wallets/{alice.wallet_id}")
    assert answer.body == {"wallets": [zeros(house, alice), stamp_wallet]}


def test_a_ledger_without_accounts_has_no_balances(house: House, api: Api, alice: Member) -> None:
    empty = api.post("ledgers", {"name": "Empty"}).body["ledger"]["ledgerId"]
    assert api.get(f"ledgers/{empty}/wallets/{alice.wallet_id}").body == {"wallets": []}


def test_every_balance_of_a_ledger_is_right_at_the_moment_it_is_read(
    noon: time_machine.Coordinates, house: House, api: Api, alice: Member
) -> None:
    stamps = services.create_account(ledger=house.ledger, name="Stamps", actor=TESTER, at=NOON)
    for account_id, days in ((house.account.pk, 1), (stamps.pk, 2)):
        expires = NOON + days * DAY
        house.post(services.mint(account_id=account_id, wallet_id=alice.wallet_id, amount=3, expires_at=expires))

    def read() -> list[int]:
        wallets = api.get(f"ledgers/{house.ledger.pk}/wallets/{alice.wallet_id}").body["wallets"]
        return [wallet["balance"] for wallet in wallets]

    assert read() == [3, 3]
    noon.move_to(NOON + DAY)
    assert read() == [0, 3]
    noon.move_to(NOON + 2 * DAY)
    assert read() == [0, 0]


def test_an_accounts_own_wallets_answer_what_their_transactions_sum_to(
    noon: time_machine.Coordinates, house: House, api: Api, alice: Member, bob: Member
) -> None:
    services.set_supply(account=house.account, max_supply=1000, actor=TESTER, at=NOON)
    house.give(alice, 100, expires_at=NOON + DAY)
    house.give(alice, 60)
    undone = house.give(bob, 9)
    services.revert_transactions(organization_id=house.id, transaction_ids=[undone.id], actor=TESTER, at=NOON)
    hold = house.take(alice, 30, hold=True)
    services.capture_holds(organization_id=house.id, captures={hold.id: 20}, actor=TESTER, at=NOON)
    house.move(alice, bob, 15)
    noon.move_to(NOON + DAY)
    services.settle_due(actor=TESTER, at=NOON + DAY)
    account = house.account
    ids = [account.issuance_id, account.reserve_id, account.burned_id, account.expired_id]
    wallets = [api.get(f"{house.account_path}/wallets/{pk}").body["wallet"] for pk in ids]
    members = [api.get(house.wallet_path(member)).body["wallet"] for member in (alice, bob)]
    assert [wallet["balance"] for wallet in (*wallets, *members)] == [-1000, 840, 20, 80, 60, 0]
    assert sum(wallet["balance"] for wallet in (*wallets, *members)) == 0
    assert {wallet["memberId"] for wallet in wallets} == {None}
    assert [wallet["availableBalance"] for wallet in wallets] == [-1000, 840, 20, 80]


def test_the_neighbors_wallets_do_not_exist(house: House, api: Api, charlie: Member, neighbor: House) -> None:
    for wallet_id in (charlie.wallet_id, neighbor.account.reserve_id):
        refuses(api, "GET", f"{house.account_path}/wallets/{wallet_id}", None, 404, "NOT_FOUND")
        refuses(api, "GET", f"ledgers/{house.ledger.pk}/wallets/{wallet_id}", None, 404, "NOT_FOUND")


def test_an_account_that_is_not_in_the_ledger_is_not_found(house: House, api: Api, alice: Member) -> None:
    other = api.post("ledgers", {"name": "Other"}).body["ledger"]["ledgerId"]
    wallet = f"ledgers/{other}/accounts/{house.account.pk}/wallets/{alice.wallet_id}"
    refuses(api, "GET", wallet, None, 404, "NOT_FOUND")
    refuses(api, "POST", f"{wallet}/mint", {"amount": 1}, 404, "NOT_FOUND")


def test_no_operation_makes_a_wallet(house: House, api: Api, alice: Member) -> None:
    wallets = Wallet.objects.count()
    missing = Wallet.objects.order_by("-pk")[0].pk + 1
    refuses(api, "POST", f"{house.account_path}/wallets/{missing}/mint", {"amount": 1}, 404, "NOT_FOUND")
    assert Wallet.objects.count() == wallets


# --- the ledger's default account ---


def test_a_movement_without_an_account_happens_in_the_ledgers_default(house: House, api: Api, alice: Member) -> None:
    stamps = services.create_account(ledger=house.ledger, name="Stamps", actor=TESTER, at=NOON)
    wallet = f"ledgers/{house.ledger.pk}/wallets/{alice.wallet_id}"
    minted = api.post(f"{wallet}/mint", {"amount": 10})
    assert (minted.status_code, minted.body["transactions"][0]["ledgerAccountId"]) == (201, house.account.pk)
    api.put(f"ledgers/{house.ledger.pk}", {"name": "Main", "defaultAccountId": stamps.pk})
    assert api.post(f"{wallet}/mint", {"amount": 4}).body["transactions"][0]["ledgerAccountId"] == stamps.pk
    burned = api.post(f"{wallet}/burn", {"amount": 1, "captureMethod": "manual"}).body["transactions"][0]
    assert (burned["ledgerAccountId"], burned["status"], burned["kind"]) == (stamps.pk, "pending", "burn")
    balances = [w["availableBalance"] for w in api.get(wallet).body["wallets"]]
    assert balances == [10, 3]


@pytest.mark.parametrize("what", ["mint", "burn"])
def test_a_ledger_without_accounts_has_no_default(house: House, api: Api, alice: Member, what: str) -> None:
    empty = api.post("ledgers", {"name": "Empty"}).body["ledger"]["ledgerId"]
    path = f"ledgers/{empty}/wallets/{alice.wallet_id}/{what}"
    refuses(api, "POST", path, {"amount": 1}, 422, "NO_DEFAULT_ACCOUNT")


def test_the_same_key_is_one_mint_wherever_it_is_asked_for(house: House, api: Api, alice: Member) -> None:
    body = {"amount": 10, "systemUniqueKey": "k", "description": "d"}
    first = api.post(f"{house.wallet_path(alice)}/mint", body)
    again = api.post(f"ledgers/{house.ledger.pk}/wallets/{alice.wallet_id}/mint", body)
    third = api.post(f"loyalty-members/{alice.loyalty_member_id}/mint", body)
    assert [first.status_code, again.status_code, third.status_code] == [201, 200, 200]
    assert first.body["transactions"] == again.body["transactions"] == third.body["ledgerTransactions"]
    assert house.balance(alice) == (10, 0, 0)
