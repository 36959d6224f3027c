"""Runs leased jobs: each kind of work registers its handler once, in its app's `ready()`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog

from loyalty.kernel import clock
from loyalty.kernel.errors import DomainError
from loyalty.kernel.models import Job
from loyalty.kernel.roles import ADMIN
from loyalty.kernel.services.jobs import JobLost, fail_job, finish_job, lease_job

# A handler does the work in steps, calling `renew_job` inside each step's transaction, and returns the result.
Handler = Callable[[Job], dict[str, object]]
# The rows a job refused, as they were sent: blocks of a file.
Mends = Callable[[Job], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of work: who does it, what people call it, the roles that see it and that send it off again, what its
    report is where that is not the rows it refused, and the rows to mend and send again where the report only names
    them.
    """

    handler: Handler
    title: str
    reads: str = ADMIN
    writes: str = ADMIN
    report: str = ""
    mends: Mends | None = None


_works: dict[str, Work] = {}
log = structlog.get_logger(part=__name__)


def register_handler(
    kind: str,
    handler: Handler,
    *,
    title: str = "",
    reads: str = ADMIN,
    writes: str = ADMIN,
    report: str = "",
    mends: Mends | None = None,
) -> None:
    """Say who does the jobs of `kind`, what it is called, which roles see and steer it, what its report is called
    where that is not the rows it refused, and what gives those rows as they were sent where the report does not.
    """
    _works[kind] = Work(handler, title or kind.replace("_", " ").capitalize(), reads, writes, report, mends)


def works() -> dict[str, Work]:
    """Every kind of work there is."""
    return dict(_works)


def run_one_job(*, worker: str, job_id: int | None = None) -> Job | None:
    """Lease one due job (or `job_id`) and do it to its end; None where nothing is due."""
    job = lease_job(worker=worker, at=clock.now(), job_id=job_id, kinds=list(_works))
    if job is not None:
        run_leased_job(job, _works[job.kind].handler)
    return job


def run_leased_job(job: Job, handler: Handler) -> None:
    """Do a job this worker has leased, and write down how it ended.

    A refusal by a rule is final; anything else that goes wrong is tried again later.
    """
    try:
        result = handler(job)
        finish_job(job=job, at=clock.now(), result=result)
    except JobLost:
        log.warning("job_lost", job_id=job.pk, kind=job.kind)
    except DomainError as refusal:
        fail_job(job=job, at=clock.now(), error=refusal.message, final=True)
    except Exception as error:
        log.exception("job_broke", job_id=job.pk, kind=job.kind)
        fail_job(job=job, at=clock.now(), error=f"{type(error).__name__}: {error}")
