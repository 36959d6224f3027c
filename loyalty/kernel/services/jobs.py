"""The life of a job row: asked for, leased by one worker at a time, renewed, finished, failed, tried again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.files.base import File
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import Conflict
from loyalty.kernel.models import Job
from loyalty.kernel.services.audit import record

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 8


class JobLost(Exception):
    """This worker's lease ran out and somebody else has the job: stop at once, write nothing more."""


def create_job(
    *,
    kind: str,
    actor: Actor,
    at: datetime,
    organization_id: int | None = None,
    params: dict[str, Any] | None = None,
    unique_key: str | None = None,
    input_file: File[Any] | None = None,
    progress_total: int = 0,
    worker: str = "",
) -> Job:
    """Ask for work of `kind`; with a `unique_key` that is already known, the job there is.

    With `worker`, nobody else takes it before that one's first lease has run out.
    """
    if unique_key is not None:
        known = Job.objects.filter(organization=organization_id, kind=kind, unique_key=unique_key).first()
        if known is not None:
            return known
    job = Job(
        organization_id=organization_id,
        kind=kind,
        unique_key=unique_key,
        params=params or {},
        actor=str(actor),
        actor_name=actor.name[:255],
        available_at=at,
        created_at=at,
        progress_total=progress_total,
        locked_by=worker,
        locked_until=at + LEASE if worker else None,
    )
    if input_file is not None:
        job.input.save(input_file.name or "input", input_file, save=False)
    job.save()
    return job


def remember_job(
    *,
    kind: str,
    actor: Actor,
    started_at: datetime,
    at: datetime,
    organization_id: int | None = None,
    result: dict[str, Any] | None = None,
    error: str = "",
) -> Job:
    """Note work that a command has done already, so that it stands among the others; with an `error`, as failed."""
    return Job.objects.create(
        organization_id=organization_id,
        kind=kind,
        state=Job.State.FAILED if error else Job.State.DONE,
        result=result or {},
        error=error,
        actor=str(actor),
        actor_name=actor.name[:255],
        available_at=started_at,
        created_at=started_at,
        started_at=started_at,
        finished_at=at,
    )


def _due(at: datetime) -> QuerySet[Job]:
    return Job.objects.filter(
        Q(locked_until__isnull=True) | Q(locked_until__lte=at), state__in=["waiting", "running"], available_at__lte=at
    )


def lease_job(
    *,
    worker: str,
    at: datetime,
    job_id: int | None = None,
    kinds: list[str] | None = None,
    instead_of: str | None = None,
) -> Job | None:
    """Take the longest-waiting due job (or `job_id`, if it is due) for LEASE; None where there is none.

    `instead_of` names a worker known to be dead, whose lease need not be waited for.
    """
    with transaction.atomic():
        due = _due(at)
        if instead_of is not None:
            due = Job.objects.filter(locked_by=instead_of, state__in=["waiting", "running"])
        if job_id is not None:
            due = due.filter(pk=job_id)
        if kinds is not None:
            due = due.filter(kind__in=kinds)
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        job = due.order_by("available_at", "id").first()
        if job is None:
            return None
        job.state = Job.State.RUNNING
        job.attempts += 1
        job.locked_until = at + LEASE
        job.locked_by = worker
        job.started_at = job.started_at or at
        job.error = ""
        job.save(update_fields=["state", "attempts", "locked_until", "locked_by", "started_at", "error"])
    return job


def renew_job(*, job: Job, at: datetime, cursor: dict[str, Any], progress_done: int, result: dict[str, Any]) -> None:
    """Keep the lease and note how far the work is, in the caller's transaction: both stand or neither.

    :raises JobLost: where another worker took the job.
    """
    kept = Job.objects.filter(
        pk=job.pk, locked_by=job.locked_by, attempts=job.attempts, state=Job.State.RUNNING
    ).update(locked_until=at + LEASE, cursor=cursor, progress_done=progress_done, result=result)
    if not kept:
        raise JobLost
    job.cursor, job.progress_done, job.result = cursor, progress_done, result


def finish_job(*, job: Job, at: datetime, result: dict[str, Any]) -> None:
    """The work is done.

    :raises JobLost: where another worker took the job.
    """
    done = Job.objects.filter(
        pk=job.pk, locked_by=job.locked_by, attempts=job.attempts, state=Job.State.RUNNING
    ).update(
        state=Job.State.DONE,
        result=result,
        finished_at=at,
        locked_until=None,
        report=job.report.name,
        progress_done=F("progress_total"),
    )
    if not done:
        raise JobLost
    job.refresh_from_db()


def fail_job(*, job: Job, at: datetime, error: str, final: bool = False) -> None:
    """The work broke: try again later, each time after a longer while, and give up after MAX_ATTEMPTS (or `final`)."""
    give_up = final or job.attempts >= MAX_ATTEMPTS
    Job.objects.filter(pk=job.pk, locked_by=job.locked_by, attempts=job.attempts, state=Job.State.RUNNING).update(
        state=Job.State.FAILED if give_up else Job.State.WAITING,
        error=error[:10_000],
        locked_until=None,
        available_at=at + timedelta(seconds=min(3600, 5 * 2**job.attempts)),
        finished_at=at if give_up else None,
    )
    job.refresh_from_db()


@transaction.atomic
def retry_job(*, job: Job, actor: Actor, at: datetime, reason: str = "") -> Job:
    """Send a failed or cancelled job off again, from where it stopped.

    :raises Conflict: where it is neither.
    """
    moved = Job.objects.filter(pk=job.pk, state__in=["failed", "cancelled"]).update(
        state=Job.State.WAITING, attempts=0, available_at=at, locked_until=None, finished_at=None, error=""
    )
    if not moved:
        raise Conflict("Only a failed or cancelled job can be tried again.")
    job.refresh_from_db()
    record(actor=actor, at=at, action="job.retried", target=job, organization_id=job.organization_id, reason=reason)
    return job


@transaction.atomic
def cancel_job(*, job: Job, actor: Actor, at: datetime, reason: str = "") -> Job:
    """Stop a job that has not ended; what it did so far stands.

    :raises Conflict: where it has ended.
    """
    moved = Job.objects.filter(pk=job.pk, state__in=["waiting", "running"]).update(
        state=Job.State.CANCELLED, locked_until=None, finished_at=at
    )
    if not moved:
        raise Conflict("This job has already ended.")
    job.refresh_from_db()
    record(actor=actor, at=at, action="job.cancelled", target=job, organization_id=job.organization_id, reason=reason)
    return job
