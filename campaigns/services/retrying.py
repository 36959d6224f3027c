"""Does later what an event's evaluation did not get done (semantics 7.3)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from campaigns.selectors.playbook import TOLD
from campaigns.services.tracking import evaluate_event, evaluate_events
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


def evaluate_told(organization_id: int, *, at: datetime) -> int:
    """Evaluate what the system told of an organization's members and something waits for, many at once; answers how
    many.
    """
    told = LoyaltyEvent.objects.filter(organization_id=organization_id, status=Status.PENDING, event_type__in=TOLD)
    # What was taken in from outside is evaluated by whoever took it in.
    told = told.filter(content_hash__isnull=True, member__isnull=False).select_related("transaction", "caused_by")
    tried: set[int] = set()
    while True:
        # Of one member one at a time: what comes of it is told as caused by it.
        mine = {event.member_id: event for event in reversed(told.order_by("created_at", "pk")[:CHUNK])}
        events = [event for event in mine.values() if event.pk not in tried]
        if not events:
            return len(tried)
        evaluate_events(organization_id, events, actor=system("evaluate_told"), at=at)
        tried.update(event.pk for event in events)


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
