"""Traps that other ledgers fell into, each by its name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction

from ledger import services
from ledger.engine.store import postgresql
from ledger.errors import InsufficientBalance
from ledger.models import AccountDay, Balance, Hold, Lot, LotUse, Transaction
from ledger.selectors import TransactionFilter, count_transactions, window_transactions
from loyalty.kernel import clock
from loyalty.kernel.errors import Busy, DomainError
from loyalty.kernel.models import AuditEntry
from members.models import Member
from tests import factories
from tests.databases import in_parallel
from tests.house import NOON, TESTER, Api, House

DAY = timedelta(days=1)


# --- the answer that never arrived ---


def test_the_same_key_after_a_timeout_is_answered_and_not_done_again(
    house: House, api: Api, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.give(alice, 100)
    api.client.raise_request_exception = False
    body = {"amount": 30, "systemUniqueKey": "order-1"}
    for path in (f"{house.wallet_path(alice)}/mint", f"{house.wallet_path(alice)}/burn"):
        body["systemUniqueKey"] = path
        with monkeypatch.context() as broken:
            # The posting has committed; then the answer is lost on its way.
            broken.setattr("ledger.api.movements.transactions", lambda records: 1 / 0)
            assert api.post(path, body).status_code == 500
        again = api.post(path, body)
        assert (again.status_code, again.body["transactions"][0]["systemUniqueKey"]) == (200, path)
    assert house.balance(alice) == (100, 0, 0)
    assert Transaction.objects.count() == 3


# --- the total is checked, and exactly that is taken ---


def test_what_was_checked_is_what_is_deducted_lot_by_lot(house: House, alice: Member) -> None:
    """Of all that lies there only what is active, not held and not expired counts, and only that is taken."""
    house.give(alice, 1000, at=NOON, valid_from=NOON + 9 * DAY)
    house.give(alice, 500, at=NOON, expires_at=NOON + DAY)
    for amount in (7, 11, 13):
        house.give(alice, amount, at=NOON, expires_at=NOON + 30 * DAY)
    house.take(alice, 505, at=NOON, hold=True)
    house.give(alice, 17, at=NOON)
    later = NOON + 2 * DAY
    with pytest.raises(InsufficientBalance) as refused:
        house.take(alice, 44, at=later)
    assert refused.value.details == {"available": 43, "requested": 44}
    burned = house.take(alice, 43, at=later)
    uses = LotUse.objects.filter(transaction_id=burned.id).order_by("pk").values_list("lot__amount", "amount")
    assert list(uses) == [(7, 2), (11, 11), (13, 13), (17, 17)]
    assert house.balance(alice) == (505, 505, 1000)
    assert house.findings() == []


def test_no_spend_takes_less_than_it_was_asked_for_however_many_lots_there_are(house: House, alice: Member) -> None:
    mints = [services.mint(account_id=house.account.pk, wallet_id=alice.wallet_id, amount=1) for _ in range(300)]
    house.post(*mints, at=NOON)
    burned = house.take(alice, 290, at=NOON)
    assert sum(LotUse.objects.filter(transaction_id=burned.id).values_list("amount", flat=True)) == 290
    assert Lot.objects.filter(state="active").count() == 10
    assert house.balance(alice) == (10, 0, 0)
    assert house.findings() == []


# --- a bulk leaves the same history as one at a time ---


def story_of(house: House, members: list[Member]) -> dict[str, Any]:
    """Everything the books say, with names for the numbers that differ between two houses."""
    account = house.account
    names = {account.reserve_id: "reserve", account.burned_id: "burned", account.expired_id: "expired"}
    names |= {member.wallet_id: f"member {place}" for place, member in enumerate(members)}
    rows = list(Transaction.objects.filter(account=account).order_by("pk"))
    order = {row.pk: place for place, row in enumerate(rows)}
    lots = list(Lot.objects.filter(account=account).order_by("pk"))
    days = AccountDay.objects.filter(account=account)
    columns = ("kind", "amount", "effective_at", "created_at", "unique_key", "key_kind", "description", "tags", "actor")
    return {
        "transactions": [
            (names[row.from_wallet_id], names[row.to_wallet_id], *(getattr(row, name) for name in columns))
            for row in rows
        ],
        "lots": [
            (names[lot.wallet_id], order[lot.transaction_id or 0], lot.amount, lot.remaining, lot.held, lot.state)
            for lot in lots
        ],
        "uses": [
            (lots.index(use.lot), order[use.transaction_id], use.amount)
            for use in LotUse.objects.filter(lot__account=account).select_related("lot").order_by("pk")
        ],
        "holds": [
            (order[hold.pk], hold.amount, [(lots.index(part.lot), part.amount) for part in hold.slices.order_by("pk")])
            for hold in Hold.objects.filter(transaction__account=account).order_by("pk")
        ],
        "balances": [
            (names[b.wallet_id], b.active, b.held, b.tracked, b.held_tracked, b.transactions, b.next_change_at)
            for b in Balance.objects.filter(account=account).order_by("wallet_id")
        ],
        "days": [
            sum(values) for values in zip(*days.values_list("minted", "burned", "held", "transactions"), strict=True)
        ],
    }


def moves_of(house: House, members: list[Member]) -> list[services.Move]:
    """Enough of everything that a bulk goes by its own roads."""
    moves = []
    for round_number in range(12):
        for place, member in enumerate(members):
            words: dict[str, Any] = {"account_id": house.account.pk, "description": "d", "tags": ["t"]}
            key = f"{round_number}-{place}"
            moves.append(services.mint(**words, wallet_id=member.wallet_id, amount=10 + place, unique_key=f"m{key}"))
            hold = round_number % 3 == 0
            moves.append(services.burn(**words, wallet_id=member.wallet_id, amount=3, unique_key=f"b{key}", hold=hold))
    return moves


@pytest.mark.parametrize("how", ["set", "batch"])
def test_a_bulk_leaves_the_same_rows_as_one_posting_at_a_time(house: House, neighbor: House, how: str) -> None:
    casts = [[factories.MemberFactory(organization=each.organization) for _ in range(3)] for each in (house, neighbor)]
    before = AuditEntry.objects.count()
    for move in moves_of(house, casts[0]):
        house.post(move, at=NOON)
    bulk = moves_of(neighbor, casts[1])
    if how == "set":
        neighbor.post(*bulk, at=NOON)
    else:
        groups = [[move] for move in bulk]
        services.post_batch(organization_id=neighbor.id, groups=groups, actor=TESTER, at=NOON)
    assert story_of(neighbor, casts[1]) == story_of(house, casts[0])
    # Movements are their own trail: every one says who made it, and neither way adds to the audit entries.
    assert set(Transaction.objects.values_list("actor", flat=True)) == {"system:test"}
    assert AuditEntry.objects.count() == before
    assert house.findings() + neighbor.findings() == []


# --- with real connections ---


class Late:
    """A posting that has its numbers and has not committed: it stops before it writes until it is told to go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waiting, self.may_go = threading.Event(), threading.Event()
        save = postgresql.PostgresStore.save

        def late_save(store: Any, book: Any) -> None:
            if threading.current_thread().name.startswith("late"):
                save(store, book)
                self.waiting.set()
                assert self.may_go.wait(timeout=30)
                return
            save(store, book)

        monkeypatch.setattr(postgresql.PostgresStore, "save", late_save)

    def while_open(self, late: Callable[[], Any], meanwhile: Callable[[], Any]) -> tuple[Any, Any]:
        """Do `meanwhile` while `late` has written and not committed; both answers."""

        def run() -> Any:
            try:
                return late()
            finally:
                self.waiting.set()
                connections.close_all()

        with ThreadPoolExecutor(1, thread_name_prefix="late") as pool:
            running = pool.submit(run)
            assert self.waiting.wait(timeout=30)
            try:
                done = meanwhile()
            finally:
                self.may_go.set()
            return running.result(timeout=30), done


