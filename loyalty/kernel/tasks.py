"""The worker's door to the kernel: a message names a job, the row is the work."""

from __future__ import annotations

import os
import socket

from celery import shared_task
from django.db import transaction

from loyalty.kernel import clock
from loyalty.kernel.services import forget_kept_answers, forget_sent_forms
from loyalty.kernel.services.runner import run_one_job


def worker_name() -> str:
    """Who this process is, for the lease."""
    return f"{socket.gethostname()}:{os.getpid()}"


@shared_task(name="loyalty.run_job")
def run_job(job_id: int, **_: object) -> None:
    """Do one job, if nobody else has it."""
    run_one_job(worker=worker_name(), job_id=job_id)


@shared_task(name="loyalty.sweep_jobs")
def sweep_jobs(**_: object) -> None:
    """Do every job that is due: those whose message was lost, and those whose worker died."""
    while run_one_job(worker=worker_name()) is not None:
        pass


@shared_task(name="loyalty.forget_sent_forms")
def forget_old_forms(**_: object) -> None:
    """Forget the keys of forms and API calls sent long ago."""
    forget_sent_forms(at=clock.now())
    forget_kept_answers(at=clock.now())


def ring_for(job_id: int) -> None:
    """Have a worker look at the job as soon as it is committed. Where the broker does not hear, the sweep will find
    the row: whoever asked for the work is not troubled with that.
    """

    # By name, not as a partial: when it fails, Django writes its name down.
    def ring() -> None:
        run_job.delay(job_id)

    transaction.on_commit(ring, robust=True)
