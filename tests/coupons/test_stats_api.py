"""What was given and used of coupon books, over the core API (semantics 14)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from coupons.models import CouponBook
from loyalty.kernel.models import Organization
from members.models import Member
from tests.coupons.books import assign, make_book, revert, use
from tests.house import Api, House
from tests.refusals import refuses


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"2030-03-{text}+00:00")


@pytest.fixture
def books(noon: Any, house: House, alice: Member, bob: Member) -> Iterator[list[CouponBook]]:
    """Coffee, given and used; cake, given more often and used less; one that nobody wants; and what was taken back."""
    coffee = make_book(house, name="Coffee", tags=["drinks"], discount_type="fixed", discount_amount=Decimal("2.50"))
    cake = make_book(house, name="Cake", tags=["food"], discount_type="percentage", discount_amount=Decimal(10))
    tea = make_book(house, name="Tea", tags=["drinks", "hot"])
    assign(coffee, alice, amount=3, at=moment("10 12:00"))
    use(coffee, alice, at=moment("11 12:00"))
    use(coffee, alice, at=moment("11 23:30"))
    assign(cake, bob, amount=4, at=moment("11 12:00"))
    wrong = use(cake, bob, at=moment("12 12:00")).usages[-1]
    use(cake, bob, at=moment("12 12:00"))
    revert(wrong, at=moment("13 12:00"))
    revert(assign(cake, alice, amount=9, at=moment("12 12:00")).usages[0], at=moment("13 12:00"))
    yield [coffee, cake, tea]


def results(api: Api, path: str) -> list[dict[str, Any]]:
    answer = api.get(f"stats/{path}")
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.body["results"]
    return found


def test_14_units_are_told_day_by_day_without_what_was_taken_back(
    books: list[CouponBook], neighbor: House, charlie: Member, api: Api
) -> None:
    assign(make_book(neighbor), charlie, amount=5, at=moment("11 12:00"))
    found = results(api, "benefits/usages")
    assert len(found) == 30
    assert [row for row in found if row["assigned"] or row["used"]] == [
        {"date": "2030-03-10", "assigned": 3, "used": 0},
        {"date": "2030-03-11", "assigned": 4, "used": 2},
        {"date": "2030-03-12", "assigned": 0, "used": 1},
    ]
    Organization.objects.update(timezone="Europe/Berlin")
    assert {row["date"]: row["used"] for row in results(api, "benefits/usages") if row["used"]} == {
        "2030-03-11": 1,
        "2030-03-12": 2,
    }


def test_14_the_books_of_which_most_was_given_come_first(books: list[CouponBook], api: Api) -> None:
    coffee, cake, tea = books
    rows = {
        book.pk: {
            "couponBookId": book.pk,
            "couponBookKey": book.key,
            "name": book.name,
            "assigned": assigned,
            "used": used,
            "usageRate": rate,
        }
        for book, assigned, used, rate in ((coffee, 3, 2, 0.6667), (cake, 4, 1, 0.25), (tea, 0, 0, 0.0))
    }
    assert results(api, "benefits/performance") == [rows[book.pk] for book in (cake, coffee, tea)]
    used = [rows[book.pk] for book in (coffee, cake, tea)]
    assert results(api, "benefits/performance?orderByUsage=true") == used
    assert results(api, "benefits/performance?orderByUsage=true&limit=1") == used[:1]
    # A book may be used more than it was given in the same time.
    short = results(api, "benefits/performance?sinceFrom=2030-03-11T12:00:00Z&sinceTo=2030-03-11T12:00:00.000001Z")
    assert [(row["name"], row["assigned"], row["used"]) for row in short] == [
        ("Cake", 4, 0),
        ("Coffee", 0, 1),
        ("Tea", 0, 0),
    ]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "x", "9" * 30])
def test_14_at_most_a_hundred_books_are_asked_for(house: House, api: Api, limit: str) -> None:
    refuses(api, "GET", f"stats/benefits/performance?limit={limit}", None, 400, "INVALID_INPUT")


def test_14_nobody_who_does_not_say_is_told_of_more_than_ten_books(house: House, api: Api) -> None:
    for number in range(11):
        make_book(house, name=f"Book {number}")
    assert len(results(api, "benefits/performance")) == 10
    assert len(results(api, "benefits/performance?limit=100")) == 11
    assert len(results(api, "coupon-books/usages")) == 11


def test_14_each_book_tells_its_units_and_a_tag_chooses_books(books: list[CouponBook], api: Api) -> None:
    rows = [
        {"couponBookId": book.pk, "couponBookKey": book.key, "name": book.name, "assigned": assigned, "used": used}
        for book, assigned, used in zip(books, (3, 4, 0), (2, 1, 0), strict=True)
    ]
    assert results(api, "coupon-books/usages") == rows
    assert results(api, "coupon-books/usages?tag=drinks") == [rows[0], rows[2]]
    assert results(api, "coupon-books/usages?tag=drin") == []


def test_14_discounts_are_added_up_by_their_type(books: list[CouponBook], api: Api) -> None:
    path = "stats/coupon-books/discount-amounts"
    assert api.get(path).body == {"result": {"fixed": 5, "percentage": 10}}
    assert api.get(f"{path}?discountType=fixed").body == {"result": {"fixed": 5}}
    assert api.get(f"{path}?sinceFrom=2030-03-11T12:00:00Z&sinceTo=2030-03-11T23:30:00Z").body == {
        "result": {"fixed": 2.5, "percentage": 0}
    }
    refuses(api, "GET", f"{path}?discountType=voucher", None, 400, "INVALID_INPUT")
