"""The worker and the scheduler: one Celery app, whatever the broker; its sweeps make messages mere doorbells."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings")

app = Celery("tallystick")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "sweep jobs": {"task": "loyalty.sweep_jobs", "schedule": settings.SWEEP_SECONDS},
    "settle what is due": {"task": "ledger.settle_due", "schedule": settings.SETTLE_SECONDS},
    "void stale holds": {"task": "ledger.void_stale_holds", "schedule": 15 * 60},
}


@setup_logging.connect
def keep_our_logging(**_: object) -> None:
    """The settings have set up logging already; Celery's own would print what must not be printed."""
