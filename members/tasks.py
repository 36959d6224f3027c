"""The worker's door to the members: tidying up."""

from __future__ import annotations

from celery import shared_task

from loyalty.kernel import clock
from members.services import imports


@shared_task(name="members.sweep_uploads")
def sweep_uploads(**_: object) -> None:
    """Delete uploaded files whose import nobody started."""
    imports.sweep_uploads(at=clock.now())
