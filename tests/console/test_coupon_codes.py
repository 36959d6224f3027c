"""Codes on the console: by hand, by a file, found, corrected, exported."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from coupons import selectors
from coupons.models import Coupon, CouponBook
from coupons.services import exporting
from coupons.services.codes import insert_codes
from loyalty.kernel import clock
from loyalty.kernel.models import AuditEntry, Job
from loyalty.kernel.services import lease_job
from loyalty.kernel.services.jobs import JobLost
from loyalty.kernel.services.runner import run_one_job
from members.models import Member
from tests.browser import Open, overflow
from tests.console.test_coupon_books import do, text_of
from tests.coupons.books import assign, make_book, totals, use
from tests.databases import analyze, forget_statistics, round_trips
from tests.house import House
from tests.staff import Person, refusals
from tests.walk import every_row

LIST = "coupons/coupon/"
FILE = b"code\nONE\nTWO\n\none\nTHREE\n\x01bad\n"


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


def looked_at(person: Person, book: CouponBook, data: bytes = FILE, name: str = "c.csv") -> tuple[Any, dict[str, Any]]:
    path = do(book, "import-codes")
    form = person.form_of(path)
    return person.post(path, **form, file=SimpleUploadedFile(name, data)), form


def counts(page: Any) -> dict[str, str]:
    return dict(page.context["preview"].counts)


def listed(person: Person, **query: Any) -> list[str]:
    return [coupon.code for coupon in person.get(LIST, **query).context["cl"].result_list]


def test_a_few_are_added_by_hand(house: House, administrator: Person) -> None:
    book = make_book(house, "list", codes=["ONE"])
    administrator.act(do(book, "add-codes"), codes="one\n TWO \n\nTHREE")
    assert totals(book) == (3, 0, 0)
    assert set(Coupon.objects.values_list("code", flat=True)) == {"ONE", "TWO", "THREE"}
    before = every_row("coupons")
    too_long = administrator.act(do(book, "add-codes"), codes="x" * 256)
    assert list(refusals(too_long)) == ["codes"]
    assert every_row("coupons") == before


@pytest.mark.parametrize(
    ("type", "acts"),
    [
        ("list", {"add-codes", "import-codes"}),
        ("single", {"add-codes"}),
        ("generated", set()),
        ("codeless", set()),
    ],
)
def test_only_what_a_book_takes_is_offered(house: House, administrator: Person, type: str, acts: set[str]) -> None:
    page = administrator.get(f"coupons/couponbook/{make_book(house, type).pk}/change/")
    slugs = {kind.slug for kind, _ in page.context["offered"]}
    assert slugs & {"add-codes", "import-codes"} == acts
    assert "export-codes" not in slugs


def test_a_file_is_looked_at_before_anything_is_added(house: House, administrator: Person) -> None:
    book = make_book(house, "list", codes=["two"])
    before = every_row("coupons")
    page, _ = looked_at(administrator, book)
    preview = page.context["preview"]
    assert (preview.says, preview.note) == ("c.csv: 5 lines", "")
    assert counts(page) == {"Would be added": "2", "Would be refused": "1", "There already": "2"}
    assert preview.rows == [(2, "ONE"), (3, "TWO"), (5, "one"), (6, "THREE"), (7, "\x01bad")]
    assert [(error.line, error.identifier) for error in preview.errors] == [(7, "\x01bad")]
    assert every_row("coupons") == before
    assert not Job.objects.exists()


def test_a_preview_knows_how_much_room_there_is_and_how_long_the_file_is(
    house: House, administrator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = make_book(house, "list", codes=["ONE"], max_coupon_count=2)
    page, _ = looked_at(administrator, book, b"ONE\nTWO\nTHREE\n")
    assert counts(page) == {"Would be added": "1", "Would be refused": "1", "There already": "1"}
    monkeypatch.setattr("coupons.admin.code_acts.MOST_PREVIEWED", 2)
    page, _ = looked_at(administrator, book, b"ONE\nTWO\nTHREE\n")
    assert page.context["preview"].says == "c.csv: 2 lines looked at"
    assert "only its first 2 lines were looked at" in page.context["preview"].note


def test_confirmed_the_job_does_what_the_preview_said_once(
    house: House,
    administrator: Person,
    rung: list[int],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    book = make_book(house, "list", codes=["two"])
    _, form = looked_at(administrator, book)
    with django_capture_on_commit_callbacks(execute=True):
        answers = [administrator.post(do(book, "import-codes"), **form, confirmed="1") for _ in range(2)]
    job = Job.objects.get()
    assert [answer.url for answer in answers] == [f"/admin/loyalty/job/{job.pk}/change/"] * 2
    assert (rung, job.progress_total, job.actor_name) == ([job.pk], 5, "Anna Administrator")
    run_one_job(worker="test", job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.result) == ("done", {"processed": 5, "succeeded": 2, "failed": 1, "skipped": 2})
    assert totals(book) == (3, 0, 0)
    report = b"".join(administrator.get(f"loyalty/job/{job.pk}/file/report/").streaming_content)
    assert list(csv.reader(report.decode().splitlines())) == [
        ["code", "line", "reason"],
        ["\x01bad", "7", "A code has 1 to 255 characters, all of them visible."],
    ]
    assert house.findings() == []


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\n\n", "The file has no lines."),
        (b"\xff\xfe", "The file is not UTF-8 text in line 1."),
        (b"", "The submitted file is empty."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_beside_the_field(
    house: House, administrator: Person, data: bytes, says: str
) -> None:
    book = make_book(house, "list")
    page, _ = looked_at(administrator, book, data)
    found = refusals(page)
    assert [texts for field, texts in found.items() if field in ("file", "__all__")] == [[says]]
    assert not Job.objects.exists()


def test_codes_are_found_in_full_and_listed_by_book(
    house: House, neighbor: House, administrator: Person, alice: Member
) -> None:
    book, other = make_book(house, "list", codes=["ONE", "TWO"]), make_book(house, "list", codes=["one"])
    make_book(neighbor, "list", codes=["ONE"])
    assert listed(administrator) == []
    assert "Choose a book" in text_of(administrator.get(LIST))
    assert listed(administrator, book=book.pk) == ["TWO", "ONE"]
    assert sorted(listed(administrator, q=" oNe ")) == ["ONE", "one"]
    assert listed(administrator, q="ON") == []
    page = administrator.get("search/", s="two", extended=1)
    assert f"/admin/coupons/coupon/{Coupon.objects.get(code='TWO').pk}/change/" in text_of(page)
    assert other.name in text_of(administrator.get(LIST))


def test_a_code_is_found_by_one_look_into_the_index_for_each_book(house: House, neighbor: House) -> None:
    for number in range(3):
        make_book(house, "list", codes=["ONE", f"CODE{number}"])
    insert_codes(make_book(neighbor, "list"), [f"CODE{number}" for number in range(8000)], clock.now())
    for know in (forget_statistics, analyze) if connection.vendor == "postgresql" else (analyze,):
        know("coupons_coupon")
        with round_trips() as captured:
            assert len(selectors.coupons_with_code(house.id, "one", 9)) == 3
        [query] = captured
        words = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
        with connection.cursor() as cursor:
            cursor.execute(f"{words} {query['sql'].replace('%', '%%')}")
            plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
        # The embedded database has names of its own for such an index.
        assert "coupon_code_once" in plan or "(book_id=? AND code_key=?)" in plan, plan
        assert "Seq Scan on coupons_coupon " not in plan, plan


def test_a_code_of_a_neighbors_book_is_not_listed(house: House, neighbor: House, administrator: Person) -> None:
    book = make_book(neighbor, "list", codes=["ONE"])
    assert listed(administrator, book=book.pk) == []
    assert listed(administrator, book="x") == []


def test_a_code_tells_who_has_it_to_those_who_may_know(
    house: House, alice: Member, administrator: Person, staff_with: Callable[..., Person]
) -> None:
    book = make_book(house, "list", codes=["ONE"])
    assign(book, alice)
    use(book, alice)
    page = f"{LIST}{Coupon.objects.get().pk}/change/"
    assert "What became of it" in text_of(administrator.get(page))
    link = f"/admin/members/member/{alice.pk}/change/"
    assert link in text_of(administrator.get(page))
    reader = staff_with("coupons:read")
    assert link not in text_of(reader.get(page))
    assert link not in text_of(reader.get(LIST, book=book.pk))


def test_a_code_is_written_differently_with_a_reason_until_it_is_used(
    house: House, alice: Member, administrator: Person
) -> None:
    book = make_book(house, "list", codes=["ONE", "TWO"])
    coupon = Coupon.objects.get(code="ONE")
    edit = f"{LIST}{coupon.pk}/do/edit/"
    assert refusals(administrator.act(edit, code="two", reason="A typo")) == {
        "code": ["The coupon book has this code already."]
    }
    administrator.act(edit, code="UNO", reason="A typo")
    coupon.refresh_from_db()
    entry = AuditEntry.objects.get(action="coupon.updated")
    assert (coupon.code, coupon.code_key, entry.reason) == ("UNO", "uno", "A typo")
    assert entry.actor_name == "Anna Administrator"
    assign(book, alice, codes=["UNO"])
    use(book, alice, code="UNO")
    assert administrator.get(edit).status_code == 403


def test_an_export_is_a_job_whose_file_has_every_code(
    house: House, alice: Member, administrator: Person, rung: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    book = make_book(house, "list", codes=["ONE", "=TWO", "THREE"])
    assign(book, alice)
    answer = administrator.act(do(book, "export-codes"), reason="For the printer")
    job = Job.objects.get()
    assert (answer.url, job.progress_total) == (f"/admin/loyalty/job/{job.pk}/change/", 3)
    entry = AuditEntry.objects.get(action="couponbook.codes-exported")
    assert (entry.actor_name, entry.reason) == ("Anna Administrator", "For the printer")
    monkeypatch.setattr(exporting, "CHUNK", 2)
    run_one_job(worker="test", job_id=job.pk)
    page = administrator.get(answer.url)
    assert "Download the codes" in text_of(page)
    file = administrator.get(f"loyalty/job/{job.pk}/file/report/")
    assert file["Content-Disposition"] == 'attachment; filename="coffee.csv"'
    rows = list(csv.reader(b"".join(file.streaming_content).decode().splitlines()))
    assert [row[:4] for row in rows] == [
        ["code", "assigned", "used", "member"],
        ["ONE", "1", "0", "alice"],
        ["'=TWO", "0", "0", ""],
        ["THREE", "0", "0", ""],
    ]


def test_an_export_that_was_killed_goes_on_where_it_stopped(
    house: House, administrator: Person, rung: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    book = make_book(house, "list", codes=["ONE", "TWO", "THREE"])
    administrator.act(do(book, "export-codes"), reason="For the printer")
    monkeypatch.setattr(exporting, "CHUNK", 1)
    job = lease_job(worker="first", at=clock.now())
    assert job is not None
    original, calls = exporting.renew_job, []

    def renew(**words: Any) -> None:
        original(**words)
        calls.append(1)
        if len(calls) == 2:
            # After the file was written further than what is committed.
            with Path(job.report.path).open("ab") as file:
                file.write(b"half a li")
            raise JobLost

    monkeypatch.setattr(exporting, "renew_job", renew)
    with pytest.raises(JobLost):
        exporting.run_code_export(job)
    monkeypatch.setattr(exporting, "renew_job", original)
    Job.objects.update(locked_until=None)
    done = run_one_job(worker="second")
    assert done is not None
    done.refresh_from_db()
    assert (done.state, done.result) == ("done", {"exported": 3})
    lines = Path(done.report.path).read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["code", "ONE", "TWO", "THREE"]


def test_whoever_may_only_read_downloads_no_codes(
    house: House, administrator: Person, staff_with: Callable[..., Person], rung: list[int]
) -> None:
    book = make_book(house, "list", codes=["ONE"])
    administrator.act(do(book, "export-codes"), reason="For the printer")
    run_one_job(worker="test")
    reader, job = staff_with("coupons:read"), Job.objects.get()
    assert reader.get(f"loyalty/job/{job.pk}/file/report/").status_code == 404
    assert reader.get(do(book, "import-codes")).status_code == 403


def test_what_is_left_is_counted_up_to_a_point(house: House, alice: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    from coupons.admin import display

    book = make_book(house, "list", codes=["A", "B", "C", "D"], max_assigned_per_coupon=2)
    assign(book, alice)
    held = selectors.get_book(house.id, book.pk)
    assert display.left_of(held) == "3"
    monkeypatch.setattr("coupons.selectors.codes.MOST_FREE", 2)
    monkeypatch.setattr(display, "MOST_FREE", 2)
    assert display.left_of(held) == "2 or more"


@pytest.mark.django_db(transaction=True)
def test_a_file_of_codes_is_chosen_looked_at_and_imported_in_a_browser(
    open_page: Open, house: House, administrator: Person, rung: list[int], tmp_path: Path
) -> None:
    book = make_book(house, "list")
    path = tmp_path / "spring.csv"
    path.write_bytes(FILE)
    page = open_page(f"coupons/couponbook/{book.pk}/change/", who=administrator)
    page.click('[data-act="import-codes"]')
    page.set_input_files("input[type=file]", path)
    page.click("button:has-text('Look at it first')")
    page.wait_for_selector(".ts-preview")
    assert "spring.csv: 5 lines" in page.inner_text(".ts-preview")
    assert overflow(page) == 0
    page.click("button:has-text('Yes, import it')")
    page.wait_for_url("**/admin/loyalty/job/*/change/")
    [number] = rung
    run_one_job(worker="test", job_id=number)
    page.reload()
    assert "100 %" in page.inner_text("#job-live")
    assert totals(book) == (3, 0, 0)
