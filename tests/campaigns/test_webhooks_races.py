"""Races for webhooks with real parallel connections, and their controls with the lock removed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import IntegrityError

from campaigns.models import Delivery, DeliveryTry
from campaigns.services import delivering, outbox, replay_delivery, update_trigger
from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict
from members.models import Member
from tests import factories
from tests.campaigns.receivers import Receiver, deliver_all, trigger_for
from tests.databases import in_parallel
from tests.house import TESTER, House

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def meet_before(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, patience: float) -> None:
    """Let two rivals wait for each other before this function."""
    gate, act = threading.Barrier(2), getattr(place, name)

    def wait_and_act(*args: Any, **more: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            gate.wait(timeout=patience)
        return act(*args, **more)

    monkeypatch.setattr(place, name, wait_and_act)


def worker(trigger_id: int) -> Callable[[], bool]:
    return lambda: delivering.deliver(trigger_id=trigger_id)


def test_four_workers_deliver_each_once(house: House, alice: Member, bob: Member, receiver: Receiver) -> None:
    trigger = trigger_for(house, receiver.url)
    for _ in range(10):
        house.give(alice, 1)
        house.give(bob, 1)
    assert in_parallel(*[worker(trigger.pk)] * 4) == [False] * 4
    deliver_all(trigger)
    for member in (alice, bob):
        subject = f"member:{member.pk}"
        assert [one for one in receiver.sequences() if one[0] == subject] == [(subject, n + 1) for n in range(10)]
    assert DeliveryTry.objects.count() == 20


def no_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering.Lease, "take", classmethod(lambda cls, pk, at: cls(pk, at + delivering.LEASE)))
    monkeypatch.setattr(delivering.Lease, "set", lambda *args, **more: None)


def test_without_the_lease_a_try_is_still_one_workers(
    house: House, alice: Member, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    trigger = trigger_for(house, receiver.url)
    house.give(alice, 1)
    outbox.number_waiting(trigger)  # or one of them may find nothing yet
    no_lease(monkeypatch)
    meet_before(monkeypatch, delivering, "claim", 60)
    assert in_parallel(worker(trigger.pk), worker(trigger.pk)) == [False, False]
    assert len(receiver.got) == 1


def test_control_without_lease_and_claim_only_the_database_refuses_the_second(
    house: House, alice: Member, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin(delivery: Delivery, at: Any) -> None:
        delivery.tries += 1
        Delivery.objects.filter(pk=delivery.pk).update(tries=delivery.tries)
        DeliveryTry.objects.create(delivery=delivery, number=delivery.tries, started_at=at)

    trigger = trigger_for(house, receiver.url)
    house.give(alice, 1)
    outbox.number_waiting(trigger)  # or one of them may find nothing yet
    no_lease(monkeypatch)
    monkeypatch.setattr(delivering, "claim", begin)
    meet_before(monkeypatch, delivering, "claim", 60)
    answers = in_parallel(worker(trigger.pk), worker(trigger.pk))
    assert [type(answer) for answer in answers].count(IntegrityError) == 1


def numbers() -> list[int | None]:
    return list(Delivery.objects.order_by("sequence").values_list("sequence", flat=True))


def test_two_who_number_at_once_give_each_number_once(
    house: House, alice: Member, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    trigger = trigger_for(house, receiver.url)
    for _ in range(6):
        house.give(alice, 1)
    monkeypatch.setattr(outbox, "CHUNK", 3)
    meet_before(monkeypatch, Delivery.objects, "bulk_update", 0.3)
    assert in_parallel(*[lambda: outbox.number_waiting(trigger)] * 2) == [3, 3]
    assert numbers() == [1, 2, 3, 4, 5, 6]


def test_control_without_the_triggers_lock_both_number_the_same(
    house: House, alice: Member, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    trigger = trigger_for(house, receiver.url)
    for _ in range(6):
        house.give(alice, 1)
    monkeypatch.setattr(outbox, "CHUNK", 3)
    unlocked = type(
        "Unlocked", (), {"select_for_update": lambda self, **words: self, "get": lambda self, **words: None}
    )
    monkeypatch.setattr(outbox.EventTrigger, "objects", unlocked())
    meet_before(monkeypatch, Delivery.objects, "bulk_update", 60)
    assert in_parallel(*[lambda: outbox.number_waiting(trigger)] * 2) == [3, 3]
    assert numbers() == [1, 2, 3, None, None, None]


def test_one_dead_letter_sent_again_by_two_goes_out_once(house: House, alice: Member, receiver: Receiver) -> None:
    trigger = trigger_for(house, receiver.url)
    house.give(alice, 1)
    Delivery.objects.update(state="failed", tries_left=0, ended_at=clock.now())
    dead = Delivery.objects.select_related("trigger").get()
    answers = in_parallel(*[lambda: replay_delivery(delivery=dead, actor=TESTER, at=clock.now())] * 4)
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict"] * 3 + ["Delivery"]
    assert any(isinstance(answer, Conflict) for answer in answers)
    deliver_all(trigger)
    assert len(receiver.got) == 1


def test_postings_do_not_wait_for_a_worker_that_is_at_it(house: House, alice: Member, receiver: Receiver) -> None:
    trigger = trigger_for(house, receiver.url)
    others = [factories.MemberFactory(organization=house.organization) for _ in range(8)]
    calls: list[Callable[[], Any]] = [lambda one=one: house.give(one, 1) for one in (alice, *others)]  # type: ignore[misc]
    answers = in_parallel(worker(trigger.pk), *calls)
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    deliver_all(trigger)
    assert sorted(number for _, number in receiver.sequences()) == [1] * 9 + [2] * 8


def test_turning_off_and_working_do_not_block_each_other(house: House, alice: Member, receiver: Receiver) -> None:
    trigger = trigger_for(house, receiver.url)
    for _ in range(5):
        house.give(alice, 1)
    off = {"trigger": trigger, "changes": {"active": False}, "actor": TESTER, "at": clock.now()}
    answers = in_parallel(worker(trigger.pk), lambda: update_trigger(**off))
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert set(Delivery.objects.values_list("state", flat=True)) <= {"sent", "dropped"}
