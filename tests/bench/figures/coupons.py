"""Coupons: giving one over HTTP, loading codes by the million, and picking a free one where nearly all are gone."""

from __future__ import annotations

import io
import random
import time
from contextlib import ExitStack
from itertools import count

import psycopg
from django.db import connection

from coupons.models import CouponBook
from coupons.selectors import get_book_to_use
from coupons.services import assign_coupons, create_book, start_code_import
from loyalty.kernel import clock
from loyalty.kernel.services.runner import run_one_job
from members.models import Member
from members.selectors import get_member
from tests.bench.figures.dialects import Shop
from tests.bench.figures.web import bare_mints, rate_of
from tests.bench.load import Requests
from tests.bench.measuring import Bench, Figure, Measure, rate
from tests.bench.places import Place
from tests.bench.servers import BARE, HOUSE, how_served, serving
from tests.house import TESTER, House

# A pick may cost a little more by chance, not by what is gone.
SAME = 1.25
# So many codes are left where nearly all are gone.
_LEFT = 0.001
_FILL = """
INSERT INTO coupons_coupon (book_id, code, code_key, assigned, used, created_at, member_id)
SELECT %s, 'CODE' || n, 'code' || n, CASE WHEN n <= %s THEN 1 ELSE 0 END, 0, now(), CASE WHEN n <= %s THEN %s END
FROM generate_series(1, %s) AS n
"""
_COPY = "COPY coupons_coupon (book_id, code, code_key, assigned, used, created_at) FROM STDIN"
_marks = count(1)


def _book(house: House) -> CouponBook:
    made = create_book(
        organization_id=house.id, type="list", name="Bench", status="published", actor=TESTER, at=clock.now()
    )
    return get_book_to_use(house.id, made.pk)


def _fill(book: CouponBook, codes: int, gone: int = 0) -> None:
    """Codes of which the first `gone` are somebody's."""
    somebody = Member.objects.filter(organization_id=book.organization_id).values_list("pk", flat=True)[0]
    with connection.cursor() as cursor:
        cursor.execute(_FILL, [book.pk, gone, gone, somebody, codes])


def _take_assign(bench: Bench) -> list[Figure]:
    seconds = bench.scale.seconds
    with bench.places.fresh("assign") as place, ExitStack() as servers:
        shop = Shop(bench.scale.wallets)
        book = _book(shop.house)
        _fill(book, bench.scale.codes)
        members = Member.objects.filter(organization_id=shop.house.id).values_list("pk", flat=True)
        house = servers.enter_context(serving(place, HOUSE))
        bare = bare_mints(servers.enter_context(serving(place, BARE)), shop.stage)
        assign = Requests(
            house,
            "POST",
            f"/api/v1/organizations/{shop.house.id}/coupon-books/{book.pk}/assign",
            1,
            1,
            body='{"memberId": {who}, "systemUniqueKeys": ["{key}"]}',
            token=shop.stage.token("coupons:write"),
            names=tuple(map(str, members)),
        )
        place.tidy()
        for asked in (bare, assign):
            rate_of(asked, 1.0)
        samples = bench.alternate(lambda _: rate_of(bare, seconds), lambda _: rate_of(assign, seconds))
    return [
        Figure(
            "assign",
            "giving a coupon over HTTP, 8 clients",
            "/s",
            **samples,
            at_least=0.60,
            sides=f"both by {how_served()}; ours: token, role, unique key, eligibility, a free code of"
            f" {bench.scale.codes:,}, journal, counters, event; limit: the bare mint of above.",
        )
    ]


def _take_codes(bench: Bench) -> list[Figure]:
    codes = bench.scale.codes
    with bench.places.fresh("codes") as place:
        house = Shop(2).house
        place.tidy()
        samples = bench.alternate(
            lambda _: _copy_rate(place, _book(house), codes), lambda _: _import_rate(_book(house), codes)
        )
    return [
        Figure(
            "codes",
            f"loading {codes:,} codes",
            "/s",
            **samples,
            at_least=0.30,
            sides="the job of an uploaded file, each in a book of its own; limit: COPY of the same rows into the same"
            " table with its indexes and constraints.",
        )
    ]


def _import_rate(book: CouponBook, codes: int) -> float:
    mark = next(_marks)
    source = io.BytesIO("".join(f"{mark}-{number:08d}\n" for number in range(codes)).encode())
    job = start_code_import(book=book, source=source, name="codes.csv", actor=TESTER, at=clock.now())

    def work() -> None:
        done = run_one_job(worker="bench", job_id=job.pk)
        if done is None or done.result.get("succeeded") != codes:
            raise RuntimeError(f"not all codes were added: {done and done.result}")

    return rate(codes, work)


def _copy_rate(place: Place, book: CouponBook, codes: int) -> float:
    mark, at = next(_marks), clock.now().isoformat()

    def lines(start: int) -> str:
        numbers = range(start, min(start + 10_000, codes))
        return "".join(f"{book.pk}\t{mark}-{n:08d}\t{mark}-{n:08d}\t0\t0\t{at}\n" for n in numbers)

    blocks = [lines(start) for start in range(0, codes, 10_000)]

    def work() -> None:
        with psycopg.connect(place.url) as plain, plain.cursor() as cursor, cursor.copy(_COPY) as copy:
            for block in blocks:
                copy.write(block)

    return rate(codes, work)


def _take_free(bench: Bench) -> list[Figure]:
    codes, chance = bench.scale.codes, random.Random(3)
    with bench.places.fresh("free") as place:
        shop = Shop(1000)
        untouched, nearly_gone = _book(shop.house), _book(shop.house)
        _fill(untouched, codes)
        _fill(nearly_gone, codes, codes - max(6 * bench.scale.picks, int(codes * _LEFT)))
        members = list(Member.objects.filter(organization_id=shop.house.id).values_list("pk", flat=True))
        place.tidy()

        def milliseconds(book: CouponBook, picks: int) -> float:
            people = [get_member(shop.house.id, chance.choice(members)) for _ in range(picks)]
            start = time.perf_counter()
            for member in people:
                assign_coupons(book=book, member=member, actor=TESTER, at=clock.now())
            return (time.perf_counter() - start) / picks * 1000

        for book in (untouched, nearly_gone):
            milliseconds(book, 5)
        samples = bench.alternate(
            lambda _: milliseconds(untouched, bench.scale.picks), lambda _: milliseconds(nearly_gone, bench.scale.picks)
        )
    return [
        Figure(
            "free-code",
            f"giving a coupon where nearly all of {codes:,} codes are gone",
            "ms",
            **samples,
            at_most=SAME,
            sides="through the service in one process; limit: the same in a book of as many codes, none of them gone.",
        )
    ]


ASSIGN = Measure("assign", _take_assign)
CODES = Measure("codes", _take_codes)
FREE_CODE = Measure("free-code", _take_free)
