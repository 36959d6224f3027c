"""Tells receivers what waits for them: one worker at a time for each trigger, every try written down before it is made.

Nothing is sent inside a transaction. A worker that dies leaves a lease that runs out, and what it had begun is tried
again: at least once, never by two at the same time.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import structlog
from django.db import transaction
from django.db.models import F

from campaigns.models import TRIES, Delivery, DeliveryTry, EventTrigger
from campaigns.selectors.webhooks import due_deliveries
from campaigns.services.outbox import number_waiting
from loyalty.kernel import clock
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.json_text import write_json
from loyalty.kernel.services.addresses import parse_address
from loyalty.kernel.services.sending import Answer, Receiver, signed
from members.selectors import event_document, member_document

LEASE = timedelta(seconds=60)
# How long one run goes on before others have their turn, and how much it reads at once.
RUN_SECONDS = 20.0
BATCH = 20
# Each wait is three times the one before: the eighth try comes 24 hours after the first.
FIRST_WAIT = timedelta(seconds=79)
# A receiver nobody can reach is left alone for a while, each time for longer.
FIRST_REST = timedelta(seconds=15)
LONGEST_REST = timedelta(minutes=5)

log = structlog.get_logger(part=__name__)


class LeaseLost(Exception):
    """The trigger was changed, or another worker has it: stop at once."""


class Lease:
    """One worker's hold on a trigger: as long as `next_run_at` is what this worker has set it to."""

    def __init__(self, trigger_id: int, until: datetime) -> None:
        self.trigger_id, self.until = trigger_id, until

    @classmethod
    def take(cls, trigger_id: int, at: datetime) -> Lease | None:
        """The lease of a trigger that is on; None where somebody has it, or it rests."""
        free = EventTrigger.objects.filter(pk=trigger_id, active=True, next_run_at__lte=at)
        return cls(trigger_id, at + LEASE) if free.update(next_run_at=at + LEASE) else None

    def set(self, until: datetime, **more: Any) -> None:
        """Keep it until then, or (now) give it back.

        :raises LeaseLost: where it is somebody else's, or the trigger was changed.
        """
        mine = EventTrigger.objects.filter(pk=self.trigger_id, active=True, next_run_at=self.until)
        if not mine.update(next_run_at=until, **more):
            raise LeaseLost
        self.until = until


def deliver(*, trigger_id: int) -> bool:
    """Tell a trigger's receiver what is due, for up to RUN_SECONDS; answers whether more may be due. Does nothing where
    another worker is at it, where it rests, or is turned off.
    """
    lease = Lease.take(trigger_id, clock.now())
    if lease is None:
        return False
    try:
        return _run(lease)
    except LeaseLost:
        log.info("webhook_lease_lost", trigger_id=trigger_id)
        return False


def _run(lease: Lease) -> bool:
    trigger = EventTrigger.objects.get(pk=lease.trigger_id)
    try:
        receiver = Receiver(parse_address(trigger.url))
    except InvalidInput as refusal:
        # The installation allows less than it did when the address was given.
        receiver = _Closed(refusal.message)
    until = time.monotonic() + RUN_SECONDS
    try:
        while time.monotonic() < until:
            number_waiting(trigger)
            batch = list(due_deliveries(trigger, clock.now())[:BATCH])
            if not batch:
                lease.set(clock.now())
                return False
            for delivery in batch:
                if _tell(lease, trigger, delivery, receiver).status is None:
                    lease.set(clock.now() + _rest(trigger.failures), failures=min(trigger.failures + 1, 1000))
                    return False
                if trigger.failures:
                    trigger.failures = 0
                    lease.set(lease.until, failures=0)
                if time.monotonic() >= until:
                    break
        lease.set(clock.now())
        return True
    finally:
        receiver.close()


def _rest(failures: int) -> timedelta:
    return min(LONGEST_REST, FIRST_REST * (1 << min(failures, 10)))


class _Closed(Receiver):
    """A receiver that may not be called at all."""

    def __init__(self, why: str) -> None:
        self.why = why

    def post(self, body: bytes, headers: Any) -> Answer:
        """Nothing is sent."""
        return Answer(None, self.why)

    def close(self) -> None:
        """Nothing is open."""


def _tell(lease: Lease, trigger: EventTrigger, delivery: Delivery, receiver: Receiver) -> Answer:
    """One try, from its row to what came of it.

    :raises LeaseLost: where it is no longer this worker's to make.
    """
    at = clock.now()
    with transaction.atomic():
        lease.set(at + LEASE)
        claim(delivery, at)
    body = body_of(trigger, delivery)
    headers = {
        **trigger.headers,
        "Content-Type": "application/json",
        "User-Agent": "Tallystick",
        **signed(trigger.secrets_at(at), int(at.timestamp()), body),
    }
    answer = receiver.post(body, headers)
    _finish(delivery, answer, clock.now())
    return answer


def claim(delivery: Delivery, at: datetime) -> None:
    """Begin a try: counted, and written down, before anything is sent.

    :raises LeaseLost: where somebody else has begun it.
    """
    as_read = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.WAITING, tries=delivery.tries)
    if not as_read.update(tries=F("tries") + 1):
        raise LeaseLost
    delivery.tries += 1
    DeliveryTry.objects.create(delivery=delivery, number=delivery.tries, started_at=at)


@transaction.atomic
def _finish(delivery: Delivery, answer: Answer, at: datetime) -> None:
    """Write down what came of a try, and when the next one is due."""
    says = f"{answer.status} {answer.says}".strip() if answer.status is not None else answer.says
    DeliveryTry.objects.filter(delivery=delivery, number=delivery.tries).update(
        ended_at=at, status=answer.status, answer=answer.says
    )
    # Unless it was dropped meanwhile, or somebody has begun another.
    mine = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.WAITING, tries=delivery.tries)
    left = delivery.tries_left - 1
    if answer.is_taken:
        mine.update(state=Delivery.State.SENT, ended_at=at, last_answer=says)
    elif left:
        mine.update(tries_left=left, next_try_at=at + FIRST_WAIT * 3 ** (TRIES - 1 - left), last_answer=says)
    else:
        mine.update(state=Delivery.State.FAILED, tries_left=0, ended_at=at, last_answer=says)
        log.warning("webhook_given_up", delivery_id=delivery.pk, trigger_id=delivery.trigger_id)


def body_of(trigger: EventTrigger, delivery: Delivery) -> bytes:
    """What is sent: the event as it is now, with its member, and which delivery this is (semantics 0.1)."""
    event = delivery.event
    if event is None:
        told: dict[str, Any] = {
            "loyaltyEventId": None,
            "organizationId": trigger.organization_id,
            "eventType": "test",
            "status": "success",
            "executionResults": [],
            "createdAt": delivery.created_at,
        }
    else:
        told = event_document(event)
        told["member"] = member_document(event.member) if event.member is not None else None
    about = {
        "deliveryId": str(delivery.pk),
        "triggerId": trigger.pk,
        "subject": f"member:{delivery.subject}" if delivery.subject else f"organization:{trigger.organization_id}",
        "sequence": delivery.sequence,
    }
    return write_json({"event": told, "delivery": about}, default=_number, option=orjson.OPT_UTC_Z)


def _number(value: Any) -> Any:
    """An exact number as JSON has it."""
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError
