"""The worker and the scheduler: what comes by every so often, so that messages are mere doorbells."""

from __future__ import annotations

import os

import django
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings")
django.setup()

from django.conf import settings  # noqa: E402

from loyalty.kernel.queue import app  # noqa: E402

app.conf.beat_schedule = {
    "sweep jobs": {"task": "loyalty.sweep_jobs", "schedule": settings.SWEEP_SECONDS},
    "settle what is due": {"task": "ledger.settle_due", "schedule": settings.SETTLE_SECONDS},
    "forget sent forms": {"task": "loyalty.forget_sent_forms", "schedule": 24 * 60 * 60},
    "end tiers given until now": {"task": "members.expire_manual_tiers", "schedule": settings.SETTLE_SECONDS},
    "tell the chain": {"task": "ledger.deliver_notices", "schedule": 60},
    "void stale holds": {"task": "ledger.void_stale_holds", "schedule": 15 * 60},
    "refresh audiences": {"task": "members.refresh_audiences", "schedule": 5 * 60},
    "sweep webhooks": {"task": "campaigns.sweep_webhooks", "schedule": settings.SWEEP_SECONDS},
    "evaluate waiting events": {"task": "campaigns.evaluate_waiting", "schedule": settings.SWEEP_SECONDS},
    "forget codes of claims": {"task": "members.forget_codes", "schedule": 60 * 60},
    "sweep refresh tokens": {"task": "members.sweep_refresh_tokens", "schedule": 24 * 60 * 60},
    "sweep uploads": {"task": "members.sweep_uploads", "schedule": 60 * 60},
}


@setup_logging.connect
def keep_our_logging(**_: object) -> None:
    """The settings have set up logging already; Celery's own would print what must not be printed."""
