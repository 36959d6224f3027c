"""The worker's door to the campaigns."""

from __future__ import annotations

from celery import shared_task

from campaigns import services
from loyalty.kernel import clock


@shared_task(name="campaigns.evaluate_waiting")
def evaluate_waiting(**_: object) -> None:
    """Evaluate events whose evaluation was killed."""
    services.evaluate_waiting(at=clock.now())
