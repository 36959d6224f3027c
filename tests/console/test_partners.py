"""Partnerships and offerings on the console: each side sees its own, and does what is its to do."""

from __future__ import annotations

from typing import Any

import pytest

from coupons.models import CouponBook
from partners.models import CouponBookOffering, Partnership
from tests import factories
from tests.console.test_coupon_books import offered, text_of
from tests.coupons.books import link, make_book
from tests.house import House
from tests.partners.shared import ally, decide, offer, turn
from tests.staff import Person, refusals, staff_of
from tests.walk import every_row

PARTNERSHIPS = "partners/partnership/"
OFFERINGS = "partners/couponbookoffering/"


def page_of(row: Any) -> str:
    return f"partners/{row._meta.model_name}/{row.pk}/change/"


def do(row: Any, act: str) -> str:
    return f"partners/{row._meta.model_name}/{row.pk}/do/{act}/"


@pytest.fixture
def partnership(house: House, neighbor: House) -> Partnership:
    return ally(house, neighbor)


# --- partnerships ----------------------------------------------------------------------------------------------------
def test_4_1_a_system_administrator_makes_ends_and_begins_a_partnership(
    house: House, neighbor: House, system_admin: Person
) -> None:
    path = f"{PARTNERSHIPS}add/"
    assert refusals(system_admin.act(path, partner="nobody", reason="Friends"))["partner"] == [
        "There is no organization with this key."
    ]
    assert system_admin.act(path, partner="neighbor-books", reason="Friends").status_code == 302
    made = Partnership.objects.get()
    assert (made.organization_id, made.partner_organization_id, made.active) == (house.id, neighbor.id, True)
    again = system_admin.act(path, partner="neighbor-books", reason="Friends")
    assert "have a partnership already" in refusals(again)["__all__"][0]
    for act, active, left in (("deactivate", False, {"activate"}), ("activate", True, {"deactivate"})):
        assert refusals(system_admin.act(do(made, act), reason=" "))["reason"]
        looked = system_admin.act(do(made, act), confirmed=False, reason="Time")
        assert looked.context["preview"].lines[0].then == ("active" if active else "inactive")
        system_admin.act(do(made, act), reason="Time")
        made.refresh_from_db()
        page = system_admin.get(page_of(made))
        assert (made.active, offered(page)) == (active, left)
        assert "Rosa Root" in text_of(page)


def test_both_sides_see_a_partnership_and_change_nothing_of_it(
    partnership: Partnership, administrator: Person, stranger: Person
) -> None:
    before = every_row()
    for person in (administrator, stranger):
        assert list(person.get(PARTNERSHIPS).context["cl"].result_list) == [partnership]
        page = person.get(page_of(partnership))
        assert "Demo Coffee and Neighbor Books" in text_of(page)
        assert offered(page) == set()
        assert person.get(do(partnership, "deactivate")).status_code == 403
        assert person.get(f"{PARTNERSHIPS}add/").status_code == 403
    outsider = staff_of(factories.OrganizationFactory(), is_admin=True)
    assert list(outsider.get(PARTNERSHIPS).context["cl"].result_list) == []
    assert outsider.get(page_of(partnership)).status_code == 404
    assert [row for row in every_row("partners").items() if before[row[0]] != row[1]] == []


# --- offerings -------------------------------------------------------------------------------------------------------
def test_4_2_a_book_is_offered_by_a_part_of_its_name(
    house: House, neighbor: House, partnership: Partnership, administrator: Person
) -> None:
    book = make_book(house)
    make_book(house, name="Draft", status="draft")
    link(make_book(neighbor, name="Theirs"), house)
    ended = ally(house, factories.build_house("Third"))
    turn(ended, active=False)
    path = f"{OFFERINGS}add/"
    form = administrator.get(path).context["act"]
    assert form.fields["partnership"].choices == [(str(partnership.pk), "Neighbor Books")]
    assert form.fields["book"].widget.options == ["Coffee"]
    answer = administrator.act(path, partnership=str(partnership.pk), book="Coffee")
    made = CouponBookOffering.objects.get()
    assert (answer.url, made.offered_book_id, made.status) == (f"/admin/{page_of(made)}", book.pk, "pending")
    again = administrator.act(path, partnership=str(partnership.pk), book="Coffee")
    assert "offered in this partnership already" in refusals(again)["book"][0]
    assert "no such book" in refusals(administrator.act(path, partnership=str(partnership.pk), book="x"))["book"][0]
    draft = administrator.act(path, partnership=str(partnership.pk), book="draft")
    assert refusals(draft)["book"] == ["Publish the coupon book first."]


