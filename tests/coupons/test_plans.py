"""Picking a free code costs the same however many are gone: by the index over the free ones (semantics 3.5)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from coupons.models import Coupon, CouponBook
from coupons.selectors import codes
from coupons.services import choosing
from coupons.services.codes import insert_codes
from loyalty.kernel import clock
from members.models import Member
from tests.coupons.books import make_book
from tests.databases import analyze, forget_statistics
from tests.house import House

MANY = 30_000


@pytest.fixture
def thrown_away(db: None) -> Iterator[None]:
    """What the test leaves is rolled back without each of its references being checked first."""
    yield
    transaction.set_rollback(True)


def tidy() -> None:
    """What tests before left behind in one index or the other would decide between two that are as good."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("REINDEX TABLE coupons_coupon")


def explain(book: CouponBook, how: str = "") -> str:
    lock = choosing._LOCK if connection.vendor == "postgresql" else ""
    return plan_of(choosing._FREE + lock, book.pk, 1, how=how)


def plan_of(query: str, *values: int, how: str = "") -> str:
    words = f"EXPLAIN {how}" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{words} {query}", values)
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def test_3_5_a_free_code_is_found_by_the_index_over_free_ones(thrown_away: None, house: House, alice: Member) -> None:
    tidy()
    book = make_book(house, "list")
    insert_codes(book, [f"CODE{number}" for number in range(MANY)], clock.now())
    for gone in (0, MANY - 30):
        last = list(Coupon.objects.filter(book=book).order_by("pk").values_list("pk", flat=True)[: gone + 1])[-1]
        Coupon.objects.filter(book=book, pk__lt=last).update(assigned=1, member=alice)
        for know in (forget_statistics, analyze) if connection.vendor == "postgresql" else (analyze,):
            know("coupons_coupon")
            plan = explain(book)
            assert "coupon_free" in plan, plan
            assert "Sort" not in plan, plan
            assert "TEMP B-TREE" not in plan, plan
        assert choosing.take_free(book, alice, 1, 1)[0].pk == last


def test_a_page_of_codes_passes_no_other_books_codes(thrown_away: None, house: House) -> None:
    other, book = make_book(house, "list"), make_book(house, "list")
    for one in (other, book):
        insert_codes(one, [f"CODE{number}" for number in range(MANY)], clock.now())
    for know in (forget_statistics, analyze) if connection.vendor == "postgresql" else (analyze,):
        know("coupons_coupon")
        for newest_first in (False, True):
            plan = plan_of(codes._IN_ORDER[newest_first], book.pk, 25, 0)
            assert "coupon_of_book" in plan, plan
            assert "Sort" not in plan, plan
            assert "TEMP B-TREE" not in plan, plan
        assert "coupon_of_book" in plan_of(codes._AFTER, book.pk, 0, 5000)


@pytest.mark.postgresql
def test_3_5_one_pick_reads_a_few_pages_of_a_nearly_empty_list(thrown_away: None, house: House, alice: Member) -> None:
    book = make_book(house, "list")
    insert_codes(book, [f"CODE{number}" for number in range(MANY)], clock.now())
    last = list(Coupon.objects.filter(book=book).order_by("pk").values_list("pk", flat=True))[-3]
    Coupon.objects.filter(book=book, pk__lt=last).update(assigned=1, member=alice)
    with connection.cursor() as cursor:
        # What a vacuum would do with the entries of codes that are gone.
        cursor.execute("REINDEX INDEX coupon_free")
    plan = explain(book, "(ANALYZE, BUFFERS, COSTS OFF, TIMING OFF)")
    assert "rows=1 " in plan
    assert "Rows Removed" not in plan, plan
