"""Races with real parallel connections. Each has a control: the same race with the lock removed, which must go wrong.

The rivals are made to meet: everyone who is about to write waits a moment for the other. With the lock the other is
still waiting to read, nobody comes, and the writer goes on; without it both have read, and both write. A control
knows that the other comes, so it waits as long as a slow machine may need.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import connection, transaction

from ledger import services
from ledger.engine.store import postgresql
from ledger.models import AccountSupply, Balance, Hold, Transaction
from loyalty.kernel import clock
from loyalty.kernel.errors import DomainError
from members.models import Member
from tests import factories
from tests.databases import in_parallel
from tests.house import TESTER, House

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


SURELY = 60.0


@contextmanager
def rivals_meet(monkeypatch: pytest.MonkeyPatch, *, surely: bool = False) -> Iterator[None]:
    """Let two writers wait for each other just before they write; where they `surely` come, one writes first."""
    gate, written = threading.Barrier(2), threading.Event()
    patience = SURELY if surely else 0.5
    save = postgresql.PostgresStore.save

    def waiting_save(self: Any, book: Any) -> None:
        with suppress(threading.BrokenBarrierError):
            place = gate.wait(timeout=patience)
            if surely and place == 0:
                transaction.on_commit(written.set)
            elif surely:
                written.wait(timeout=patience)
        save(self, book)

    monkeypatch.setattr(postgresql.PostgresStore, "save", waiting_save)
    yield


def without_lock(monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    """Take the row lock out of one of the store's queries."""
    locking = getattr(postgresql, query)
    monkeypatch.setattr(postgresql, query, lambda *args: locking(*args).replace("FOR UPDATE", ""))


def refusals(answers: list[Any]) -> list[str]:
    return sorted(answer.code for answer in answers if isinstance(answer, DomainError))


def spend_all_twice(house: House, alice: Member) -> list[Any]:
    return in_parallel(*[lambda: house.take(alice, 100)] * 2)


