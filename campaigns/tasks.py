"""The worker's door to the campaigns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from celery import shared_task
from django.db import transaction

from campaigns import services
from loyalty.kernel import clock
from members.models import LoyaltyEvent


@shared_task(name="campaigns.evaluate_waiting")
def evaluate_waiting(**_: object) -> None:
    """Evaluate events whose evaluation was killed."""
    services.evaluate_waiting(at=clock.now())


@shared_task(name="campaigns.evaluate_told")
def evaluate_told(event_ids: list[int], **_: object) -> None:
    """Evaluate events that the system told, and some campaign waits for."""
    services.evaluate_told(event_ids, at=clock.now())


def hear_told(
    rows: Sequence[tuple[Any, ...]], types: frozenset[str], find: Callable[[], Sequence[LoyaltyEvent]]
) -> None:
    """Have a worker ask campaigns about what the system told, as soon as it is committed. Where the broker does not
    hear, the sweep will.
    """
    waiting = services.hear(rows, types, find)

    # By name, not as a partial: when it fails, Django writes its name down.
    def ring() -> None:
        evaluate_told.delay(waiting)

    if waiting:
        transaction.on_commit(ring, robust=True)
