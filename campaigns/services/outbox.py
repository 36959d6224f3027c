"""What waits to be told: written with the event, numbered after it, sent again where it was given up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Subquery

from campaigns.models import TRIES, Delivery, EventTrigger
from loyalty.kernel.actors import Actor
from loyalty.kernel.clock import aware
from loyalty.kernel.errors import Conflict
from loyalty.kernel.services import record
from members.announcements import Find, Rows

CHUNK = 500


def enqueue(rows: Rows, types: frozenset[str], find: Find) -> list[tuple[int, datetime]]:
    """Write a delivery for each event that a trigger among `rows` wants, in the events' transaction; answers those
    triggers, and when a worker may next take each. What nobody wants is not even looked for.
    """
    wanting: list[tuple[int, frozenset[str], datetime]] = [
        (pk, wanted, _moment(free_at)) for pk, text, free_at in sorted(rows) if (wanted := _wanted(text, types))
    ]
    if not wanting:
        return []
    events = find()
    Delivery.objects.bulk_create(
        (
            Delivery(
                organization_id=event.organization_id,
                trigger_id=pk,
                event_id=event.pk,
                subject=event.member_id or 0,
                next_try_at=event.created_at,
                created_at=event.created_at,
            )
            for pk, wanted, _ in wanting
            for event in events
            if event.event_type in wanted
        ),
        batch_size=1000,
    )
    return [(pk, free_at) for pk, _, free_at in wanting]


def _moment(value: datetime | str) -> datetime:
    return aware(value)


def _wanted(text: Any, types: frozenset[str]) -> frozenset[str]:
    """Of these types, those a trigger wants."""
    listed = json.loads(text) if isinstance(text, str) else text
    return types & frozenset(listed) if listed else types


@transaction.atomic
def number_waiting(trigger: EventTrigger) -> int:
    """Number what was committed since the last time, subject by subject; answers how many. One at a time for a trigger,
    so that a number is given once, and none is given to what was rolled back.
    """
    EventTrigger.objects.select_for_update(no_key=True).get(pk=trigger.pk)
    before = (
        Delivery.objects.filter(trigger=trigger, subject=OuterRef("subject"), sequence__isnull=False)
        .order_by("-sequence")
        .values("sequence")[:1]
    )
    fresh = list(
        Delivery.objects.filter(trigger=trigger, sequence__isnull=True, event__isnull=False)
        .annotate(last=Subquery(before))
        .order_by("pk")[:CHUNK]
    )
    reached: dict[int, int] = {}
    for delivery in fresh:
        last = reached.get(delivery.subject, delivery.last or 0)
        delivery.sequence = reached[delivery.subject] = last + 1
    Delivery.objects.bulk_update(fresh, ["sequence"])
    return len(fresh)


def drop_waiting(trigger: EventTrigger, *, at: datetime) -> int:
    """Drop what waits, as when the trigger is turned off; answers how many."""
    return Delivery.objects.filter(trigger=trigger, state=Delivery.State.WAITING).update(
        state=Delivery.State.DROPPED, ended_at=at
    )


@transaction.atomic
def send_test(*, trigger: EventTrigger, actor: Actor, at: datetime) -> Delivery:
    """Have a test told to the trigger's address: tried once, counted nowhere.

    :raises Conflict: where the trigger is turned off.
    """
    locked = _on(trigger)
    _wake(locked, at)
    delivery = Delivery.objects.create(
        organization_id=locked.organization_id,
        trigger=locked,
        subject=0,
        tries_left=1,
        next_try_at=at,
        created_at=at,
    )
    record(actor=actor, at=at, action="webhook.tested", target=locked, organization_id=locked.organization_id)
    return delivery


def _on(trigger: EventTrigger) -> EventTrigger:
    """The trigger, locked, free to be worked on at once.

    :raises Conflict: where it is turned off.
    """
    locked = EventTrigger.objects.select_for_update(no_key=True).get(pk=trigger.pk)
    if not locked.active:
        raise Conflict("This webhook is turned off: it sends nothing.")
    return locked


def _wake(trigger: EventTrigger, at: datetime) -> None:
    """Where it rests because nobody answered, try at once; where somebody is at work, they will see what is due."""
    if trigger.failures:
        EventTrigger.objects.filter(pk=trigger.pk, failures__gt=0).update(next_run_at=at, failures=0)


@transaction.atomic
def replay_delivery(*, delivery: Delivery, actor: Actor, at: datetime, reason: str = "") -> Delivery:
    """Send a delivery that was given up once more, with all its tries; its number stays.

    :raises Conflict: where it was not given up, is a test, or its trigger is turned off.
    """
    trigger = _on(delivery.trigger)
    if not _replay(trigger, at, [delivery.pk]):
        raise Conflict("Only a delivery that was given up can be sent again.")
    delivery.refresh_from_db()
    record(
        actor=actor,
        at=at,
        action="webhook-delivery.replayed",
        target=delivery,
        organization_id=delivery.organization_id,
        reason=reason,
    )
    return delivery


@transaction.atomic
def replay_all(*, trigger: EventTrigger, actor: Actor, at: datetime, reason: str = "") -> int:
    """Send everything that was given up once more; answers how many.

    :raises Conflict: where nothing was given up, or the trigger is turned off.
    """
    locked = _on(trigger)
    count = _replay(locked, at)
    if not count:
        raise Conflict("Nothing was given up.")
    record(
        actor=actor,
        at=at,
        action="webhook.replayed",
        target=locked,
        organization_id=locked.organization_id,
        after={"deliveries": count},
        reason=reason,
    )
    return count


def _replay(trigger: EventTrigger, at: datetime, ids: Sequence[int] | None = None) -> int:
    given_up = Delivery.objects.filter(trigger=trigger, state=Delivery.State.FAILED, event__isnull=False)
    if ids is not None:
        given_up = given_up.filter(pk__in=ids)
    count = given_up.update(state=Delivery.State.WAITING, tries_left=TRIES, next_try_at=at, ended_at=None)
    if count:
        _wake(trigger, at)
    return count
