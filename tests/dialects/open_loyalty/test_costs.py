"""What calls ask of the database: as much with a long history as without, and by indexes."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from loyalty.kernel import clock
from members.models import Member
from members.selectors.histograms import points_by_day
from members.selectors.transfer_sources import STATES, TYPES, TransfersWanted
from members.selectors.transfers import list_transfers
from tests.console.test_ledger_plans import fill, plan_of
from tests.databases import analyze, round_trips, triggers_off
from tests.dialects.open_loyalty.counter import Counter, Shop
from tests.house import House, api_for


def cost(call: Callable[[], Any]) -> int:
    """The round trips of a call, the second time: the first may note when the key was used."""
    call()
    with round_trips() as asked:
        answer = call()
    assert answer.status_code < 300, answer.content
    return len(asked)


def calls(shop: Shop, till: Counter, alice: Member, bob: Member) -> dict[str, tuple[Callable[[], Any], int]]:
    """A call of each kind, and the most it may cost beside the engine's own round trips."""
    who = str(alice.customer_id)
    admin, customer, seller = shop.staff(), shop.customer(alice), shop.seller()
    send = {"sender": who, "receiver": "bob@example.com", "points": 1}
    return {
        "add": (lambda: till.post("points/transfer/add", customer=who, points=1), 2),
        "add as staff": (lambda: admin.post("points/transfer/add", customer=who, points=1), 1),
        "add as seller": (lambda: seller.post("/api/pos/points/transfer/add", customer=who, points=1), 1),
        "spend": (lambda: till.post("points/transfer/spend", customer=who, points=1), 2),
        "block": (lambda: till.post("points/transfer/block", customer=who, points=1), 2),
        "send": (lambda: till.post("admin/p2p-points-transfer", **send), 3),
        "send own": (lambda: customer.post("customer/points/p2p-transfer", receiver="bob@example.com", points=1), 2),
        "list": (lambda: till.get("points/transfer"), 4),
        "list one's": (lambda: till.get("points/transfer", customerEmail="alice@example.com"), 5),
        "list own": (lambda: customer.get("customer/points/transfer"), 3),
        "list expired": (lambda: till.get("points/transfer", also={"state[]": "expired"}), 4),
        "list active": (lambda: till.get("points/transfer", also={"state[]": "active"}), 5),
        "histogram": (lambda: till.get("points/transfers"), 3),
        "expired": (lambda: till.get("points/transfers", pointType="expired", futureDays=30), 5),
    }


def test_history_costs_no_queries(house: House, shop: Shop, till: Counter, alice: Member, bob: Member) -> None:
    for _ in range(3):
        till.add(alice, 50)
    asked = calls(shop, till, alice, bob)
    young = {name: cost(call) for name, (call, _) in asked.items()}
    for number in range(30):
        till.add(alice, 5)
        if number % 5 == 0:
            till.spend(alice, 2)
            till.p2p(alice, bob, 2)
    old = {name: cost(call) for name, (call, _) in asked.items()}
    assert old == young
    engine = old["add"] - 2
    for name, (_, most) in asked.items():
        is_posting = name.split()[0] in ("add", "spend", "block", "send")
        assert old[name] <= most + (engine + 3 if is_posting else 0), (name, old[name])


def test_giving_points_costs_one_query_more_than_over_the_core_api(
    house: House, shop: Shop, till: Counter, alice: Member
) -> None:
    api = api_for(house.organization, is_admin=True)
    core = cost(lambda: api.post(f"{house.wallet_path(alice)}/mint", {"amount": 100}))
    who = str(alice.customer_id)
    assert cost(lambda: till.post("points/transfer/add", customer=who, points=1)) <= core + 1
    admin = shop.staff()
    assert cost(lambda: admin.post("points/transfer/add", customer=who, points=1)) <= core


WANTED: dict[str, dict[str, Any]] = {
    "all": {},
    "oldest first": {"newest_first": False},
    **{type_: {"types": frozenset({type_})} for type_ in TYPES},
    **{state: {"states": frozenset({state})} for state in STATES},
    "expired of one type": {"states": frozenset({"expired"}), "types": frozenset({"p2p_adding"})},
    "some states": {"states": frozenset({"active", "pending"})},
    "expires till": {"states": frozenset({"active"}), "expires_till": clock.now() + timedelta(days=9)},
    "comment": {"comment": "coffee"},
    "value": {"amount": 3},
    "issuer": {"not_sources": ("admin", "api")},
    "dates": {"created": (clock.now(), None)},
    "names": {"names": (("name", "alice"),)},
}


