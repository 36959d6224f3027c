"""The worker's door to the ledger: what falls due, and holds that stayed open too long."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.conf import settings

from ledger import services
from loyalty.kernel import clock
from loyalty.kernel.actors import system


@shared_task(name="ledger.settle_due")
def settle_due(**_: object) -> None:
    """Activate and expire what is due. Safe to overlap: each run takes balances no other run has."""
    services.settle_due(actor=system("settle_due"), at=clock.now())


@shared_task(name="ledger.void_stale_holds")
def void_stale_holds(**_: object) -> None:
    """Release holds older than LEDGER_HOLD_TTL hours, where the installation sets it."""
    if settings.LEDGER_HOLD_TTL:
        ttl = timedelta(hours=settings.LEDGER_HOLD_TTL)
        services.void_stale_holds(older_than=ttl, actor=system("hold-ttl"), at=clock.now())


@shared_task(name="ledger.deliver_notices")
def deliver_notices(**_: object) -> None:
    """Tell the chain outside what waits for it."""
    while services.deliver_notices(at=clock.now()):
        pass
