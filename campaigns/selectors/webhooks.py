"""Reads of webhooks: who listens, what is due, what was given up."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from campaigns.models import Delivery, EventTrigger

# More dead letters than this are not counted.
MOST_COUNTED = 1000


def list_triggers(organization_id: int) -> QuerySet[EventTrigger]:
    """The organization's triggers."""
    return EventTrigger.objects.filter(organization=organization_id)


def triggers_listening(organization: str) -> str:
    """The query for the triggers of an organization (SQL) that are on: number, types as JSON, when a worker may next
    take it. As text, since it is sent along with others; mostly it finds nothing.
    """
    return (
        "SELECT id, CAST(event_types AS text) AS types, next_run_at FROM campaigns_eventtrigger"
        f" WHERE organization_id = {organization} AND active"
    )


def due_triggers(at: datetime) -> QuerySet[EventTrigger]:
    """The triggers that have something to tell, and that nobody is working on."""
    due = Delivery.objects.filter(trigger=OuterRef("pk"), state=Delivery.State.WAITING, next_try_at__lte=at)
    return EventTrigger.objects.filter(Exists(due), active=True, next_run_at__lte=at)


def due_deliveries(trigger: EventTrigger, at: datetime) -> QuerySet[Delivery]:
    """What is due for a trigger and has its number, in the order it became so, with all that is told of it."""
    return (
        Delivery.objects.filter(trigger=trigger, state=Delivery.State.WAITING, next_try_at__lte=at)
        .exclude(sequence__isnull=True, event__isnull=False)
        .select_related("event__transaction", "event__member")
        .prefetch_related("event__member__enrollments__effective_tier")
        .order_by("next_try_at", "pk")
    )


def get_delivery(delivery_id: int) -> Delivery:
    """A delivery with its trigger."""
    return Delivery.objects.select_related("trigger").get(pk=delivery_id)


def count_given_up(organization_id: int) -> int:
    """How many of the organization's deliveries were given up, counted no further than MOST_COUNTED."""
    given_up = Delivery.objects.filter(organization=organization_id, state=Delivery.State.FAILED, event__isnull=False)
    return given_up[:MOST_COUNTED].count()
