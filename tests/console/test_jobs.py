"""Jobs on the console: who sees which, what they say while they run, their files, and sending them off again."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.base import ContentFile

from loyalty.kernel import clock, tasks
from loyalty.kernel.desk import address_of
from loyalty.kernel.models import AuditEntry, Job
from loyalty.kernel.services import create_job
from tests.house import TESTER, House
from tests.staff import Person, refusals, staff_of
from tests.walk import every_row

LIST = "loyalty/job/"


def act(job: Job, slug: str) -> str:
    return f"{LIST}{job.pk}/do/{slug}/"


@pytest.fixture
def job(house: House, settings: Any, tmp_path: Any) -> Job:
    settings.MEDIA_ROOT = tmp_path
    made = create_job(
        kind="import_points",
        organization_id=house.id,
        actor=TESTER,
        at=clock.now(),
        params={"name": "../../etc/october.csv", "path": ""},
        input_file=ContentFile(b"customerEmail,points,type\n", name="october.csv"),
        progress_total=1000,
    )
    made.report.save("errors.csv", ContentFile(b"line,reason\n7,nobody\n"))
    Job.objects.filter(pk=made.pk).update(
        state=Job.State.RUNNING,
        progress_done=250,
        result={"processed": 250, "succeeded": 240, "failed": 7, "skipped": 3},
    )
    made.refresh_from_db()
    return made


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the jobs that a worker was rung for."""
    heard: list[int] = []
    monkeypatch.setattr(tasks.run_job, "delay", heard.append)
    return heard


def fail(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED, error="It broke <here>.", finished_at=clock.now())


def test_a_running_job_says_how_far_it_is(administrator: Person, job: Job) -> None:
    page = administrator.get(address_of(job)).content.decode()
    for text in ("Import of points", "25 %", "250 of 1,000 rows", "240", 'hx-trigger="every 2s"'):
        assert text in page, text
    listed = administrator.get(LIST).content.decode()
    assert "250 of 1,000" in listed
    assert TESTER.name in listed


def test_the_part_that_changes_is_asked_for_alone_until_the_job_has_ended(administrator: Person, job: Job) -> None:
    def live() -> Any:
        return administrator.client.get(address_of(job), headers={"HX-Request": "true"})

    part = live()
    assert "250 of 1,000 rows" in part.content.decode()
    assert "<html" not in part.content.decode()
    assert "HX-Refresh" not in part
    fail(job)
    ended = live()
    assert ended["HX-Refresh"] == "true"
    assert "every 2s" not in ended.content.decode()
    assert "It broke &lt;here&gt;." in ended.content.decode()


def test_its_files_are_downloads_for_those_who_see_it(
    house: House, administrator: Person, stranger: Person, client: Any, job: Job
) -> None:
    def get(person: Person, which: str) -> Any:
        return person.get(f"{LIST}{job.pk}/file/{which}/")

    report = get(administrator, "report")
    assert b"".join(report.streaming_content) == b"line,reason\n7,nobody\n"
    assert report["Content-Disposition"].startswith("attachment")
    given = get(administrator, "input")
    # The name people gave it is a name, not a path.
    assert given["Content-Disposition"] == 'attachment; filename="october.csv"'
    assert b"".join(given.streaming_content).startswith(b"customerEmail")
    assert get(stranger, "report").status_code == 404
    assert get(staff_of(house.organization, "members:write"), "report").status_code == 404
    assert get(administrator, "locked_by").status_code == 404
    assert client.get(f"/admin/{LIST}{job.pk}/file/report/").status_code == 302
    Job.objects.filter(pk=job.pk).update(report="", input="jobs/gone.csv")
    assert get(administrator, "report").status_code == 404
    assert get(administrator, "input").status_code == 404
    # There is no public address of uploads.
    assert client.get(f"/media/{job.input.name}").status_code == 404
    assert client.get(f"/files/{job.input.name}").status_code == 404


def test_each_kind_of_work_has_its_own_role(house: House, job: Job) -> None:
    reader = staff_of(house.organization, "ledgers:read")
    assert job in reader.get(LIST).context["cl"].result_list
    assert not reader.get(address_of(job)).context["offered"] or all(
        slug not in {kind.slug for kind, _ in reader.get(address_of(job)).context["offered"]}
        for slug in ("cancel", "retry")
    )
    other = staff_of(house.organization, "members:write", "users:write")
    assert job not in other.get(LIST).context["cl"].result_list
    assert other.get(address_of(job)).status_code == 404
    Job.objects.filter(pk=job.pk).update(kind="of-old")
    assert reader.get(address_of(job)).status_code == 404
    boss = staff_of(house.organization, is_admin=True)
    assert "Of-old" in boss.get(address_of(job)).content.decode()


def test_work_for_the_whole_house_is_the_system_administrators(
    house: House, administrator: Person, system_admin: Person, job: Job
) -> None:
    Job.objects.filter(pk=job.pk).update(organization=None)
    assert administrator.get(address_of(job)).status_code == 404
    assert system_admin.get(address_of(job)).status_code == 200
    assert job in system_admin.get(LIST).context["cl"].result_list


def test_a_failed_job_is_sent_off_again_and_the_worker_is_rung_after_the_commit(
    administrator: Person, job: Job, rung: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    fail(job)
    with django_capture_on_commit_callbacks() as callbacks:
        administrator.act(act(job, "retry"), reason="the disk is free again")
    assert rung == []
    for callback in callbacks:
        callback()
    assert rung == [job.pk]
    job.refresh_from_db()
    assert (job.state, job.progress_done) == (Job.State.WAITING, 250)
    mark = AuditEntry.objects.get(action="job.retried")
    assert (mark.reason, mark.actor_name) == ("the disk is free again", "Anna Administrator")


def test_a_broker_that_does_not_hear_troubles_nobody(
    administrator: Person, job: Job, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def deaf(number: int) -> None:
        raise ConnectionError

    monkeypatch.setattr(tasks.run_job, "delay", deaf)
    fail(job)
    with django_capture_on_commit_callbacks(execute=True):
        assert administrator.act(act(job, "retry"), reason="again").status_code == 302
    job.refresh_from_db()
    assert job.state == Job.State.WAITING


def test_a_running_job_is_stopped_once_and_keeps_what_it_did(administrator: Person, job: Job) -> None:
    path = act(job, "cancel")
    form = administrator.form_of(path)
    administrator.post(path, **form, reason="wrong file")
    job.refresh_from_db()
    assert (job.state, job.progress_done) == (Job.State.CANCELLED, 250)
    assert administrator.get(path).status_code == 403
    assert {kind.slug for kind, _ in administrator.get(address_of(job)).context["offered"]} >= {"retry"}


def test_a_job_that_ended_meanwhile_is_not_stopped(administrator: Person, job: Job) -> None:
    path = act(job, "cancel")
    form = administrator.form_of(path)
    fail(job)
    before = every_row()
    answer = administrator.post(path, **form, reason="too late")
    assert answer.status_code == 403
    assert every_row() == before


def test_a_reason_is_asked_for(administrator: Person, job: Job) -> None:
    assert set(refusals(administrator.act(act(job, "cancel")))) == {"reason"}


def test_jobs_are_found_by_state_and_kind(administrator: Person, job: Job) -> None:
    def found(**query: str) -> bool:
        return job in administrator.get(LIST, **query).context["cl"].result_list

    assert found(state__exact="running")
    assert not found(state__exact="failed")
    assert found(kind="import_points")
    assert not found(kind="export")