def test_two_spends_of_the_whole_balance_one_wins(house: House, alice: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    house.give(alice, 100)
    with rivals_meet(monkeypatch):
        answers = spend_all_twice(house, alice)
    assert refusals(answers) == ["INSUFFICIENT_BALANCE"]
    assert house.balance(alice) == (0, 0, 0)
    assert house.findings() == []


def test_control_without_the_balance_lock_the_balance_is_spent_twice(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.give(alice, 100)
    without_lock(monkeypatch, "_balances")
    with rivals_meet(monkeypatch, surely=True):
        answers = spend_all_twice(house, alice)
    assert refusals(answers) == []
    assert Transaction.objects.filter(kind="burn").count() == 2
    assert house.findings() != []


def cross_transfers(house: House, alice: Member, bob: Member) -> list[Any]:
    return in_parallel(lambda: house.move(alice, bob, 60), lambda: house.move(bob, alice, 30))


def test_transfers_in_both_directions_neither_deadlock_nor_lose(
    house: House, alice: Member, bob: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.give(alice, 100)
    house.give(bob, 100)
    with rivals_meet(monkeypatch):
        answers = cross_transfers(house, alice, bob)
    assert refusals(answers) == []
    assert (house.balance(alice), house.balance(bob)) == ((70, 0, 0), (130, 0, 0))
    assert house.findings() == []


def test_control_without_the_balance_lock_transfers_lose_points(
    house: House, alice: Member, bob: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.give(alice, 100)
    house.give(bob, 100)
    without_lock(monkeypatch, "_balances")
    with rivals_meet(monkeypatch, surely=True):
        cross_transfers(house, alice, bob)
    assert house.findings() != []


def test_the_same_key_twice_at_once_acts_once_and_replays(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rivals_meet(monkeypatch):
        first, second = in_parallel(*[lambda: house.give(alice, 10, unique_key="k")] * 2)
    assert first == second
    assert house.balance(alice) == (10, 0, 0)
    assert house.findings() == []


def test_the_same_key_for_two_wallets_at_once_acts_once_and_conflicts(
    house: House, alice: Member, bob: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rivals_meet(monkeypatch):
        answers = in_parallel(
            lambda: house.give(alice, 10, unique_key="k"), lambda: house.give(bob, 10, unique_key="k")
        )
    assert refusals(answers) == ["IDEMPOTENCY_CONFLICT"]
    assert house.balance(alice)[0] + house.balance(bob)[0] == 10
    assert house.findings() == []


def test_control_without_the_unique_index_both_act(
    house: House, alice: Member, bob: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'transaction_key_once'")
        (definition,) = cursor.fetchone()
        cursor.execute("DROP INDEX transaction_key_once")
    try:
        with rivals_meet(monkeypatch, surely=True):
            answers = in_parallel(
                lambda: house.give(alice, 10, unique_key="k"), lambda: house.give(bob, 10, unique_key="k")
            )
        assert refusals(answers) == []
        assert Transaction.objects.filter(unique_key="k").count() == 2
        assert "keys-act-once" in {finding.rule for finding in house.findings()}
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE ledger_transaction DISABLE TRIGGER USER")
            Transaction.objects.filter(unique_key="k").update(unique_key=None)
            cursor.execute("ALTER TABLE ledger_transaction ENABLE TRIGGER USER")
            cursor.execute(definition)


def mint_the_last(house: House, alice: Member, bob: Member) -> list[Any]:
    return in_parallel(lambda: house.give(alice, 1), lambda: house.give(bob, 1))


@pytest.fixture
def nearly_out(db: None) -> tuple[House, Member, Member]:
    house = factories.build_house("Nearly out", max_supply=10)
    alice, bob = (factories.MemberFactory(organization=house.organization) for _ in range(2))
    house.give(alice, 8)
    house.give(bob, 1)
    return house, alice, bob


def test_the_last_unit_of_supply_goes_to_one(
    nearly_out: tuple[House, Member, Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    house, alice, bob = nearly_out
    with rivals_meet(monkeypatch):
        answers = mint_the_last(house, alice, bob)
    assert refusals(answers) == ["SUPPLY_EXCEEDED"]
    assert AccountSupply.objects.get().consumed == 10
    assert house.findings() == []


def test_control_without_the_supply_lock_it_goes_to_both(
    nearly_out: tuple[House, Member, Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    house, alice, bob = nearly_out
    without_lock(monkeypatch, "_supplies")
    with rivals_meet(monkeypatch, surely=True):
        answers = mint_the_last(house, alice, bob)
    assert refusals(answers) == []
    assert "supply-equals-reserve" in {finding.rule for finding in house.findings()}


def capture_against_void(house: House, hold_id: int) -> list[Any]:
    def act(service: Any, **what: Any) -> Any:
        return lambda: service(organization_id=house.id, actor=TESTER, at=clock.now(), **what)

    return in_parallel(
        act(services.capture_holds, captures={hold_id: None}), act(services.release_hold, transaction_id=hold_id)
    )


def test_a_capture_against_a_void_one_of_them_wins(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.give(alice, 100)
    hold = house.take(alice, 40, hold=True)
    with rivals_meet(monkeypatch):
        answers = capture_against_void(house, hold.id)
    assert refusals(answers) == ["NOT_PENDING"]
    captured = Hold.objects.get().state == Hold.State.CAPTURED
    assert house.balance(alice) == (60 if captured else 100, 0, 0)
    assert house.findings() == []


def test_control_without_the_balance_lock_both_win(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.give(alice, 100)
    hold = house.take(alice, 40, hold=True)
    without_lock(monkeypatch, "_balances")
    with rivals_meet(monkeypatch, surely=True):
        answers = capture_against_void(house, hold.id)
    assert refusals(answers) == []
    assert house.findings() != []


def test_sixteen_spends_at_once_take_exactly_what_is_there(house: House, alice: Member) -> None:
    house.give(alice, 100)
    answers = in_parallel(*[lambda: house.take(alice, 10)] * 16)
    assert refusals(answers) == ["INSUFFICIENT_BALANCE"] * 6
    assert house.balance(alice) == (0, 0, 0)
    assert house.findings() == []


def test_sixteen_first_credits_at_once_make_one_balance(house: House, alice: Member) -> None:
    answers = in_parallel(*[lambda: house.give(alice, 10)] * 16)
    assert refusals(answers) == []
    assert Balance.objects.count() == 1
    assert house.balance(alice) == (160, 0, 0)
    assert house.findings() == []


def test_batches_with_their_keys_crossed_do_not_deadlock(house: House, alice: Member, bob: Member) -> None:
    def batch(member: Member, keys: list[str]) -> Any:
        groups = [
            [services.mint(account_id=house.account.pk, wallet_id=member.wallet_id, amount=1, unique_key=key)]
            for key in keys
        ]
        return lambda: services.post_batch(organization_id=house.id, groups=groups, actor=TESTER, at=clock.now())

    keys = [f"k{number}" for number in range(30)]
    answers = in_parallel(batch(alice, keys), batch(bob, keys[::-1]))
    assert all(not isinstance(answer, Exception) for answer in answers)
    assert Transaction.objects.count() == 30
    assert house.balance(alice)[0] + house.balance(bob)[0] == 30
    assert house.findings() == []


def test_a_supply_that_closes_during_a_mint_waits_for_it_or_stops_it(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.give(alice, 5)

    def close() -> Any:
        return services.set_supply(account=house.account, max_supply=5, actor=TESTER, at=clock.now())

    with rivals_meet(monkeypatch):
        answers = in_parallel(lambda: house.give(alice, 1), close)
    assert refusals(answers) in (["SUPPLY_EXCEEDED"], ["SUPPLY_TOO_LOW"])
    assert house.findings() == []


def test_settling_while_points_are_spent_loses_nothing(house: House) -> None:
    from datetime import timedelta

    now = clock.now()
    members = [factories.MemberFactory(organization=house.organization) for _ in range(12)]
    for member in members:
        house.give(member, 10, at=now, expires_at=now + timedelta(days=1))
        house.give(member, 10, at=now)
    later = now + timedelta(days=1)
    spends = [lambda member=member: house.take(member, 10, at=later) for member in members]
    answers = in_parallel(*spends, *[lambda: services.settle_due(actor=TESTER, at=later)] * 2)
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert [house.balance(member) for member in members] == [(0, 0, 0)] * 12
    assert house.findings() == []
