"""Does later what an event's evaluation did not get done (semantics 7.3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from campaigns.services.tracking import evaluate_event
from loyalty.kernel import clock
from loyalty.kernel.actors import Actor, system
from loyalty.kernel.models import Job
from members.models import LoyaltyEvent

Status = LoyaltyEvent.Status
CHUNK = 200
# Whoever stored the event is at work on it; after this long they must have died.
PATIENCE = timedelta(seconds=60)


class StillFailing(Exception):
    """The event failed once more: the job is tried again after a longer while."""


def run_retry(job: Job) -> dict[str, Any]:
    """Ask about an event that failed once more, as far as it was not done.

    :raises StillFailing: where something of it still cannot be done.
    """
    event = LoyaltyEvent.objects.get(pk=job.params["event_id"])
    kind, _, who = job.actor.partition(":")
    evaluate_event(event, actor=Actor(kind, who, job.actor_name), at=clock.now())
    event.refresh_from_db()
    if event.status != Status.SUCCESS:
        raise StillFailing(f"Event {event.pk} failed again.")
    return {"event": event.pk}


def evaluate_told(event_ids: Sequence[int], *, at: datetime) -> None:
    """Evaluate these events, if they still wait."""
    for event in LoyaltyEvent.objects.filter(pk__in=event_ids, status=Status.PENDING).order_by("pk"):
        evaluate_event(event, actor=system("evaluate_told"), at=at)


def evaluate_waiting(*, at: datetime, patience: timedelta = PATIENCE) -> int:
    """Evaluate the events that were stored and never evaluated: whoever had them was killed. Answers how many."""
    done = 0
    last = 0
    while True:
        waiting = LoyaltyEvent.objects.filter(status=Status.PENDING, created_at__lte=at - patience, pk__gt=last)
        events = list(waiting.order_by("pk")[:CHUNK])
        for event in events:
            evaluate_event(event, actor=system("evaluate_waiting"), at=at)
            done, last = done + 1, event.pk
        if len(events) < CHUNK:
            return done
