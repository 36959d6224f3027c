"""What a call costs: as many round trips with years of history as without, and only rows of its own are read."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from ledger.models import Balance, Transaction
from ledger.selectors import count_statement, list_statement, statements
from loyalty.kernel import clock
from members.models import Member
from members.selectors import find_holding, find_movement, list_holdings
from tests.console.test_ledger_plans import fill, plan_of
from tests.databases import analyze, round_trips
from tests.dialects.engage.walk import Call, calls
from tests.dialects.engage.world import ACCOUNTS, BULK, TRANSACTIONS, Engage, account_of, row, transaction
from tests.history import spend_a_past
from tests.house import House


def cost(call: Callable[[], Any]) -> int:
    """The round trips of a call, the second time: the first may note when the key was used."""
    call()
    with round_trips() as asked:
        assert call().status_code < 300
    return len(asked)


# Sign-in is one of them. A posting of the core API has one less: its address names wallet and account.
MOST = {
    "getPointAccounts": 2,
    "getPointAccount": 2,
    "getPointDefinitions": 2,
    "getPointDefinition": 2,
    "getPointTransactions": 5,
    "getPointAccountTransactions": 5,
    "getPointTransaction": 3,
    "addPointTransaction": 7 if connection.vendor == "postgresql" else 18,
    "addPointTransactions": 9 if connection.vendor == "postgresql" else 18,
    "getRewardVouchers": 4,
    "getAvailableRewardVouchers": 4,
    "getRedeemedRewardVouchers": 4,
    "redeemRewardVoucher": 17,
    "reactivateRewardVoucher": 21,
    "getPointShopItems": 7,
    "purchasePointShopItem": 23 if connection.vendor == "postgresql" else 33,
    "addRewardPointTransaction": 10 if connection.vendor == "postgresql" else 19,
    "getBonusPointTransactions": 6,
    "getContactId": 2,
}


def test_no_operation_costs_more_than_a_few_round_trips(house: House, alice: Member, engage: Engage) -> None:
    too_many = {}
    for call in calls(house, alice):
        if call.status < 300:
            asked = cost(lambda call=call: fresh(call).send(engage))
            if asked > MOST[call.operation_id]:
                too_many[call.operation_id] = asked
    assert too_many == {}


def fresh(call: Call) -> Call:
    """The call, with an id that did not act yet."""
    if call.operation_id == "addPointTransaction":
        call.body = transaction(call.body["accountId"])
    elif call.operation_id == "purchasePointShopItem":
        call.body["pointShopItemPurchaseId"] = str(uuid.uuid4())
    return call


def test_history_costs_no_queries(house: House, alice: Member, bob: Member, engage: Engage) -> None:
    long_ago = clock.now() - timedelta(days=30)
    for number in range(30):
        for member in (alice, bob):
            house.give(member, 100, at=long_ago, valid_from=clock.now() + timedelta(days=9) if number % 2 else None)
            house.take(member, 10, at=long_ago)

    def asked(member: Member) -> dict[str, int]:
        own, contact = account_of(house, member), str(member.customer_id)
        lists = [
            f"filter={f}&sortBy={s}" for f in ("all", "active", "pending") for s in ("createdOn", "transactionDate")
        ]
        found = {
            query: cost(lambda query=query: engage.get(f"{TRANSACTIONS}?id={own}&count=5&{query}")) for query in lists
        }
        return found | {
            "accounts": cost(lambda: engage.get(ACCOUNTS, contactId=contact)),
            "account": cost(lambda: engage.get(f"{ACCOUNTS}/{own}")),
            "one": cost(lambda: engage.post(TRANSACTIONS, transaction(own))),
            "less": cost(lambda: engage.post(TRANSACTIONS, transaction(own, transactionType="Deduction", amount=1))),
            "many": cost(lambda: engage.post(BULK, [row(house, member)] * 3)),
        }

    before = asked(alice)
    spend_a_past(house, bob, 20_000, at=long_ago)
    assert asked(bob) == before


def test_a_statement_is_counted_exactly_up_to_a_limit_and_kept_beyond(
    house: House, alice: Member, engage: Engage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "COUNTED", 4)
    for _ in range(4):
        house.give(alice, 100)
    house.take(alice, 50, hold=True)
    own = account_of(house, alice)
    assert engage.get(TRANSACTIONS, id=own, count=1).body["totalCount"] == 4
    house.take(alice, 50)
    # Above the limit the count that is kept is told, which knows of the hold.
    assert engage.get(TRANSACTIONS, id=own, count=1).body["totalCount"] == 6


@pytest.mark.postgresql
def test_every_list_reads_its_own_wallets_index_ranges(house: House, alice: Member, bob: Member, settings: Any) -> None:
    settings.DATABASE_PREPARE = False  # So that what is asked can be seen.
    long_ago = clock.now() - timedelta(days=30)
    # Bob has most of what there is, of transactions and of open credits.
    fill(house, bob, 20_000)
    house.give(alice, 100)
    spend_a_past(house, alice, 300, at=long_ago)
    analyze("ledger_transaction", "ledger_lot", "ledger_balance")
    asked: list[Callable[[], Any]] = [
        lambda: find_holding(house.id, Balance.objects.values_list("pk", flat=True)[0], with_expiry=True),
        lambda: list_holdings(house.id, alice.customer_id),
        lambda: find_movement(house.id, number=Transaction.objects.values_list("pk", flat=True)[0]),
        lambda: find_movement(house.id, key=("engage", "x")),
    ]
    for which in ("all", "active", "pending"):
        for tracked in (True, False):
            where: Any = {"account_id": house.account.pk, "wallet_id": alice.wallet_id, "which": which}
            where["tracked"] = tracked
            asked.append(lambda where=where: count_statement(**where, kept=0))
            for by in ("created", "effective"):
                for way in (True, False):
                    more: Any = {**where, "by": by, "descending": way, "start": 0, "stop": 20}
                    asked.append(lambda more=more: list_statement(**more))
    with connection.cursor() as cursor:
        # A few pages of a small table are read as quickly as its index; what counts is that an index can answer.
        cursor.execute("SET LOCAL enable_seqscan = off")
    for ask in asked:
        with round_trips() as captured:
            ask()
        for query in captured.captured_queries:
            plan = plan_of(query["sql"])
            for table in ("ledger_transaction", "ledger_lot", "ledger_balance", "members_member"):
                assert f"Seq Scan on {table}" not in plan, (query["sql"], plan)
            # Ranges that are not the wallet's own.
            for index in ("transaction_of_account", "transaction_by_date", "lot_expiring"):
                assert index not in plan, (query["sql"], plan)