@pytest.mark.postgresql
def test_lists_read_indexes_only(house: House, neighbor: House, alice: Member, charlie: Member) -> None:
    from tests import factories

    fill(house, alice, 20_000)
    other = factories.MemberFactory(organization=neighbor.organization, loyalty_member_id="c2")
    fill(neighbor, other, 3_000)
    with connection.cursor() as cursor, triggers_off():
        cursor.execute("UPDATE ledger_lot SET state = 'expired', remaining = 0 WHERE id % 500 = 0")
        cursor.execute("UPDATE ledger_lot SET state = 'pending' WHERE id % 700 = 1 AND state = 'active'")
    analyze("ledger_transaction", "ledger_lot", "members_member")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    for wallets in (None, [alice.wallet_id], [alice.wallet_id, other.wallet_id]):
        for name, said in WANTED.items():
            for sort in ("createdAt", "value"):
                wanted = TransfersWanted(account_id=house.account.pk, at=clock.now(), wallet_ids=wallets, **said)
                with round_trips() as captured:
                    list_transfers(wanted, start=0, stop=10, sort=sort)
                assert len(captured) <= 3
                for query in captured:
                    plan = plan_of(query["sql"])
                    assert "Seq Scan on ledger_" not in plan, (name, sort, plan)
                    # Nothing is sorted but what is within a window, and what some wallets have.
                    assert wallets is not None or "Sort Key: t.id" not in plan.replace("Presorted", "P"), (name, plan)


def lock_and_expire_some() -> None:
    """Of the credits a third is locked, until a different day each, and a third has expired."""
    with connection.cursor() as cursor, triggers_off():
        cursor.execute("UPDATE ledger_lot SET state = 'expired', remaining = 0 WHERE id % 3 = 0")
        cursor.execute(
            "UPDATE ledger_lot SET state = 'pending', valid_from = now() + id % 900 * interval '1 day' WHERE id % 3 = 1"
        )
    analyze("ledger_transaction", "ledger_lot")


@pytest.mark.postgresql
def test_the_rare_ones_are_found_in_indexes_of_their_own(house: House, alice: Member) -> None:
    fill(house, alice, 20_000)
    lock_and_expire_some()
    for said, index in (
        ({"types": frozenset({"spending"})}, "transaction_of_kind"),
        ({"states": frozenset({"expired"})}, "lot_in_state"),
        ({"states": frozenset({"pending"})}, "lot_in_state"),
        ({"expires_till": clock.now() + timedelta(days=2000)}, "lot_expiring"),
    ):
        wanted = TransfersWanted(account_id=house.account.pk, at=clock.now(), **said)  # type: ignore[arg-type]
        with round_trips() as captured:
            list_transfers(wanted, start=0, stop=10)
        assert index in plan_of(captured[-1]["sql"]), plan_of(captured[-1]["sql"])


@pytest.mark.postgresql
def test_the_histogram_reads_its_range_only(house: House, alice: Member) -> None:
    fill(house, alice, 20_000)
    lock_and_expire_some()
    at = clock.now()
    indexes = {"earned": "account_day", "expired": "lot_expiring", "pending": "lot_becoming_valid"}
    for point_type, index in indexes.items():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        with round_trips() as captured:
            days = {"first": at.date() - timedelta(days=9), "last": at.date() + timedelta(days=9)}
            points_by_day(house.account.pk, point_type, at=at, zone="UTC", **days)
        assert len(captured) <= 3
        assert any(index in plan_of(query["sql"]) for query in captured), point_type
        for query in captured:
            assert "Seq Scan" not in plan_of(query["sql"]), query["sql"]


def test_a_plain_credit_enters_none_of_the_indexes_for_lists() -> None:
    from tests.installation import ROOT

    [path] = (ROOT / "ledger/migrations").glob("*_transfers_by_kind_and_state.py")
    found = importlib.import_module(f"ledger.migrations.{path.stem}").INDEXES
    assert all("kind <> 'mint'" in on or "WHERE state" in on for on in found.values())
    assert not any("'active'" in on for on in found.values())