def test_4_3_the_other_side_accepts_after_a_look_and_gets_a_draft(
    house: House, neighbor: House, partnership: Partnership, administrator: Person, stranger: Person
) -> None:
    offering = offer(partnership, make_book(house, description="Any cup."))
    assert offered(administrator.get(page_of(offering))) == {""}
    assert administrator.get(do(offering, "accept")).status_code == 403
    page = stranger.get(page_of(offering))
    assert offered(page) == {"accept", "reject"}
    assert "Any cup." in text_of(page)
    looked = stranger.act(do(offering, "accept"), confirmed=False)
    assert looked.context["preview"].lines[0].then == "Coffee, as a draft"
    assert CouponBook.objects.count() == 1
    answer = stranger.act(do(offering, "accept"))
    linked = CouponBook.objects.get(source_book=offering.offered_book)
    assert answer.url == f"/admin/coupons/couponbook/{linked.pk}/change/"
    assert (linked.organization_id, linked.status) == (neighbor.id, "draft")
    # Each side may open its own book, and not the other's; who decided next door is not told.
    theirs, ours = text_of(stranger.get(page_of(offering))), text_of(administrator.get(page_of(offering)))
    assert ("The linked book" in theirs, "The offered book" in theirs) == (True, False)
    assert ("The linked book" in ours, "The offered book" in ours) == (False, True)
    assert "Niko Neighbor" in theirs
    assert "Niko Neighbor" not in ours
    assert "Somebody of Neighbor Books" in ours
    assert "Coffee (draft)" in ours


def test_4_3_the_other_side_rejects_with_a_reason(
    house: House, partnership: Partnership, administrator: Person, stranger: Person
) -> None:
    offering = offer(partnership, make_book(house))
    assert refusals(stranger.act(do(offering, "reject"), reason=" "))["reason"]
    assert stranger.act(do(offering, "reject"), reason="We sell books").status_code == 302
    assert CouponBookOffering.objects.get().status == "rejected"
    assert "We sell books" in text_of(administrator.get(page_of(offering)))


def test_whoever_may_only_read_partnerships_decides_nothing(
    house: House, neighbor: House, partnership: Partnership
) -> None:
    offering = offer(partnership, make_book(house))
    reader = staff_of(neighbor.organization, "partnerships:read", "coupons:write")
    assert offered(reader.get(page_of(offering))) == set()
    assert reader.get(do(offering, "accept")).status_code == 403
    writer = staff_of(neighbor.organization, "partnerships:write")
    answer = writer.act(do(offering, "accept"))
    # The book is not theirs to open.
    assert answer.url == f"/admin/{page_of(offering)}"


def test_an_offering_that_cannot_be_accepted_says_why(house: House, partnership: Partnership, stranger: Person) -> None:
    offering = offer(partnership, make_book(house))
    turn(partnership, active=False)
    assert refusals(stranger.act(do(offering, "accept")))["__all__"] == ["The partnership is not active."]


def test_the_lists_have_both_what_was_made_and_received(
    house: House, neighbor: House, partnership: Partnership, administrator: Person
) -> None:
    made = offer(partnership, make_book(house))
    received = decide(offer(partnership, make_book(neighbor)), approved=False)
    listed = administrator.get(OFFERINGS).context["cl"].result_list
    assert list(listed) == [received, made]
    assert list(administrator.get(OFFERINGS, status__exact="pending").context["cl"].result_list) == [made]
