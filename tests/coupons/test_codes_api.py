"""The codes of a book (semantics 3.1, 3.10), over the API, from a file, and into one."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.core.files.base import ContentFile

from coupons import errors, services
from coupons.models import Coupon, CouponBook
from coupons.services.importing import start_code_import
from loyalty.kernel import clock
from loyalty.kernel.models import AuditEntry, Job
from loyalty.kernel.services.runner import run_one_job
from members.errors import ImportRefused
from members.models import Member
from tests.coupons.books import assign, fresh, make_book, totals, use
from tests.house import TESTER, Api, House
from tests.refusals import refuses


def add(api: Api, book: CouponBook, *codes: str) -> list[str]:
    answer = api.post(f"coupon-books/{book.pk}/coupons", {"codes": list(codes)})
    assert answer.status_code == 201, answer.content
    added: list[str] = answer.body["codes"]
    return added


def test_3_10_codes_are_kept_as_given_and_added_once_whatever_their_case(house: House, api: Api) -> None:
    book = make_book(house, "list")
    assert add(api, book, " Abc ", "ABC", "x y", "STRASSE") == ["Abc", "x y", "STRASSE"]
    assert add(api, book, "abc", "New", "straße") == ["New"]
    rows = api.get(f"coupon-books/{book.pk}/coupons?limit=3").body
    assert (rows["totalCount"], [row["code"] for row in rows["results"]]) == (4, ["Abc", "x y", "STRASSE"])
    assert rows["results"][0] == {
        "couponId": Coupon.objects.get(code="Abc").pk,
        "couponBookId": book.pk,
        "code": "Abc",
        "assignedCount": 0,
        "usedCount": 0,
        "memberId": None,
        "createdAt": rows["results"][0]["createdAt"],
    }
    assert add(api, book) == []


def test_codes_are_listed_by_number_or_by_code_page_by_page(house: House, api: Api) -> None:
    make_book(house, "list", codes=["X"])
    book = make_book(house, "list", codes=["b", "C", "a"])

    def listed(query: str) -> list[str]:
        return [row["code"] for row in api.get(f"coupon-books/{book.pk}/coupons?{query}").body["results"]]

    assert listed("") == ["b", "C", "a"]
    assert listed("order=couponId,desc") == ["a", "C", "b"]
    assert listed("order=code") == ["a", "b", "C"]
    assert (listed("limit=2"), listed("limit=2&page=1")) == (["b", "C"], ["a"])


@pytest.mark.parametrize("code", ["", "   ", "x" * 256, "a\u0007b", "a\nb"])
def test_3_10_what_is_no_code_is_refused_and_none_is_added(house: House, api: Api, code: str) -> None:
    book = make_book(house, "list")
    refuses(api, "POST", f"coupon-books/{book.pk}/coupons", {"codes": ["GOOD", code]}, 400, "INVALID_INPUT")


def test_3_1_only_lists_take_codes_and_single_books_one(house: House, api: Api) -> None:
    for kind in ("generated", "codeless"):
        path = f"coupon-books/{make_book(house, kind).pk}/coupons"
        refuses(api, "POST", path, {"codes": ["A"]}, 422, "BOOK_TAKES_NO_CODES")
    single = make_book(house, "single")
    path = f"coupon-books/{single.pk}/coupons"
    refuses(api, "POST", path, {"codes": ["A", "B"]}, 422, "BOOK_FULL")
    assert add(api, single, "A") == ["A"]
    assert add(api, single, "a") == []
    refuses(api, "POST", path, {"codes": ["B"]}, 422, "BOOK_FULL")


def test_3_10_a_code_is_corrected_until_it_is_used(house: House, api: Api, alice: Member) -> None:
    book = make_book(house, "list", codes=["A", "B"])
    coupon = Coupon.objects.get(code="A")
    path = f"coupon-books/{book.pk}/coupons/{coupon.pk}"
    answer = api.put(path, {"code": " a1 "})
    # The key is the document's.
    assert answer.body["couponBook"]["code"] == "a1"
    refuses(api, "PUT", path, {"code": "b"}, 409, "ALREADY_EXISTS")
    assign(book, alice, codes=["a1"])
    assert api.put(path, {"code": "A1"}).status_code == 200
    use(book, alice, code="A1")
    refuses(api, "PUT", path, {"code": "A2"}, 409, "COUPON_IN_USE")
    assert AuditEntry.objects.filter(action="coupon.updated").count() == 2


def test_3_10_the_shared_code_tells_what_its_book_counts(house: House, api: Api, alice: Member) -> None:
    book = make_book(house, "single", codes=["S"])
    assign(book, alice, amount=3)
    use(book, alice)
    coupon = Coupon.objects.get()
    for read in (
        api.get(f"coupon-books/{book.pk}/coupons/{coupon.pk}").body["couponCode"],
        api.get(f"coupon-books/{book.pk}/coupons").body["results"][0],
    ):
        assert (read["assignedCount"], read["usedCount"], read["memberId"]) == (3, 1, None)


# --- files -----------------------------------------------------------------------------------------------------------
def start(book: CouponBook, content: bytes, name: str = "codes.csv") -> Job:
    file = ContentFile(content, name=name)
    return start_code_import(book=fresh(book), source=file, name=name, actor=TESTER, at=clock.now())  # type: ignore[arg-type]


def run(job: Job) -> dict[str, Any]:
    done = run_one_job(worker="test", job_id=job.pk)
    assert done is not None
    done.refresh_from_db()
    assert done.state == Job.State.DONE, done.error
    result: dict[str, Any] = done.result
    return result


@pytest.mark.django_db(transaction=True)
def test_a_file_of_codes_is_added_chunk_by_chunk(house: House, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT, settings.IMPORT_CHUNK_ROWS = tmp_path, 3
    book = make_book(house, "list", codes=["OLD"])
    bad = "x" * 300
    job = start(book, f"\ufeffcode;note\r\nA;1\r\nold;2\r\n\r\nB\r\na\r\n{bad}\r\n=C\r\n".encode())
    assert run(job) == {"processed": 6, "succeeded": 3, "failed": 1, "skipped": 2}
    assert list(Coupon.objects.order_by("pk").values_list("code", flat=True)) == ["OLD", "A", "B", "=C"]
    assert totals(book) == (4, 0, 0)
    job.refresh_from_db()
    assert (job.progress_done, job.progress_total) == (6, 6)
    report = list(csv.reader(io.StringIO(job.report.read().decode())))
    assert report == [["code", "line", "reason"], [bad, "7", "A code has 1 to 255 characters, all of them visible."]]
    # The same file for the same book is one job.
    again = start(book, f"\ufeffcode;note\r\nA;1\r\nold;2\r\n\r\nB\r\na\r\n{bad}\r\n=C\r\n".encode(), "other.csv")
    assert again.pk == job.pk
    assert house.findings() == []


@pytest.mark.django_db(transaction=True)
def test_a_file_fills_a_book_no_further_than_its_limit(house: House, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT, settings.IMPORT_CHUNK_ROWS = tmp_path, 2
    book = make_book(house, "list", codes=["A"], max_coupon_count=3)
    assert run(start(book, b"A\nB\nC\nD\n")) == {"processed": 4, "succeeded": 2, "failed": 1, "skipped": 1}
    assert totals(book) == (3, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_a_killed_import_goes_on_where_it_stopped(
    house: House, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from coupons.services import importing

    settings.MEDIA_ROOT, settings.IMPORT_CHUNK_ROWS = tmp_path, 2
    book = make_book(house, "list")
    job = start(book, b"A\nB\n\x07\nC\nD\n")
    add_chunk, calls = importing._add_chunk, []

    def fails_once(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return add_chunk(*args)

    monkeypatch.setattr(importing, "_add_chunk", fails_once)
    with pytest.raises(KeyboardInterrupt):
        run_one_job(worker="one", job_id=job.pk)
    Job.objects.update(locked_until=clock.now())
    assert run(job) == {"processed": 5, "succeeded": 4, "failed": 1, "skipped": 0}
    assert totals(book) == (4, 0, 0)


def test_what_is_no_file_of_codes_is_refused(house: House) -> None:
    book = make_book(house, "list")
    for content in (b"", b"code\n", b"\xff\xfe", b"x" * 3000):
        with pytest.raises(ImportRefused):
            start(book, content)
    with pytest.raises(errors.BookTakesNoCodes):
        start(make_book(house, "generated"), b"A")
    assert not Job.objects.exists()


def test_every_code_is_exported_with_whoever_has_it(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    from coupons.selectors import codes

    monkeypatch.setattr(codes, "CHUNK", 2)
    book = make_book(house, "list", codes=["A", "B", "C", "D"])
    assign(book, alice, codes=["B"])
    rows = services.export_codes(book=book, actor=TESTER, at=clock.now())
    assert [(row.code, row.member and row.member.loyalty_member_id) for row in rows] == [
        ("A", None),
        ("B", "alice"),
        ("C", None),
        ("D", None),
    ]
    assert AuditEntry.objects.filter(action="couponbook.codes-exported").count() == 1
