"""From an event to its receiver: written with it, numbered, tried eight times over a day, given up, sent again."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction

from campaigns import services
from campaigns.models import Delivery, DeliveryTry, EventTrigger
from campaigns.selectors import count_given_up
from campaigns.services import delivering
from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict
from loyalty.kernel.services.sending import sign
from members.models import LoyaltyEvent, Member
from members.services import erase_member, update_member
from tests import factories
from tests.campaigns.receivers import SECRET, Receiver, dead_port, deliver_all, listening, trigger_for
from tests.house import NOON, TESTER, House
from tests.walk import every_row

State = Delivery.State
Noon = Any


def rename(member: Member, name: str) -> None:
    update_member(member=member, changes={"profile": {"name": name}}, actor=TESTER, at=clock.now())


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


# --- what is told ---
def test_a_receiver_is_told_of_an_event_and_can_prove_who_told_it(
    noon: Noon, house: House, alice: Member, receiver: Receiver
) -> None:
    trigger = trigger_for(house, receiver.url, headers={"X-Shop": "7"})
    record = house.give(alice, 250, description="thanks")
    deliver_all(trigger)
    (got,) = receiver.got
    assert got.headers["X-Timestamp"] == str(int(NOON.timestamp()))
    assert got.headers["X-Signature"] == sign(SECRET, int(NOON.timestamp()), got.body)
    assert (got.headers["X-Shop"], got.headers["Content-Type"]) == ("7", "application/json")
    event, delivery = LoyaltyEvent.objects.latest("pk"), Delivery.objects.get()
    assert set(got.told) == {"event", "delivery"}
    told = got.told["event"]
    member = told.pop("member")
    assert told == {
        "loyaltyEventId": str(event.pk),
        "organizationId": house.id,
        "eventType": "ledger-transaction-created",
        "status": "success",
        "memberId": alice.pk,
        "systemUniqueKey": None,
        "externalId": None,
        "description": "thanks",
        "payload": {
            "ledgerTransactionId": str(record.id),
            "ledgerAccountId": house.account.pk,
            "kind": "mint",
            "amount": 250,
            "fromWalletId": house.account.reserve_id,
            "toWalletId": alice.wallet_id,
        },
        "tags": [],
        "externalEventDate": None,
        "executionResults": [],
        "createdAt": "2030-03-15T12:00:00Z",
    }
    assert (member["loyaltyMemberId"], member["profile"], member["active"]) == ("alice", alice.profile, True)
    assert [place["loyaltyProgramId"] for place in member["tiers"]] == [house.program.pk]
    assert got.told["delivery"] == {
        "deliveryId": str(delivery.pk),
        "triggerId": trigger.pk,
        "subject": f"member:{alice.pk}",
        "sequence": 1,
    }
    assert (delivery.state, delivery.tries, delivery.last_answer) == (State.SENT, 1, "200")
    (only,) = DeliveryTry.objects.values_list("number", "status", "started_at", "ended_at")
    assert only == (1, 200, NOON, NOON)
    deliver_all(trigger)
    assert len(receiver.got) == 1


def test_numbers_of_attributes_arrive_exactly(house: House, receiver: Receiver) -> None:
    trigger = trigger_for(house, receiver.url)
    odd = {"profile": {"height": 1.10, "long": 2**70}, "custom_attributes": {"deep": [{"x": 0.1}]}}
    factories.MemberFactory(organization=house.organization, **odd)
    deliver_all(trigger)
    member = receiver.got[-1].told["event"]["member"]
    assert (member["profile"], member["customAttributes"]) == (odd["profile"], odd["custom_attributes"])


def test_only_what_is_wanted_is_told_and_only_by_whom_it_concerns(
    house: House, neighbor: House, alice: Member, charlie: Member, receiver: Receiver
) -> None:
    changes = trigger_for(house, receiver.url, event_types=["member-updated"])
    whole = trigger_for(house, receiver.url)
    off = trigger_for(house, receiver.url, active=False)
    theirs = trigger_for(neighbor, receiver.url)
    house.give(alice, 1)
    rename(alice, "Alicia")
    types = {
        trigger: [one.event.event_type for one in trigger.deliveries.order_by("pk")]  # type: ignore[union-attr]
        for trigger in (changes, whole, off, theirs)
    }
    assert types == {
        changes: ["member-updated"],
        whole: ["ledger-transaction-created", "member-updated"],
        off: [],
        theirs: [],
    }


def test_everything_a_transfer_moves_is_told_to_each_side_once(
    house: House, alice: Member, bob: Member, receiver: Receiver
) -> None:
    house.give(alice, 10)
    trigger = trigger_for(house, receiver.url)
    house.move(alice, bob, 3)
    deliver_all(trigger)
    assert receiver.sequences() == [(f"member:{alice.pk}", 1), (f"member:{bob.pk}", 1)]


def test_what_is_undone_is_never_told(house: House, alice: Member, receiver: Receiver) -> None:
    trigger = trigger_for(house, receiver.url)
    with transaction.atomic():
        house.give(alice, 1)
        rename(alice, "Alicia")
        assert Delivery.objects.count() == 2
        transaction.set_rollback(True)
    house.give(alice, 1)
    deliver_all(trigger)
    assert receiver.sequences() == [(f"member:{alice.pk}", 1)]


def test_a_posting_that_is_sent_again_tells_nothing_again(house: House, alice: Member, receiver: Receiver) -> None:
    trigger_for(house, receiver.url)
    house.give(alice, 1, unique_key="once")
    house.give(alice, 1, unique_key="once")
    assert Delivery.objects.count() == 1


def test_what_was_erased_is_not_told(house: House, alice: Member, receiver: Receiver) -> None:
    trigger = trigger_for(house, receiver.url)
    rename(alice, "Alicia Secret")
    erase_member(member=alice, actor=TESTER, at=clock.now(), reason="asked")
    deliver_all(trigger)
    assert [one.told["event"]["eventType"] for one in receiver.got] == ["member-updated", "member-profile-deactivated"]
    assert b"Secret" not in b"".join(one.body for one in receiver.got)


# --- order and gaps ---
def test_each_subject_counts_its_own_and_a_gap_is_what_was_not_told(
    noon: Noon, house: House, alice: Member, bob: Member, receiver: Receiver
) -> None:
    trigger = trigger_for(house, receiver.url)
    for member in (alice, bob, alice):
        house.give(member, 1)
    deliver_all(trigger)
    a, b = f"member:{alice.pk}", f"member:{bob.pk}"
    assert receiver.sequences() == [(a, 1), (b, 1), (a, 2)]
    house.give(alice, 1)
    update = {"trigger": trigger, "actor": TESTER, "at": clock.now()}
    services.update_trigger(changes={"active": False}, **update)  # type: ignore[arg-type]
    house.give(alice, 1)
    services.update_trigger(changes={"active": True}, **update)  # type: ignore[arg-type]
    house.give(alice, 1)
    deliver_all(trigger)
    assert states() == ["sent"] * 3 + ["dropped", "sent"]
    assert receiver.sequences()[3:] == [(a, 4)]


def test_a_long_queue_is_told_in_its_order(
    house: House, alice: Member, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.services.outbox.CHUNK", 7)
    monkeypatch.setattr(delivering, "BATCH", 5)
    trigger = trigger_for(house, receiver.url)
    for _ in range(30):
        house.give(alice, 1)
    deliver_all(trigger)
    assert receiver.sequences() == [(f"member:{alice.pk}", number) for number in range(1, 31)]
    assert len({one.port for one in receiver.got}) == 1


# --- tries ---
def test_eight_tries_over_24_hours_then_it_is_given_up(
    noon: Noon, house: House, alice: Member, receiver: Receiver
) -> None:
    receiver.behave = lambda handler: handler.say(503, "later")
    trigger = trigger_for(house, receiver.url)
    house.give(alice, 1)
    while states() == ["waiting"]:
        deliver_all(trigger)
        assert len(receiver.got) <= 8
        if len(receiver.got) < 8:
            due = Delivery.objects.get().next_try_at
            assert due > clock.now()
            noon.move_to(due - timedelta(seconds=1))
            deliver_all(trigger)
            noon.move_to(due)
    tries = list(DeliveryTry.objects.order_by("number").values_list("number", "status", "answer", "started_at"))
    assert [one[:3] for one in tries] == [(number, 503, "later") for number in range(1, 9)]
    waits = [(later[3] - sooner[3]).total_seconds() for sooner, later in pairwise(tries)]
    assert waits == [79, 237, 711, 2133, 6399, 19197, 57591]
    assert timedelta(hours=23, minutes=59) < tries[-1][3] - tries[0][3] <= timedelta(hours=24)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.tries, delivery.tries_left, delivery.last_answer) == ("failed", 8, 0, "503 later")
    assert count_given_up(house.id) == 1
    # Each try is signed anew, and says the same.
    assert len({one.headers["X-Timestamp"] for one in receiver.got}) == 8
    assert len({one.body for one in receiver.got}) == 1


def give_up(trigger: EventTrigger) -> None:
    Delivery.objects.filter(trigger=trigger).update(state="failed", tries_left=0, ended_at=clock.now())


def test_what_was_given_up_is_sent_again_one_or_all(house: House, alice: Member, receiver: Receiver) -> None:
    trigger = trigger_for(house, receiver.url)
    for _ in range(3):
        house.give(alice, 1)
    services.outbox.number_waiting(trigger)  # type: ignore[attr-defined]
    give_up(trigger)
    deliver_all(trigger)
    assert receiver.got == []
    who: dict[str, Any] = {"actor": TESTER, "at": clock.now(), "reason": "They are back."}
    second = Delivery.objects.order_by("pk")[1]
    assert services.replay_delivery(delivery=second, **who).state == State.WAITING
    deliver_all(trigger)
    assert [number for _, number in receiver.sequences()] == [2]
    before = every_row()
    with pytest.raises(Conflict):
        services.replay_delivery(delivery=second, **who)
    assert every_row() == before
    assert services.replay_all(trigger=trigger, **who) == 2
    deliver_all(trigger)
    assert [number for _, number in receiver.sequences()] == [2, 1, 3]
    before = every_row()
    with pytest.raises(Conflict):
        services.replay_all(trigger=trigger, **who)
    assert every_row() == before


def test_a_receiver_nobody_reaches_is_left_alone_for_longer_each_time(
    noon: Noon, house: House, alice: Member, nearby: None
) -> None:
    trigger = trigger_for(house, f"http://127.0.0.1:{dead_port()}/")
    for _ in range(5):
        house.give(alice, 1)
    rests = []
    for _ in range(7):
        tried = DeliveryTry.objects.count()
        deliver_all(trigger)
        # However much waits, one try shows that nobody is there.
        assert DeliveryTry.objects.count() == tried + 1
        trigger.refresh_from_db()
        rests.append((trigger.next_run_at - clock.now()).total_seconds())
        noon.move_to(trigger.next_run_at)
    assert rests == [15, 30, 60, 120, 240, 300, 300]
    with listening() as back:
        EventTrigger.objects.filter(pk=trigger.pk).update(url=back.url)
        deliver_all(trigger)
        assert len(back.got) >= 1
        trigger.refresh_from_db()
        assert trigger.failures == 0


def test_one_that_says_no_keeps_nothing_else_waiting(
    house: House, alice: Member, bob: Member, receiver: Receiver
) -> None:
    trigger = trigger_for(house, receiver.url)
    house.give(alice, 1)
    house.give(bob, 1)
    receiver.behave = lambda handler: handler.say(500 if len(receiver.got) == 1 else 200)
    deliver_all(trigger)
    assert states() == ["waiting", "sent"]


def test_a_secret_is_rotated_with_an_overlap(noon: Noon, house: House, alice: Member, receiver: Receiver) -> None:
    trigger = trigger_for(house, receiver.url)
    made = services.rotate_secret(trigger=trigger, actor=TESTER, at=clock.now(), overlap=timedelta(hours=2))
    assert made.secret != SECRET
    for hours, secrets in ((0, [made.secret, SECRET]), (3, [made.secret])):
        noon.move_to(NOON + timedelta(hours=hours))
        house.give(alice, 1)
        deliver_all(trigger)
        got = receiver.got[-1]
        stamp = int(got.headers["X-Timestamp"])
        assert got.headers["X-Signature"].split(",") == [sign(secret, stamp, got.body) for secret in secrets]


def test_a_test_is_tried_once_and_counts_nowhere(noon: Noon, house: House, alice: Member, receiver: Receiver) -> None:
    trigger = trigger_for(house, receiver.url)
    receiver.behave = lambda handler: handler.say(404)
    services.send_test(trigger=trigger, actor=TESTER, at=clock.now())
    deliver_all(trigger)
    told = receiver.got[0].told
    assert (told["event"]["eventType"], told["event"]["loyaltyEventId"]) == ("test", None)
    assert told["delivery"]["sequence"] is None
    assert states() == ["failed"]
    assert count_given_up(house.id) == 0
    EventTrigger.objects.update(active=False)
    before = every_row()
    with pytest.raises(Conflict):
        services.send_test(trigger=trigger, actor=TESTER, at=clock.now())
    assert every_row() == before


def test_an_address_the_installation_no_longer_allows_is_not_called(
    house: House, alice: Member, receiver: Receiver, settings: Any
) -> None:
    trigger = trigger_for(house, receiver.url)
    house.give(alice, 1)
    settings.WEBHOOK_ALLOW_HTTP = False
    deliver_all(trigger)
    assert (receiver.got, Delivery.objects.get().last_answer) == ([], "Send an address that begins with https://.")
