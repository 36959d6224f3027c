"""The worker's door to the members: tidying up, and counting who belongs to audiences."""

from __future__ import annotations

from celery import shared_task
from django.db import transaction

from loyalty.kernel import clock
from loyalty.kernel.actors import system
from members import services
from members.selectors import list_every_audience
from members.services import imports


@shared_task(name="members.sweep_uploads")
def sweep_uploads(**_: object) -> None:
    """Delete uploaded files whose import nobody started."""
    imports.sweep_uploads(at=clock.now())


@shared_task(name="members.expire_manual_tiers")
def expire_manual_tiers(**_: object) -> None:
    """End tiers that were given by hand until now."""
    services.expire_manual_tiers(actor=system("expire_manual_tiers"), at=clock.now())


@shared_task(name="members.forget_codes")
def forget_codes(**_: object) -> None:
    """Delete codes of claims that count for nothing any more: they name people's addresses."""
    services.forget_codes(at=clock.now())


@shared_task(name="members.sweep_refresh_tokens")
def sweep_refresh_tokens(**_: object) -> None:
    """Forget sign-ins that nobody came back to."""
    services.sweep_refresh_tokens(at=clock.now())


@shared_task(name="members.refresh_audiences")
def refresh_audiences(**_: object) -> None:
    """Count the members of every audience whose count is not of now. Safe to overlap: a count is only ever replaced by
    a later one.
    """
    services.refresh_due_audiences(at=clock.now())


@shared_task(name="members.refresh_audience")
def refresh_one_audience(audience_id: int, **_: object) -> None:
    """Count the members of one audience, if it is still there."""
    audience = list_every_audience().filter(pk=audience_id).first()
    if audience is not None:
        services.refresh_audience(audience=audience, at=clock.now())


def ring_for_audience(audience_id: int) -> None:
    """Have a worker count as soon as the audience is committed. Where the broker does not hear, the sweep will."""

    # By name, not as a partial: when it fails, Django writes its name down.
    def ring() -> None:
        refresh_one_audience.delay(audience_id)

    transaction.on_commit(ring, robust=True)
