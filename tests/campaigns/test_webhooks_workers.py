"""Who works on webhooks: leases, rings and sweeps, what it costs, and what the database refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from campaigns import services, tasks
from campaigns.models import Delivery, DeliveryTry
from campaigns.services import delivering
from ledger import services as ledger
from loyalty.kernel import clock
from members.models import Member
from tests import factories
from tests.campaigns.receivers import Receiver, deliver_all, trigger_for
from tests.databases import round_trips
from tests.house import NOON, TESTER, House
from tests.walk import every_row

Noon = Any


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


# --- workers ---
def test_a_worker_that_dies_leaves_a_try_without_an_end_and_another_goes_on(
    noon: Noon, house: House, alice: Member, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    trigger = trigger_for(house, receiver.url)
    house.give(alice, 1)
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(delivering, "_finish", lambda *args: (_ for _ in ()).throw(SystemExit))
        delivering.deliver(trigger_id=trigger.pk)
    deliver_all(trigger)
    assert len(receiver.got) == 1, "the lease holds"
    noon.move_to(NOON + delivering.LEASE)
    deliver_all(trigger)
    assert list(DeliveryTry.objects.order_by("number").values_list("number", "status")) == [(1, None), (2, 200)]
    assert {one.told["delivery"]["deliveryId"] for one in receiver.got} == {str(Delivery.objects.get().pk)}


def test_whoever_changes_a_trigger_stops_the_worker_that_is_at_it(
    house: House, alice: Member, receiver: Receiver
) -> None:
    trigger = trigger_for(house, receiver.url)
    for _ in range(3):
        house.give(alice, 1)
    lease = delivering.Lease.take(trigger.pk, clock.now())
    assert lease is not None
    services.update_trigger(trigger=trigger, changes={"active": False}, actor=TESTER, at=clock.now())
    with pytest.raises(delivering.LeaseLost):
        lease.set(clock.now())
    assert states() == ["dropped"] * 3


def test_the_sweep_rings_for_those_with_something_due_and_nobody_at_work(
    noon: Noon, house: House, neighbor: House, alice: Member, nearby: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(tasks.deliver_webhooks, "delay", rung.append)
    trigger = trigger_for(house, "https://example.com/")
    trigger_for(neighbor, "https://example.com/")
    tasks.sweep_webhooks()
    assert rung == []
    house.give(alice, 1)
    tasks.sweep_webhooks()
    assert rung == [trigger.pk]
    assert delivering.Lease.take(trigger.pk, clock.now())
    tasks.sweep_webhooks()
    assert rung == [trigger.pk]
    noon.move_to(NOON + delivering.LEASE)
    tasks.sweep_webhooks()
    assert rung == [trigger.pk] * 2


@pytest.mark.django_db(transaction=True)
def test_a_commit_rings_and_nothing_is_sent_before_it(
    house: House, alice: Member, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[int] = []
    monkeypatch.setattr(tasks.deliver_webhooks, "delay", rung.append)
    trigger = trigger_for(house, receiver.url)
    with transaction.atomic():
        house.give(alice, 1)
        assert rung == []
    assert rung == [trigger.pk]
    assert receiver.got == []


# --- what it costs ---
def cost_of(house: House, members: list[Member]) -> int:
    moves = [ledger.mint(account_id=house.account.pk, wallet_id=one.wallet_id, amount=1) for one in members]
    house.post(*moves)
    with round_trips() as asked:
        house.post(*moves)
    return len(asked)


def test_a_bulk_is_put_into_the_outbox_with_two_queries_whatever_its_length(house: House, receiver: Receiver) -> None:
    crowd = [factories.MemberFactory(organization=house.organization) for _ in range(40)]
    without = [cost_of(house, crowd[:2]), cost_of(house, crowd)]
    trigger_for(house, receiver.url, event_types=["badge-minted"])
    assert [cost_of(house, crowd[:2]), cost_of(house, crowd)] == without, "nobody wants these"
    trigger_for(house, receiver.url)
    assert [cost_of(house, crowd[:2]), cost_of(house, crowd)] == [count + 2 for count in without]
    assert Delivery.objects.count() == 84


# --- what the database refuses ---
@pytest.mark.parametrize(
    "change",
    [
        {"state": "failed", "ended_at": NOON},
        {"state": "sent"},
        {"ended_at": NOON},
        {"tries_left": 0},
        {"subject": 5},
        {"trigger_id": 999},
        {"event_id": None},
    ],
    ids=str,
)
def test_the_database_refuses_a_delivery_that_cannot_be(
    house: House, alice: Member, receiver: Receiver, change: dict[str, Any]
) -> None:
    trigger_for(house, receiver.url)
    house.give(alice, 1)
    before = every_row()
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.all()._raw_delete(Delivery.objects.db)
    assert every_row() == before
