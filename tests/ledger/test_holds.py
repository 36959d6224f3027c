"""Holds: points kept aside count at once, are captured once, and give back the rest."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger import services
from ledger.errors import InsufficientBalance, NotPending
from ledger.models import Hold, Kind, Lot, Transaction
from ledger.selectors import TransactionRecord
from loyalty.kernel import clock
from loyalty.kernel.errors import IdempotencyConflict, InvalidInput, NotFound
from members.models import Member
from tests.house import TESTER, House


def capture(house: House, hold: TransactionRecord, amount: int | None = None, **where: int) -> TransactionRecord:
    return services.capture_holds(
        organization_id=house.id, captures={hold.id: amount}, actor=TESTER, at=clock.now(), **where
    )[0]


def release(house: House, hold: TransactionRecord) -> TransactionRecord:
    return services.release_hold(organization_id=house.id, transaction_id=hold.id, actor=TESTER, at=clock.now())


def test_a_hold_lowers_what_is_available_and_moves_nothing(house: House, alice: Member) -> None:
    house.give(alice, 100)
    hold = house.take(alice, 30, hold=True)
    assert (hold.kind, hold.status, hold.captured_amount, hold.capture_method) == ("burn", "pending", 0, "manual")
    assert house.balance(alice) == (100, 30, 0)
    assert house.findings() == []


def test_six_holds_of_1000_on_5000_are_five_holds(house: House, alice: Member) -> None:
    house.give(alice, 5000)
    for _ in range(5):
        house.take(alice, 1000, hold=True)
    with pytest.raises(InsufficientBalance):
        house.take(alice, 1000, hold=True)
    assert house.balance(alice) == (5000, 5000, 0)
    assert Hold.objects.count() == 5


def test_held_points_cannot_be_spent_otherwise(house: House, alice: Member) -> None:
    house.give(alice, 100)
    house.take(alice, 80, hold=True)
    with pytest.raises(InsufficientBalance):
        house.take(alice, 21)
    house.take(alice, 20)
    assert house.balance(alice) == (80, 80, 0)
    assert house.findings() == []


def test_a_refused_hold_cannot_be_captured(house: House, alice: Member) -> None:
    house.give(alice, 10)
    with pytest.raises(InsufficientBalance):
        house.take(alice, 11, hold=True)
    assert not Hold.objects.exists()
    minted = Transaction.objects.get()
    with pytest.raises(NotFound):
        services.capture_holds(organization_id=house.id, captures={minted.pk: None}, actor=TESTER, at=clock.now())
    with pytest.raises(NotFound):
        services.capture_holds(organization_id=house.id, captures={minted.pk + 1: None}, actor=TESTER, at=clock.now())
    assert house.balance(alice) == (10, 0, 0)


def test_a_whole_capture_takes_the_very_lots_that_were_held(house: House, alice: Member) -> None:
    now = clock.now()
    early = house.give(alice, 30, at=now, expires_at=now + timedelta(days=5))
    hold = house.take(alice, 30, at=now, hold=True)
    house.give(alice, 50, at=now, expires_at=now + timedelta(days=1))
    done = capture(house, hold)
    assert (done.status, done.captured_amount) == ("captured", 30)
    assert Lot.objects.get(transaction_id=early.id).remaining == 0
    assert house.balance(alice) == (50, 0, 0)
    assert house.findings() == []


def test_a_partial_capture_releases_the_rest_in_the_same_step(house: House, alice: Member) -> None:
    house.give(alice, 100)
    hold = house.take(alice, 60, hold=True)
    done = capture(house, hold, 25)
    assert (done.amount, done.captured_amount) == (60, 25)
    assert house.balance(alice) == (75, 0, 0)
    kinds = Transaction.objects.filter(answers_id=hold.id).order_by("kind").values_list("kind", "amount")
    assert list(kinds) == [(Kind.CAPTURE, 25), (Kind.RELEASE, 35)]
    assert house.findings() == []


def test_a_second_capture_is_refused(house: House, alice: Member) -> None:
    house.give(alice, 100)
    hold = house.take(alice, 60, hold=True)
    capture(house, hold, 25)
    with pytest.raises(NotPending):
        capture(house, hold, 25)
    assert house.balance(alice) == (75, 0, 0)


@pytest.mark.parametrize("amount", [0, -1, 61])
def test_a_capture_outside_the_held_amount_is_refused(house: House, alice: Member, amount: int) -> None:
    house.give(alice, 100)
    hold = house.take(alice, 60, hold=True)
    with pytest.raises(InvalidInput):
        capture(house, hold, amount)
    assert house.balance(alice) == (100, 60, 0)


def test_a_hold_of_another_account_or_house_is_not_found(house: House, alice: Member, neighbor: House) -> None:
    house.give(alice, 100)
    hold = house.take(alice, 60, hold=True)
    other = services.create_account(ledger=house.ledger, name="Stamps", actor=TESTER, at=clock.now())
    with pytest.raises(NotFound):
        capture(house, hold, account_id=other.pk)
    with pytest.raises(NotFound):
        capture(neighbor, hold)
    with pytest.raises(NotFound):
        release(neighbor, hold)
    assert house.balance(alice) == (100, 60, 0)


def test_voiding_twice_is_the_same_as_once(house: House, alice: Member) -> None:
    house.give(alice, 100)
    hold = house.take(alice, 60, hold=True)
    first = release(house, hold)
    rows = Transaction.objects.count()
    assert first.status == "voided"
    assert release(house, hold) == first
    assert Transaction.objects.count() == rows
    assert house.balance(alice) == (100, 0, 0)
    assert house.findings() == []


def test_a_captured_hold_cannot_be_voided(house: House, alice: Member) -> None:
    house.give(alice, 100)
    hold = house.take(alice, 60, hold=True)
    capture(house, hold)
    with pytest.raises(NotPending):
        release(house, hold)
    assert house.balance(alice) == (40, 0, 0)


def test_captures_in_one_list_are_all_or_none(house: House, alice: Member) -> None:
    house.give(alice, 100)
    first, second = house.take(alice, 10, hold=True), house.take(alice, 20, hold=True)
    capture(house, second)
    with pytest.raises(NotPending):
        services.capture_holds(
            organization_id=house.id, captures={first.id: None, second.id: None}, actor=TESTER, at=clock.now()
        )
    assert house.balance(alice) == (80, 10, 0)


def test_a_held_transfer_credits_the_receiver_at_capture_with_the_old_expiry(
    house: House, alice: Member, bob: Member
) -> None:
    now = clock.now()
    expires = now + timedelta(days=9)
    house.give(alice, 50, at=now, expires_at=expires)
    hold = house.move(alice, bob, 40, at=now, hold=True)
    assert (hold.kind, house.balance(bob)) == ("transfer", (0, 0, 0))
    capture(house, hold, 15)
    lot = Lot.objects.get(wallet_id=bob.wallet_id)
    assert (lot.amount, lot.expires_at) == (15, expires)
    assert (house.balance(alice), house.balance(bob)) == ((35, 0, 0), (15, 0, 0))
    assert house.findings() == []


def test_a_held_lot_does_not_expire_and_what_is_released_later_expires_then(house: House, alice: Member) -> None:
    now = clock.now()
    house.give(alice, 50, at=now, expires_at=now + timedelta(days=1))
    hold = house.take(alice, 30, at=now, hold=True)
    later = now + timedelta(days=2)
    services.settle_due(actor=TESTER, at=later)
    assert house.balance(alice) == (30, 30, 0)
    services.capture_holds(organization_id=house.id, captures={hold.id: 10}, actor=TESTER, at=later)
    assert house.balance(alice) == (20, 0, 0)
    services.settle_due(actor=TESTER, at=later)
    assert house.balance(alice) == (0, 0, 0)
    keys = Transaction.objects.filter(kind=Kind.EXPIRE).order_by("pk").values_list("amount", "unique_key")
    lot = Lot.objects.get()
    assert list(keys) == [(20, f"expire:{lot.pk}"), (20, f"expire:{lot.pk}:2")]
    assert house.findings() == []


def test_holding_with_the_same_key_twice_holds_once(house: House, alice: Member) -> None:
    house.give(alice, 100)
    first = house.take(alice, 60, hold=True, unique_key="basket-1")
    assert house.take(alice, 60, hold=True, unique_key="basket-1") == first
    with pytest.raises(IdempotencyConflict):
        house.take(alice, 60, unique_key="basket-1")
    assert house.balance(alice) == (100, 60, 0)


def test_stale_holds_are_voided_when_the_installation_says_so(house: House, alice: Member) -> None:
    now = clock.now()
    house.give(alice, 100, at=now - timedelta(days=3))
    old = house.take(alice, 10, at=now - timedelta(days=2), hold=True)
    house.take(alice, 20, at=now, hold=True)
    assert services.void_stale_holds(older_than=timedelta(days=1), actor=TESTER, at=now) == 1
    assert Hold.objects.get(pk=old.id).state == Hold.State.VOIDED
    assert house.balance(alice) == (100, 20, 0)
    assert services.void_stale_holds(older_than=timedelta(days=1), actor=TESTER, at=now) == 0
    assert house.findings() == []
