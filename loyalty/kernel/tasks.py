"""The worker's door to the kernel: a message names a job, the row is the work."""

from __future__ import annotations

import os
import socket

from celery import shared_task

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