def newest(house: House, **where: int) -> list[int]:
    wanted = TransactionFilter(**where)
    rows = window_transactions(house.account.pk, wanted, ("-pk",), 0, 25)
    assert count_transactions(house.account.pk, wanted) == len(rows)
    return [row.pk for row in rows]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_what_commits_late_with_a_smaller_number_is_listed_counted_and_settled(
    house: House, alice: Member, bob: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers are not a commit order: whoever remembers the largest one seen would miss what commits after it."""
    now = clock.now()

    def read_and_settle() -> Any:
        quick = house.give(bob, 7, at=now, expires_at=now + DAY)
        assert newest(house) == [quick.id]
        # Everything due is settled while the other is still open; a checkpoint would now stand behind its number.
        assert services.settle_due(actor=TESTER, at=now + DAY).expired_points == 7
        return quick

    slow, quick = Late(monkeypatch).while_open(
        lambda: house.give(alice, 5, at=now, expires_at=now + DAY), read_and_settle
    )
    assert slow.id < quick.id
    assert newest(house)[-2:] == [quick.id, slow.id]
    assert newest(house, wallet_id=alice.wallet_id) == [slow.id]
    assert newest(house, to_id=quick.id) == [quick.id, slow.id]
    assert house.balance(alice) == (5, 0, 0)
    assert services.settle_due(actor=TESTER, at=now + DAY).expired_points == 5
    assert len(newest(house)) == 4
    assert house.findings() == []


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_mints_to_different_wallets_do_not_wait_for_each_other(
    house: House, alice: Member, bob: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No hot row: neither the account, nor its reserve, nor the day's totals is waited for."""
    for member in (alice, bob):
        house.give(member, 1)
    first, second = Late(monkeypatch).while_open(
        lambda: house.give(alice, 10), lambda: at_once(lambda: house.give(bob, 20))
    )
    assert (first.amount, second.amount) == (10, 20)
    assert (house.balance(alice), house.balance(bob)) == ((11, 0, 0), (21, 0, 0))
    assert house.findings() == []


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_control_two_mints_of_a_finite_supply_do_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    house = factories.build_house("Finite", max_supply=100)
    alice, bob = (factories.MemberFactory(organization=house.organization) for _ in range(2))

    def refused_to_wait() -> Any:
        with pytest.raises(Busy):
            at_once(lambda: house.give(bob, 20))

    Late(monkeypatch).while_open(lambda: house.give(alice, 10), refused_to_wait)
    assert (house.balance(alice), house.balance(bob)) == ((10, 0, 0), (0, 0, 0))
    assert house.findings() == []


def at_once(act: Callable[[], Any]) -> Any:
    """Do it without waiting for any lock for longer than a moment."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '100ms'")
        return act()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_six_holds_of_1000_at_once_on_5000_are_five_holds(house: House, alice: Member) -> None:
    house.give(alice, 5000)
    answers = in_parallel(*[lambda: house.take(alice, 1000, hold=True)] * 6)
    refused = [answer for answer in answers if isinstance(answer, DomainError)]
    assert [error.code for error in refused] == ["INSUFFICIENT_BALANCE"]
    assert Hold.objects.count() == 5
    assert house.balance(alice) == (5000, 5000, 0)
    # The refused one can be neither captured nor found.
    made = {answer.id for answer in answers if not isinstance(answer, DomainError)}
    assert set(Hold.objects.values_list("pk", flat=True)) == made
    assert house.findings() == []
