"""The Celery app: made where every process that asks for work has it, whatever the broker behind it."""

from __future__ import annotations

from celery import Celery

from loyalty.kernel.filequeue import use_whole_messages

use_whole_messages()
app = Celery("tallystick")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
