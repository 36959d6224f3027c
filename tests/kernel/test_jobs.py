"""Jobs: a row is the work, a worker that dies loses nothing, and nobody does it twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict, RuleRefused
from loyalty.kernel.models import AuditEntry, Job
from loyalty.kernel.services import (
    cancel_job,
    create_job,
    finish_job,
    lease_job,
    renew_job,
    retry_job,
    runner,
)
from loyalty.kernel.services.jobs import LEASE, MAX_ATTEMPTS, JobLost
from tests.databases import in_parallel
from tests.house import TESTER

NOW = clock.now()


def make(**fields: Any) -> Job:
    return create_job(kind="test", actor=TESTER, at=NOW, **fields)


def lease(at: Any = NOW, worker: str = "w", **fields: Any) -> Job | None:
    return lease_job(worker=worker, at=at, **fields)


@pytest.fixture
def handled(db: None) -> Iterator[list[int]]:
    """Jobs of kind `test` are done by noting their numbers."""
    done: list[int] = []

    def handle(job: Job) -> dict[str, object]:
        done.append(job.pk)
        if job.params.get("breaks"):
            raise {"bug": RuntimeError, "rule": RuleRefused}[job.params["breaks"]]("no")
        return {"seen": True}

    runner.register_handler("test", handle)
    yield done
    runner._works.pop("test")


def test_a_leased_job_is_nobody_elses_until_the_lease_runs_out(db: None) -> None:
    job = make()
    assert lease() == job
    assert lease(worker="other") is None
    assert lease(at=NOW + LEASE + timedelta(seconds=1), worker="other") == job


def test_the_longest_waiting_job_goes_first(db: None) -> None:
    first, second = make(), make()
    assert [lease(), lease(), lease()] == [first, second, None]


def test_the_same_work_asked_for_twice_is_one_job(db: None) -> None:
    assert make(unique_key="k") == make(unique_key="k")
    assert make() != make()


def test_a_job_is_done_and_says_what_came_of_it(handled: list[int]) -> None:
    job = make()
    assert runner.run_one_job(worker="w") == job
    job.refresh_from_db()
    assert (job.state, job.result, job.locked_until) == (Job.State.DONE, {"seen": True}, None)
    assert runner.run_one_job(worker="w") is None
    assert handled == [job.pk]


def test_a_job_that_breaks_is_tried_again_later_each_time_after_a_longer_while(handled: list[int]) -> None:
    job = make(params={"breaks": "bug"})
    waits = []
    for _ in range(MAX_ATTEMPTS):
        Job.objects.update(available_at=clock.now())
        runner.run_one_job(worker="w")
        job.refresh_from_db()
        waits.append(job.available_at - clock.now())
    assert waits[:-1] == sorted(waits[:-1])
    assert (job.state, len(handled)) == (Job.State.FAILED, MAX_ATTEMPTS)
    assert "RuntimeError: no" in job.error


def test_a_refusal_by_a_rule_is_final(handled: list[int]) -> None:
    job = make(params={"breaks": "rule"})
    runner.run_one_job(worker="w")
    job.refresh_from_db()
    assert (job.state, job.error) == (Job.State.FAILED, "no")


def test_a_worker_that_was_overtaken_cannot_write(db: None) -> None:
    make()
    slow = lease(worker="slow")
    quick = lease(at=NOW + LEASE + timedelta(seconds=1), worker="quick")
    assert slow is not None
    assert quick is not None
    with pytest.raises(JobLost):
        renew_job(job=slow, at=NOW, cursor={}, progress_done=1, result={})
    with pytest.raises(JobLost):
        finish_job(job=slow, at=NOW, result={})
    finish_job(job=quick, at=NOW, result={"by": "quick"})
    assert Job.objects.get().result == {"by": "quick"}


def test_a_failed_job_can_be_tried_again_and_a_waiting_one_cancelled(handled: list[int]) -> None:
    job = make(params={"breaks": "rule"})
    runner.run_one_job(worker="w")
    job.refresh_from_db()
    with pytest.raises(Conflict):
        cancel_job(job=job, actor=TESTER, at=NOW)
    retry_job(job=job, actor=TESTER, at=NOW, reason="mended")
    with pytest.raises(Conflict):
        retry_job(job=job, actor=TESTER, at=NOW)
    cancel_job(job=job, actor=TESTER, at=NOW, reason="no longer wanted")
    assert runner.run_one_job(worker="w") is None
    assert list(AuditEntry.objects.order_by("pk").values_list("action", "reason")) == [
        ("job.retried", "mended"),
        ("job.cancelled", "no longer wanted"),
    ]


def test_the_lease_of_a_worker_known_to_be_dead_need_not_be_waited_for(db: None) -> None:
    job = make(worker="dead")
    assert lease(job_id=job.pk) is None
    assert lease(job_id=job.pk, instead_of="somebody") is None
    assert lease(job_id=job.pk, instead_of="dead") == job


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_take_each_job_once() -> None:
    made = {make().pk for _ in range(8)}
    taken = in_parallel(*[lambda: lease(at=clock.now())] * 12)
    assert sorted(job.pk for job in taken if job is not None) == sorted(made)
