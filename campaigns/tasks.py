"""The worker's door to the campaigns: events that wait, and webhooks, whose messages name a trigger and whose rows are
the work.
"""

from __future__ import annotations

from celery import shared_task
from django.db import transaction

from campaigns import services
from campaigns.selectors import due_triggers, triggers_listening
from loyalty.kernel import clock
from members.announcements import Find, Listener, Rows


@shared_task(name="campaigns.deliver_webhooks")
def deliver_webhooks(trigger_id: int, **_: object) -> None:
    """Tell one receiver what is due, then let others have their turn."""
    if services.deliver(trigger_id=trigger_id):
        deliver_webhooks.delay(trigger_id)


@shared_task(name="campaigns.sweep_webhooks")
def sweep_webhooks(**_: object) -> None:
    """Have a worker look at each trigger that something is due for: new tries, lost messages, workers that died. A
    message for each, so that one receiver that does not answer keeps nobody else waiting.
    """
    for trigger_id in due_triggers(clock.now()).values_list("pk", flat=True):
        deliver_webhooks.delay(trigger_id)


def ring_for_trigger(trigger_id: int) -> None:
    """Have a worker look at the trigger as soon as it is committed. Where the broker does not hear, the sweep will."""

    # By name, not as a partial: when it fails, Django writes its name down.
    def ring() -> None:
        deliver_webhooks.delay(trigger_id)

    transaction.on_commit(ring, robust=True)


def _hear(rows: Rows, types: frozenset[str], find: Find) -> None:
    """Put the events into the outbox, and ring where nobody is at work yet."""
    now = clock.now()
    for trigger_id, free_at in services.enqueue(rows, types, find):
        if free_at <= now:
            ring_for_trigger(trigger_id)


@shared_task(name="campaigns.evaluate_waiting")
def evaluate_waiting(**_: object) -> None:
    """Evaluate events whose evaluation was killed."""
    services.evaluate_waiting(at=clock.now())


@shared_task(name="campaigns.evaluate_told")
def evaluate_told(organization_id: int, **_: object) -> None:
    """Evaluate what the system told of an organization's members, and something waits for."""
    services.evaluate_told(organization_id, at=clock.now())


def _hear_told(rows: Rows, types: frozenset[str], find: Find) -> None:
    """Have a worker ask about what the system told, as soon as it is committed. Where the broker does not hear, the
    sweep will.
    """
    organization_id = services.heard(rows, types)
    if organization_id is not None:
        ring_for_told(organization_id)


def ring_for_told(organization_id: int) -> None:
    """Have a worker ask about what was told, as soon as it is committed."""

    # By name, not as a partial: when it fails, Django writes its name down.
    def ring() -> None:
        evaluate_told.delay(organization_id)

    transaction.on_commit(ring, robust=True)


WEBHOOKS = Listener(asks=triggers_listening, hears=_hear)
CAMPAIGNS = Listener(asks=services.question, hears=_hear_told, inside=True)
