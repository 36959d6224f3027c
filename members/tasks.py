"""The worker's door to the members: tidying up."""

from __future__ import annotations

from celery import shared_task

from loyalty.kernel import clock
from loyalty.kernel.actors import system
from members import services
from members.services import imports


@shared_task(name="members.sweep_uploads")
def sweep_uploads(**_: object) -> None:
    """Delete uploaded files whose import nobody started."""
    imports.sweep_uploads(at=clock.now())


@shared_task(name="members.expire_manual_tiers")
def expire_manual_tiers(**_: object) -> None:
    """End tiers that were given by hand until now."""
    services.expire_manual_tiers(actor=system("expire_manual_tiers"), at=clock.now())
