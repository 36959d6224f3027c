"""Reverts: the opposite of a transaction, with the very lots it took or made."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from ledger import services
from ledger.errors import InsufficientBalance, LotClosed, NotRevertible, SupplyExceeded
from ledger.models import Kind, Lot, Transaction
from ledger.selectors import TransactionRecord
from loyalty.kernel import clock
from loyalty.kernel.errors import NotFound
from members.models import Member
from tests import factories
from tests.house import TESTER, House


def revert(house: House, *records: TransactionRecord, at: datetime | None = None) -> services.Posting:
    return services.revert_transactions(
        organization_id=house.id,
        transaction_ids=[record.id for record in records],
        actor=TESTER,
        at=at or clock.now(),
    )


def lots(member: Member) -> list[tuple[int, int, str]]:
    found = Lot.objects.filter(wallet_id=member.wallet_id).order_by("pk")
    return [(lot.amount, lot.remaining, lot.state) for lot in found]


def test_reverting_a_burn_gives_back_the_same_lots_with_their_expiry(house: House, alice: Member) -> None:
    now = clock.now()
    house.give(alice, 30, at=now, expires_at=now + timedelta(days=5))
    house.give(alice, 30, at=now, expires_at=now + timedelta(days=9))
    burned = house.take(alice, 40, at=now)
    before = [(30, 0, "spent"), (30, 20, "active")]
    assert lots(alice) == before
    opposite = revert(house, burned).records[0]
    assert (opposite.kind, opposite.amount, opposite.reverts_id) == ("revert", 40, burned.id)
    assert lots(alice) == [(30, 30, "active"), (30, 30, "active")]
    assert house.balance(alice) == (60, 0, 0)
    assert house.findings() == []


def test_what_comes_back_after_its_expiry_expires_at_the_next_look(house: House, alice: Member) -> None:
    now = clock.now()
    house.give(alice, 30, at=now, expires_at=now + timedelta(days=5))
    burned = house.take(alice, 20, at=now)
    later = now + timedelta(days=6)
    services.settle_due(actor=TESTER, at=later)
    revert(house, burned, at=later)
    assert house.balance(alice) == (20, 0, 0)
    services.settle_due(actor=TESTER, at=later)
    assert house.balance(alice) == (0, 0, 0)
    assert Transaction.objects.filter(kind=Kind.EXPIRE).count() == 2
    assert house.findings() == []


def test_reverting_a_mint_takes_its_own_lot_first(house: House, alice: Member) -> None:
    now = clock.now()
    house.give(alice, 50, at=now, expires_at=now + timedelta(days=1))
    late = house.give(alice, 20, at=now, expires_at=now + timedelta(days=90))
    revert(house, late)
    assert lots(alice) == [(50, 50, "active"), (20, 0, "cancelled")]
    assert house.findings() == []


def test_reverting_a_mint_that_was_partly_spent_takes_the_rest_in_spend_order(house: House, alice: Member) -> None:
    now = clock.now()
    first = house.give(alice, 50, at=now, expires_at=now + timedelta(days=1))
    house.give(alice, 30, at=now, expires_at=now + timedelta(days=90))
    house.take(alice, 20, at=now)
    revert(house, first, at=now)
    # 30 were left in its own lot; the other 20 come from the next.
    assert lots(alice) == [(50, 0, "cancelled"), (30, 10, "active")]
    assert house.findings() == []


def test_reverting_a_mint_that_is_gone_is_refused(house: House, alice: Member) -> None:
    given = house.give(alice, 50)
    house.take(alice, 1)
    with pytest.raises(InsufficientBalance):
        revert(house, given)
    assert house.balance(alice) == (49, 0, 0)
    assert not Transaction.objects.filter(kind=Kind.REVERT).exists()


def test_reverting_a_transfer_restores_the_senders_lots(house: House, alice: Member, bob: Member) -> None:
    now = clock.now()
    house.give(alice, 30, at=now, expires_at=now + timedelta(days=5))
    house.give(bob, 10, at=now, expires_at=now + timedelta(days=1))
    moved = house.move(alice, bob, 30, at=now)
    revert(house, moved)
    assert lots(alice) == [(30, 30, "active")]
    assert lots(bob) == [(10, 10, "active"), (30, 0, "cancelled")]
    assert house.findings() == []


def test_a_transfer_the_receiver_has_spent_cannot_be_reverted(house: House, alice: Member, bob: Member) -> None:
    house.give(alice, 30)
    moved = house.move(alice, bob, 30)
    house.take(bob, 1)
    with pytest.raises(InsufficientBalance):
        revert(house, moved)
    assert (house.balance(alice), house.balance(bob)) == ((0, 0, 0), (29, 0, 0))


def test_reverting_a_pending_hold_voids_it(house: House, alice: Member) -> None:
    house.give(alice, 30)
    hold = house.take(alice, 20, hold=True)
    answer = revert(house, hold).records[0]
    assert (answer.id, answer.status) == (hold.id, "voided")
    assert house.balance(alice) == (30, 0, 0)
    assert revert(house, hold).records == [answer]
    assert house.findings() == []


def test_reverting_a_partly_captured_hold_gives_back_what_was_captured(house: House, alice: Member) -> None:
    house.give(alice, 30)
    hold = house.take(alice, 20, hold=True)
    services.capture_holds(organization_id=house.id, captures={hold.id: 5}, actor=TESTER, at=clock.now())
    opposite = revert(house, hold).records[0]
    assert (opposite.amount, opposite.reverts_id) == (5, hold.id)
    assert house.balance(alice) == (30, 0, 0)
    assert house.findings() == []


def test_reverting_twice_answers_as_the_first_time(house: House, alice: Member) -> None:
    house.give(alice, 30)
    burned = house.take(alice, 10)
    first = revert(house, burned)
    second = revert(house, burned)
    assert (first.replayed, second.replayed) == (False, True)
    assert [record.id for record in second.records] == [record.id for record in first.records]
    assert house.balance(alice) == (30, 0, 0)


def test_a_revert_an_expiry_and_a_supply_change_cannot_be_reverted(house: House, alice: Member) -> None:
    now = clock.now()
    house.give(alice, 30, at=now, expires_at=now + timedelta(days=1))
    undone = revert(house, house.take(alice, 10, at=now), at=now).records[0]
    services.settle_due(actor=TESTER, at=now + timedelta(days=2))
    services.set_supply(account=house.account, max_supply=500, actor=TESTER, at=now)
    expired = Transaction.objects.get(kind=Kind.EXPIRE)
    supply = Transaction.objects.get(kind=Kind.SUPPLY)
    before = Transaction.objects.count()
    for number in (undone.id, expired.pk, supply.pk):
        with pytest.raises(NotRevertible):
            services.revert_transactions(organization_id=house.id, transaction_ids=[number], actor=TESTER, at=now)
    assert Transaction.objects.count() == before
    assert house.findings() == []


def test_earn_refund_earn_again_earns_twice_not_more(house: House, alice: Member) -> None:
    first = house.give(alice, 30, unique_key="order-1")
    revert(house, first)
    # The key stays used: the same order again is the first answer again, and gives nothing.
    again = house.give(alice, 30, unique_key="order-1")
    assert (again.id, again.status) == (first.id, "reverted")
    assert house.balance(alice) == (0, 0, 0)
    house.give(alice, 30, unique_key="order-2")
    assert house.balance(alice) == (30, 0, 0)


def test_several_reverts_are_all_or_none(house: House, alice: Member) -> None:
    house.give(alice, 30)
    burned, given = house.take(alice, 10), house.give(alice, 100)
    house.take(alice, 100)
    with pytest.raises(InsufficientBalance):
        revert(house, burned, given)
    assert house.balance(alice) == (20, 0, 0)


def test_the_neighbor_cannot_revert_what_is_not_hers(house: House, alice: Member, neighbor: House) -> None:
    given = house.give(alice, 30)
    with pytest.raises(NotFound):
        revert(neighbor, given)
    assert house.balance(alice) == (30, 0, 0)


def test_a_pending_credit_is_taken_back_from_the_pending_points(house: House, alice: Member) -> None:
    now = clock.now()
    house.give(alice, 7, at=now)
    given = house.give(alice, 30, at=now, valid_from=now + timedelta(days=3))
    assert house.balance(alice) == (7, 0, 30)
    revert(house, given, at=now)
    assert house.balance(alice) == (7, 0, 0)
    assert house.findings() == []


def test_reverting_a_burn_of_a_revolving_account_needs_supply(db: None) -> None:
    house = factories.build_house("Revolving", is_revolving=True, max_supply=50)
    alice, bob = (factories.MemberFactory(organization=house.organization) for _ in range(2))
    house.give(alice, 50)
    burned = house.take(alice, 20)
    house.give(bob, 20)
    with pytest.raises(SupplyExceeded):
        revert(house, burned)
    assert (house.balance(alice), house.balance(bob)) == ((30, 0, 0), (20, 0, 0))
    assert house.findings() == []


def test_a_preview_says_what_a_revert_would_do_and_does_nothing(house: House, alice: Member) -> None:
    house.give(alice, 30)
    burned = house.take(alice, 10)
    rows = Transaction.objects.count()
    preview = services.preview_revert(organization_id=house.id, transaction_id=burned.id, actor=TESTER, at=clock.now())
    assert preview.available[alice.wallet_id] == 30
    assert Transaction.objects.count() == rows
    assert house.balance(alice) == (20, 0, 0)


# --- one credit at a time ---


def lot_of(record: TransactionRecord) -> Lot:
    return Lot.objects.get(transaction_id=record.id)


def test_a_waiting_credit_becomes_valid_when_it_is_released(house: House, alice: Member) -> None:
    given = house.give(alice, 30, waits=True)
    assert house.balance(alice) == (0, 0, 30)
    services.settle_due(actor=TESTER, at=clock.now() + timedelta(days=4000))
    assert house.balance(alice) == (0, 0, 30)
    services.activate_lot(organization_id=house.id, lot_id=lot_of(given).pk, actor=TESTER, at=clock.now())
    assert house.balance(alice) == (30, 0, 0)
    with pytest.raises(LotClosed):
        services.activate_lot(organization_id=house.id, lot_id=lot_of(given).pk, actor=TESTER, at=clock.now())
    assert house.findings() == []


def test_one_credit_can_be_expired_before_its_time(house: House, alice: Member) -> None:
    given, other = house.give(alice, 30), house.give(alice, 5)
    record = services.expire_lot(organization_id=house.id, lot_id=lot_of(given).pk, actor=TESTER, at=clock.now())
    assert (record.kind, record.amount) == ("expire", 30)
    assert house.balance(alice) == (5, 0, 0)
    assert (lot_of(given).state, lot_of(other).state) == ("expired", "active")
    with pytest.raises(LotClosed):
        services.expire_lot(organization_id=house.id, lot_id=lot_of(given).pk, actor=TESTER, at=clock.now())
    assert house.findings() == []


def test_cancelling_a_partly_spent_credit_takes_only_what_is_left(house: House, alice: Member) -> None:
    given = house.give(alice, 30)
    house.take(alice, 12)
    record = services.cancel_lot(organization_id=house.id, lot_id=lot_of(given).pk, actor=TESTER, at=clock.now())
    assert (record.kind, record.amount, record.reverts_id) == ("revert", 18, given.id)
    assert house.balance(alice) == (0, 0, 0)
    with pytest.raises(LotClosed):
        services.cancel_lot(organization_id=house.id, lot_id=lot_of(given).pk, actor=TESTER, at=clock.now())
    with pytest.raises(NotRevertible):
        revert(house, given)
    assert house.findings() == []


def test_a_credit_a_hold_keeps_cannot_be_cancelled(house: House, alice: Member) -> None:
    given = house.give(alice, 30)
    house.take(alice, 5, hold=True)
    with pytest.raises(LotClosed):
        services.cancel_lot(organization_id=house.id, lot_id=lot_of(given).pk, actor=TESTER, at=clock.now())
    assert house.balance(alice) == (30, 5, 0)


def test_a_transferred_slice_cannot_be_cancelled(house: House, alice: Member, bob: Member) -> None:
    house.give(alice, 30)
    moved = house.move(alice, bob, 10)
    with pytest.raises(LotClosed):
        services.cancel_lot(organization_id=house.id, lot_id=lot_of(moved).pk, actor=TESTER, at=clock.now())
    assert house.balance(bob) == (10, 0, 0)


def test_the_neighbors_lots_do_not_exist(house: House, alice: Member, neighbor: House) -> None:
    given = house.give(alice, 30)
    for act in (services.activate_lot, services.expire_lot, services.cancel_lot):
        with pytest.raises(NotFound):
            act(organization_id=neighbor.id, lot_id=lot_of(given).pk, actor=TESTER, at=clock.now())
    assert house.balance(alice) == (30, 0, 0)
