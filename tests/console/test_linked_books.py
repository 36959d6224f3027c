"""A linked book and its source on the console: each side sees its own, and what it may do."""

from __future__ import annotations

from typing import Any

import pytest

from coupons.models import Coupon, CouponBook
from coupons.services import disable_book, set_links_open
from loyalty.kernel import clock
from members.models import Member
from tests.console.test_coupon_books import do, figures_of, offered, page_of, text_of
from tests.coupons.books import assign, fresh, link, make_book
from tests.house import TESTER, House
from tests.staff import Person

CODES = "coupons/coupon/"
LINES = "coupons/couponusage/"


@pytest.fixture
def source(house: House, alice: Member) -> CouponBook:
    book = make_book(house, "list", codes=["A", "B", "C", "D"], max_assigned_per_coupon=1)
    assign(book, alice)
    return book


@pytest.fixture
def linked(source: CouponBook, neighbor: House, charlie: Member) -> CouponBook:
    book = link(source, neighbor, name="A cup next door")
    assign(book, charlie)
    return book


def facts_of(page: Any) -> dict[str, str]:
    return {name: str(value) for _, facts in page.context["groups"] for name, value in facts}


def test_the_sources_page_tells_how_much_partners_gave_and_not_to_whom(
    administrator: Person, source: CouponBook, linked: CouponBook
) -> None:
    page = administrator.get(page_of(source))
    assert figures_of(page)["Given"] == "2"
    assert figures_of(page)["Left"] == "2"
    [panel] = [panel for panel in page.context["panels"] if panel.title == "Given by partners"]
    [(organization, state, given, used)] = panel.rows
    assert (organization, ">Published<" in state, ">1<" in given, ">0<" in used) == ("Neighbor Books", True, True, True)
    assert "charlie" not in text_of(page)


def test_a_book_nobody_else_gives_has_no_such_panel(administrator: Person, source: CouponBook) -> None:
    assert "Given by partners" not in text_of(administrator.get(page_of(source)))


def test_a_code_that_a_partner_gave_says_so_and_not_to_whom(
    administrator: Person, source: CouponBook, linked: CouponBook
) -> None:
    theirs = Coupon.objects.get(code="B")
    listed = text_of(administrator.get(CODES, book=source.pk))
    assert "a partner's member" in listed
    page = text_of(administrator.get(f"{CODES}{theirs.pk}/change/"))
    assert "a partner's member" in page
    assert "through a partner's book, too" in page
    assert "charlie" not in listed + page
    assert "Assignment" not in page


def test_the_linked_books_page_tells_whose_it_gives_and_what_is_left_of_it(
    stranger: Person, source: CouponBook, linked: CouponBook, house: House
) -> None:
    page = stranger.get(page_of(linked))
    assert "Coffee of Demo Coffee" in facts_of(page)["Gives"]
    assert figures_of(page)["Given"] == "1"
    assert figures_of(page)["Left"] == "2"
    text = text_of(page)
    assert "Newest codes" not in text
    assert f"/admin/{page_of(source)}" not in text
    assert offered(page) >= {"edit", "give", "pause", "archive"}
    assert not offered(page) & {"add-codes", "import-codes", "export-codes", "codes"}
    for act in ("add-codes", "import-codes", "export-codes"):
        assert stranger.get(do(linked, act)).status_code == 403
    disable_book(book=fresh(source), actor=TESTER, at=clock.now())
    assert ">Disabled<" in facts_of(stranger.get(page_of(linked)))["Gives"]
    set_links_open(books=[linked], is_open=False)
    assert ">No longer shared<" in facts_of(stranger.get(page_of(linked)))["Gives"]


def test_the_partner_finds_a_code_it_gave_among_its_lines_and_not_among_codes(
    stranger: Person, source: CouponBook, linked: CouponBook
) -> None:
    [line] = stranger.get(LINES, q="b").context["cl"].result_list
    assert line.book_id == linked.pk
    assert stranger.get(LINES, q="a").context["cl"].result_list == []
    code = Coupon.objects.get(code="B")
    assert f"/admin/{CODES}{code.pk}/" not in text_of(stranger.get(LINES))
    assert stranger.get(CODES, q="b").context["cl"].result_list == []
    listed = stranger.get(CODES, book=linked.pk)
    assert listed.context["cl"].result_list == []
    assert "Its codes are those of the book that was offered" in text_of(listed)
    assert stranger.get(f"{CODES}{code.pk}/change/").status_code == 404


def test_the_partner_edits_all_but_the_shared_limits(stranger: Person, linked: CouponBook) -> None:
    form = stranger.get(do(linked, "edit")).context["act"]
    assert not {"max_coupon_count", "max_assigned_per_coupon"} & set(form.fields)
    assert stranger.act(do(linked, "edit"), name="Tea", max_assigned_per_member="3").status_code == 302
    book = fresh(linked)
    assert (book.name, book.max_assigned_per_member, book.stock.max_assigned_per_coupon) == ("Tea", 3, 1)


def test_to_give_from_a_linked_book_shows_the_code_before_and_gives_it(
    stranger: Person, linked: CouponBook, charlie: Member
) -> None:
    path = do(linked, "give")
    looked = stranger.act(path, confirmed=False, member="charlie", reason="A gift")
    assert [row[0] for row in looked.context["preview"].rows] == ["C"]
    assert stranger.act(path, member="charlie", reason="A gift").status_code == 302
    assert Coupon.objects.get(code="C").member_id == charlie.pk
