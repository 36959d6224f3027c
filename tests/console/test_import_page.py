"""Points for many at once: a file is looked at, then booked by a job, once."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ledger.models import Transaction
from loyalty.kernel import clock
from loyalty.kernel.models import Job
from loyalty.kernel.services.runner import run_one_job
from members.models import Member
from members.services.imports import find_upload, keep_upload, sweep_uploads
from tests.browser import Open, overflow
from tests.house import House
from tests.staff import Person, refusals

DATA = Path(__file__).resolve().parent.parent / "data"
PAGE = "members/member/do/import-points/"
CSV = b"""customerEmail,points,type,comment
alice@example.com,150,adding,Spring
bob@example.com,40,adding,Spring
alice@example.com,50,spending,A cake
nobody@example.com,10,adding,
bob@example.com,1000,spending,
"""


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """A place of its own for what is uploaded."""
    settings.MEDIA_ROOT = tmp_path
    yield tmp_path


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The jobs whose doorbell was rung."""
    rung: list[int] = []
    monkeypatch.setattr("loyalty.kernel.tasks.run_job.delay", rung.append)
    return rung


def a_file(data: bytes = CSV, name: str = "points.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def looked_at(person: Person, data: bytes = CSV, name: str = "points.csv", **more: Any) -> tuple[Any, dict[str, Any]]:
    """The preview of a file, and the form it came with."""
    form = {**person.form_of(PAGE), **more}
    return person.post(PAGE, **form, file=a_file(data, name)), form


def counts(page: Any) -> dict[str, str]:
    return {label: re.sub(r"<[^>]+>", "", str(value)).strip() for label, value in page.context["preview"].counts}


def upload_count(files: Path) -> int:
    return sum(1 for path in (files / "uploads").rglob("*") if path.is_file()) if (files / "uploads").exists() else 0


def test_the_preview_says_what_the_file_would_do_and_does_nothing(
    house: House, alice: Member, bob: Member, administrator: Person, files: Path
) -> None:
    page, _ = looked_at(administrator)
    assert page.status_code == 200
    assert counts(page) == {
        "Would be booked": "3",
        "Would be refused": "2",
        "Booked before": "0",
        "Given": "190 Points",
        "Taken": "50 Points",
    }
    preview = page.context["preview"]
    assert (preview.says, preview.note) == ("points.csv: 5 rows", "")
    assert list(preview.headers) == ["customerEmail", "points", "type", "comment"]
    assert preview.rows[0] == ["alice@example.com", "150", "adding", "Spring"]
    assert [(error.line, error.message) for error in preview.errors] == [
        (5, "Convert exception: Account does not exist for given data"),
        (6, "Process exception: Not enough points"),
    ]
    assert Job.objects.count() == Transaction.objects.count() == 0
    assert upload_count(files) == 1


def test_confirmed_the_file_is_booked_as_the_preview_said(
    house: House,
    alice: Member,
    bob: Member,
    administrator: Person,
    files: Path,
    rung: list[int],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    _, form = looked_at(administrator)
    with django_capture_on_commit_callbacks(execute=True):
        answer = administrator.post(PAGE, **form, confirmed="1")
    job = Job.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/admin/loyalty/job/{job.pk}/change/")
    assert (job.actor, job.progress_total, rung) == (f"operator:{administrator.operator.pk}", 5, [job.pk])
    assert upload_count(files) == 0
    assert Transaction.objects.count() == 0
    run_one_job(worker="test", job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == ("done", {"processed": 5, "succeeded": 3, "failed": 2, "skipped": 0})
    assert (house.balance(alice), house.balance(bob)) == ((100, 0, 0), (40, 0, 0))
    assert house.findings() == []
    assert administrator.get(answer.url).status_code == 200


def test_the_same_form_confirmed_twice_makes_one_job(
    house: House,
    alice: Member,
    administrator: Person,
    rung: list[int],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    _, form = looked_at(administrator)
    with django_capture_on_commit_callbacks(execute=True):
        answers = [administrator.post(PAGE, **form, confirmed="1") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0].url == answers[1].url
    assert Job.objects.count() == 1
    assert len(rung) == 1


def test_a_file_that_was_imported_before_leads_to_its_job(
    house: House, alice: Member, bob: Member, administrator: Person, rung: list[int]
) -> None:
    first, second = (looked_at(administrator)[1] for _ in range(2))
    urls = [administrator.post(PAGE, **form, confirmed="1").url for form in (first, second)]
    assert urls[0] == urls[1]
    run_one_job(worker="test")
    page, _ = looked_at(administrator)
    assert counts(page)["Booked before"] == "3"


@pytest.mark.parametrize("name", ["points.csv", "points.jsonl", "points.xml"])
def test_every_format_is_read(house: House, alice: Member, administrator: Person, name: str) -> None:
    page, _ = looked_at(administrator, (DATA / name).read_bytes(), name)
    assert refusals(page) == {}
    assert counts(page)["Would be booked"] != "0"


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        (CSV, "points.pdf", "The format must be xml, csv or jsonl."),
        (b"", "points.csv", "The submitted file is empty."),
        (b"points,type\n", "points.csv", "The file has no rows."),
        (
            b"name,points,type\nx,1,adding\n",
            "points.csv",
            "The columns are not those of a points file (unknown: name).",
        ),
        (b"\xff\xfe\x00", "points.csv", "The file is not UTF-8 text after line 1."),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><pointsTransfers/>", "points.xml", "The XML cannot be read after row 0"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_beside_the_field(
    house: House, administrator: Person, data: bytes, name: str, says: str
) -> None:
    page, _ = looked_at(administrator, data, name)
    [texts] = [texts for field, texts in refusals(page).items() if field in ("file", "__all__")]
    assert texts[0].startswith(says)
    assert Job.objects.count() == 0


def test_without_a_file_there_is_nothing_to_look_at(house: House, administrator: Person) -> None:
    page = administrator.act(PAGE, confirmed=False)
    assert refusals(page) == {"file": ["Choose a file."]}


def test_of_a_long_file_only_the_beginning_is_looked_at_and_the_page_says_so(
    house: House, alice: Member, bob: Member, administrator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("members.admin.imports.MOST_PREVIEWED", 2)
    page, form = looked_at(administrator)
    assert counts(page)["Would be booked"] == "2"
    assert page.context["preview"].says == "points.csv: 2 rows looked at"
    assert "only its first 2 rows were looked at" in page.content.decode()
    administrator.post(PAGE, **form, confirmed="1")
    assert Job.objects.get().progress_total == 5


def test_a_file_that_breaks_after_what_was_looked_at_books_nothing(
    house: House, alice: Member, administrator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("members.admin.imports.MOST_PREVIEWED", 2)
    page, form = looked_at(administrator, CSV + b'"no end', "points.csv")
    assert page.context["preview"].rows
    answer = administrator.post(PAGE, **form, confirmed="1")
    assert refusals(answer)["file"][0].startswith("The CSV cannot be read after line")
    assert Job.objects.count() == 0


def test_nobody_can_start_a_file_that_another_uploaded(
    house: House, alice: Member, administrator: Person, staff_with: Callable[..., Person], files: Path
) -> None:
    _, form = looked_at(administrator)
    other = staff_with("ledgers:write", "members:read")
    answer = other.post(PAGE, **form, confirmed="1")
    assert refusals(answer) == {"file": ["The file was kept for a day, and is gone. Choose it again."]}
    assert Job.objects.count() == 0
    assert upload_count(files) == 1


@pytest.mark.parametrize("once", ["../../../etc/passwd", "/etc/passwd", "..", "a/b", "\x00"])
def test_no_path_of_the_sender_is_ever_used(house: House, administrator: Person, files: Path, once: str) -> None:
    form = {**administrator.form_of(PAGE), "once": once}
    answer = administrator.post(PAGE, **form, file=a_file(name="../../evil.csv"))
    assert answer.status_code == 200
    outside = [path for path in files.rglob("*") if path.is_file() and path.parent.parent != files / "uploads"]
    assert outside == []
    assert not (files.parent / "evil.csv").exists()


def test_files_nobody_came_back_for_are_swept_away(files: Path) -> None:
    at = clock.now()
    old = keep_upload(key="old", name="a.csv", blocks=[b"x"], at=at)
    past = time.time() - 25 * 3600
    os.utime(old.path.parent, (past, past))
    keep_upload(key="new", name=".b.csv", blocks=[b"x", b"y"], at=at)
    assert find_upload(key="old") is None
    found = find_upload(key="new")
    assert found is not None
    assert (found.name, found.path.read_bytes()) == ("b.csv", b"xy")
    assert sweep_uploads(at=at + timedelta(hours=25)) == 1
    assert find_upload(key="new") is None


def test_without_the_role_there_is_no_import(house: House, alice: Member, staff_with: Callable[..., Person]) -> None:
    reader = staff_with("members:write", "ledgers:read")
    assert 'data-act="import-points"' not in reader.get("members/member/").content.decode()
    assert reader.get(PAGE).status_code == 403
    answer = reader.post(PAGE, once="k", account=house.account.pk, file=a_file(), confirmed="1")
    assert answer.status_code == 403
    assert Job.objects.count() == 0


def test_an_account_of_another_organization_cannot_be_named(
    house: House, neighbor: House, alice: Member, charlie: Member, administrator: Person
) -> None:
    page, form = looked_at(administrator, account=neighbor.account.pk)
    assert "account" in refusals(page)
    assert "account" in refusals(administrator.post(PAGE, **form, confirmed="1"))
    assert Job.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_file_is_chosen_looked_at_and_started_in_a_browser(
    open_page: Open, house: House, alice: Member, bob: Member, administrator: Person, rung: list[int], tmp_path: Path
) -> None:
    path = tmp_path / "spring.csv"
    path.write_bytes(CSV)
    page = open_page("members/member/", who=administrator)
    page.click('[data-act="import-points"]')
    page.set_input_files("input[type=file]", path)
    page.click("button:has-text('Look at it first')")
    page.wait_for_selector(".ts-preview")
    assert "spring.csv: 5 rows" in page.inner_text(".ts-preview")
    assert "Not enough points" in page.inner_text("[aria-label='Rows that would be refused']")
    assert overflow(page) == 0
    page.click("button:has-text('Yes, import it')")
    page.wait_for_url("**/admin/loyalty/job/*/change/")
    job = Job.objects.get()
    assert rung == [job.pk]
    run_one_job(worker="test", job_id=job.pk)
    assert (house.balance(alice), house.balance(bob)) == ((100, 0, 0), (40, 0, 0))
    page.reload()
    assert "100 %" in page.inner_text("#job-live")
