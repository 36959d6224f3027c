"""Coupon books on the console: made, changed, published, told in languages, and what they did."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from coupons.models import BookContent, CouponBook
from coupons.selectors import numbers, numbers_of
from coupons.services import update_book
from loyalty.kernel import clock
from loyalty.kernel.models import AuditEntry, Organization
from members.models import Member
from tests.coupons.books import assign, fresh, make_book, revert, use
from tests.databases import round_trips
from tests.house import NOON, TESTER, House
from tests.staff import Person, refusals
from tests.walk import every_row

LIST = "coupons/couponbook/"


def page_of(book: CouponBook) -> str:
    return f"{LIST}{book.pk}/change/"


def do(book: CouponBook, act: str) -> str:
    return f"{LIST}{book.pk}/do/{act}/"


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().replace("&#x27;", "'").split())


def figures_of(answer: Any) -> dict[str, str]:
    figures = answer.context["target"].figures_on_page
    return {one.title: re.sub(r"<[^>]+>", "", str(one.value)).strip() for one in figures}


def offered(answer: Any) -> set[str]:
    return {kind.slug for kind, _ in answer.context["offered"]}


def test_a_book_is_made_as_a_draft_with_all_that_was_said(house: House, administrator: Person) -> None:
    answer = administrator.act(
        f"{LIST}add/",
        name="Free coffee",
        type="list",
        valid_from="2030-01-01T08:00",
        valid_to="2031-01-01T00:00",
        max_assigned_per_member="2",
        max_coupon_count="100",
        assignment_required_points="50",
        tiers=["base"],
        expression='member.profile.city == "Oslo"',
        discount_type="percentage",
        discount_amount="10.5",
        tags="coffee, new",
        ranking="3",
    )
    book = CouponBook.objects.get()
    assert answer.url == f"/admin/{page_of(book)}"
    assert (book.name, book.type, book.status, book.program_id) == ("Free coffee", "list", "draft", house.program.pk)
    assert (book.max_assigned_per_member, book.max_coupon_count, book.max_assigned_per_coupon) == (2, 100, None)
    assert (book.assignment_required_points, book.usage_required_points) == (50, None)
    assert (book.condition, book.tiers) == ({"expression": 'member.profile.city == "Oslo"'}, ["base"])
    assert (str(book.discount_amount), book.tags, book.ranking_index) == ("10.5000", ["coffee", "new"], 3)
    assert [entry.actor_name for entry in AuditEntry.objects.filter(action="couponbook.created")] == [
        "Anna Administrator"
    ]
    assert 'member.profile.city == "Oslo"' in text_of(administrator.get(page_of(book))).replace("&quot;", '"')


@pytest.mark.parametrize(
    ("said", "field", "says"),
    [
        ({"expression": "member.active &&"}, "expression", "(At character 17.)"),
        ({"expression": "1 + 1"}, "expression", ""),
        ({"valid_from": "2031-01-01T00:00", "valid_to": "2030-01-01T00:00"}, "valid_to", "valid from before"),
        ({"discount_type": "percentage", "discount_amount": "101"}, "discount_amount", "not above 100"),
        ({"max_assigned_per_member": "-1"}, "max_assigned_per_member", "greater than or equal to 0"),
        ({"assignment_required_points": "1.5"}, "assignment_required_points", ""),
        ({"type": "other"}, "type", "not one of the available choices"),
        ({"tiers": ["nobody"]}, "tiers", "not one of the available choices"),
    ],
)
def test_what_cannot_be_meant_is_refused_beside_its_field(
    house: House, administrator: Person, said: dict[str, Any], field: str, says: str
) -> None:
    before = every_row("coupons")
    answer = administrator.act(f"{LIST}add/", **{"name": "Free coffee", "type": "list", **said})
    assert list(refusals(answer)) == [field]
    assert says in refusals(answer)[field][0]
    assert every_row("coupons") == before


def test_the_condition_is_checked_while_it_is_written(house: House, alice: Member, administrator: Person) -> None:
    wrong = administrator.post(f"{LIST}look/", expression="member.active &&").json()
    assert (wrong["field"], wrong["position"]) == ("expression", 16)
    assert administrator.post(f"{LIST}look/", expression="member.active").json()["count"] == "1"


def test_editing_changes_what_is_different_and_nothing_else(house: House, administrator: Person) -> None:
    book = make_book(
        house,
        valid_from=NOON + timedelta(microseconds=7),
        tags=["a"],
        audience_keys=["gone"],
        required_points_config={"ledgerId": house.ledger.pk},
        condition={"expression": "member.active"},
    )
    before = CouponBook.objects.filter(pk=book.pk).values().get()
    assert administrator.act(do(book, "edit")).status_code == 302
    assert CouponBook.objects.filter(pk=book.pk).values().get() == before
    administrator.act(do(book, "edit"), name="Tea", max_assigned_per_member="1")
    after = CouponBook.objects.filter(pk=book.pk).values().get()
    assert {name for name in after if after[name] != before[name]} == {"name", "max_assigned_per_member", "updated_at"}
    entry = AuditEntry.objects.get(action="couponbook.updated")
    assert (entry.actor_name, entry.after) == ("Anna Administrator", {"name": "Tea", "max_assigned_per_member": 1})


def test_only_allowed_moves_are_offered_and_each_has_a_preview_and_a_reason(
    house: House, administrator: Person
) -> None:
    book = make_book(house, status="draft")
    moves = {"publish", "pause", "archive"}
    for act, status, left in (
        ("publish", "published", {"pause", "archive"}),
        ("pause", "disabled", {"publish", "archive"}),
        ("archive", "archived", set()),
    ):
        assert refusals(administrator.act(do(book, act), reason=" "))["reason"]
        looked = administrator.act(do(book, act), confirmed=False, reason="Time for it")
        assert looked.context["preview"].lines[0].then == CouponBook.Status(status).label
        administrator.act(do(book, act), reason="Time for it")
        assert fresh(book).status == status
        page = administrator.get(page_of(book))
        assert offered(page) & moves == left
        assert "Time for it" in text_of(page)
        assert "Anna Administrator" in text_of(page)
    assert administrator.get(do(book, "publish")).status_code == 403


def test_the_page_tells_what_was_given_used_and_paid_and_what_is_left(
    house: House, alice: Member, bob: Member, administrator: Person, noon: Any
) -> None:
    book = make_book(house, "list", codes=["A", "B", "C", "D"], assignment_required_points=30, usage_required_points=5)
    house.give(alice, 200)
    hold = house.take(alice, 40, hold=True)
    noon.shift(timedelta(days=1))
    assign(book, alice, number=2)
    assign(book, alice, hold_id=hold.id)
    used = use(book, alice).usages[-1]
    noon.shift(timedelta(days=1))
    revert(use(book, alice).usages[-1])
    # The first sign-in is over by now.
    administrator = Person(administrator.operator)
    page = administrator.get(page_of(book))
    assert figures_of(page) == {"Given": "3", "Used": "1", "Left": "1", "Points taken": "95 Points"}
    found = numbers_of(fresh(book), since=NOON)
    day = (NOON + timedelta(days=1)).date()
    assert (found.given, found.used, found.is_cut) == ({day: 3}, {day: 1}, False)
    assert found.points == {house.account.pk: 95}
    assert f"Used #{used.pk}" in text_of(page)
    assert 'aria-label="The last 30 days"' in text_of(page)


def test_of_a_long_journal_the_newest_lines_are_added_up_and_the_page_says_so(
    house: House, alice: Member, administrator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = make_book(house)
    for _ in range(3):
        assign(book, alice)
    monkeypatch.setattr(numbers, "REACH", 2)
    found = numbers_of(fresh(book), since=clock.now() - timedelta(days=1))
    assert (sum(found.given.values()), found.is_cut) == (2, True)
    assert "lines of the journal were added up" in text_of(administrator.get(page_of(book)))


def test_a_page_costs_the_same_however_much_was_given(house: House, alice: Member, administrator: Person) -> None:
    book = make_book(house, "generated", assignment_required_points=1)
    house.give(alice, 100)

    def cost() -> int:
        with round_trips() as trips:
            assert administrator.get(page_of(book)).status_code == 200
        return len(trips)

    assign(book, alice)
    few = cost()
    assign(book, alice, number=20)
    assert cost() <= few


def test_points_taken_are_for_those_who_may_see_points(house: House, staff_with: Any) -> None:
    book = make_book(house)
    assert "Points taken" in figures_of(staff_with("coupons:read", "ledgers:read").get(page_of(book)))
    assert "Points taken" not in figures_of(staff_with("coupons:read").get(page_of(book)))


# --- languages -------------------------------------------------------------------------------------------------------
@pytest.fixture
def told(house: House) -> CouponBook:
    """A book in two languages, of which German is its own."""
    languages = ["en-US", "de", "de-CH", "fr"]
    Organization.objects.filter(pk=house.id).update(locales=languages, default_locale="en-US")
    book = make_book(house, content={"title": "Gratis"}, locale="de", is_default_locale=True)
    said = {"content": {"title": "Free"}, "locale": "en-US"}
    return update_book(book=book, changes=said, actor=TESTER, at=clock.now())


@pytest.mark.parametrize(
    ("asked", "used", "steps"),
    [
        ("", "de", ["de"]),
        ("de-CH", "de", ["de-CH", "de"]),
        ("en-US", "en-US", ["en-US"]),
        ("fr", "de", ["fr", "de"]),
    ],
)
def test_3_11_the_preview_shows_a_book_in_the_language_asked_for_and_says_which_it_is(
    told: CouponBook, administrator: Person, asked: str, used: str, steps: list[str]
) -> None:
    page = administrator.get(page_of(told), locale=asked)
    [seen] = [panel.context for panel in page.context["panels"] if panel.title == "As a member sees it"]
    assert (seen.used, [locale for locale, _ in seen.steps]) == (used, steps)
    assert seen.facts == [("title", "Gratis" if used == "de" else "Free")]
    assert f'lang="{used}"' in text_of(page)


def test_content_is_written_and_taken_away_for_each_language(told: CouponBook, administrator: Person) -> None:
    path = do(told, "content")
    form = administrator.get(path, locale="en-US").context["act"]
    assert '"Free"' in form.initial["content"]
    assert form.initial["is_default_locale"] is False
    administrator.act(path, locale="fr", content='{"title": "Gratuit"}', is_default_locale=None)
    assert {row.locale: row.content["title"] for row in BookContent.objects.all()} == {
        "de": "Gratis",
        "en-US": "Free",
        "fr": "Gratuit",
    }
    administrator.act(path, locale="fr", content="", is_default_locale=None)
    assert set(BookContent.objects.values_list("locale", flat=True)) == {"de", "en-US"}
    entries = AuditEntry.objects.filter(action="couponbook.content-written", actor_name="Anna Administrator")
    assert [entry.after for entry in entries.order_by("pk")] == [
        {"language": "fr", "says": ["title"]},
        {"language": "fr", "says": []},
    ]


@pytest.mark.parametrize("content", ["{", "[1]", '"x"', "{'a': 1}"])
def test_content_that_is_no_object_is_refused_beside_the_field(
    told: CouponBook, administrator: Person, content: str
) -> None:
    before = every_row("coupons")
    assert list(refusals(administrator.act(do(told, "content"), content=content))) == ["content"]
    assert every_row("coupons") == before


def test_books_are_found_by_a_part_of_their_name(house: House, administrator: Person) -> None:
    book, other = make_book(house, name="Free coffee"), make_book(house, name="Tea")
    listed = administrator.get(LIST, q="coff").context["cl"].result_list
    assert list(listed) == [book]
    assert list(administrator.get(LIST, status__exact="published").context["cl"].result_list) == [book, other]
    assert f"/admin/{page_of(book)}" in text_of(administrator.get("search/", s="coff", extended=1))


def test_an_empty_list_says_what_books_are_for(house: House, administrator: Person) -> None:
    page = administrator.get(LIST)
    assert "A coupon book is one kind of coupon" in text_of(page)
    assert offered(page) == {"create"}
    assert text_of(page).count("New coupon book") == 2
