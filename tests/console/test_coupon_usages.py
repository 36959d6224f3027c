"""Giving coupons by hand, taking them back, and the journal of it all."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from coupons.models import CouponBook, CouponUsage
from coupons.selectors import LinesWanted, browse_usages, browsing
from loyalty.kernel import clock
from loyalty.kernel.desk import address_of
from loyalty.kernel.models import AuditEntry
from members.models import Member
from members.services import update_member
from tests.console.test_coupon_books import do, text_of
from tests.coupons.books import assign, make_book, revert, totals, use
from tests.databases import analyze, forget_statistics, round_trips, triggers_off
from tests.house import TESTER, House
from tests.staff import Person, refusals
from tests.walk import every_row

LIST = "coupons/couponusage/"


def lines_of(page: Any) -> dict[str, tuple[str, str]]:
    """A preview's lines: as it is, as it would be."""
    return {line.what: (bare(line.now), bare(line.then)) for line in page.context["preview"].lines}


def bare(value: Any) -> str:
    return re.sub(r"<[^>]+>", "", str(value)).strip()


def listed(person: Person, **query: Any) -> list[int]:
    return [line.pk for line in person.get(LIST, **query).context["cl"].result_list]


def to_member(member: Member) -> str:
    return f"members/member/{member.pk}/do/give-coupon/"


def back(usage: CouponUsage) -> str:
    return f"{LIST}{usage.pk}/do/revert/"


# --- giving ----------------------------------------------------------------------------------------------------------
def test_a_coupon_is_given_from_the_book_after_a_look_at_what_will_happen(
    house: House, alice: Member, administrator: Person
) -> None:
    book = make_book(house, "list", codes=["ONE", "TWO", "THREE"], assignment_required_points=30)
    house.give(alice, 100)
    before = every_row()
    said = {"member": "alice", "number": "2", "reason": "She waited long"}
    page = administrator.act(do(book, "give"), confirmed=False, **said)
    assert page.context["preview"].says == f"{alice} is given 2 coupons of Coffee."
    assert lines_of(page) == {
        f"{alice} was given": ("0", "2"),
        "Coffee: given in all": ("0", "2"),
        f"{alice}: can be spent": ("100 Points", "40 Points"),
        "It costs": ("", "60 Points"),
    }
    assert [row[:2] for row in page.context["preview"].rows] == [("ONE", 1), ("TWO", 1)]
    assert every_row() == before
    administrator.act(do(book, "give"), **said)
    assert totals(book) == (3, 2, 0)
    assert house.balance(alice) == (40, 0, 0)
    assert house.findings() == []
    marks = AuditEntry.objects.filter(reason="She waited long").order_by("pk").values_list("action", "actor_name")
    assert list(marks) == [
        ("couponusage.assigned", "Anna Administrator"),
        ("couponusage.assigned", "Anna Administrator"),
        ("member.coupons-given", "Anna Administrator"),
    ]
    for page_of in (address_of(alice), address_of(CouponUsage.objects.latest("pk"))):
        assert "She waited long" in text_of(administrator.get(page_of))


def test_a_coupon_is_given_from_the_members_page(house: House, alice: Member, administrator: Person) -> None:
    book, tea = make_book(house, "list", codes=["ONE", "TWO"]), make_book(house, name="Tea")
    make_book(house, name="Draft", status="draft")
    form = administrator.get(to_member(alice)).context["act"]
    assert form.fields["book"].widget.options == ["Coffee", "Tea"]
    day = (clock.now() + timedelta(days=9)).date()
    answer = administrator.act(
        to_member(alice), book="coffee", number="1", code="two", expires_on=day.isoformat(), reason="A gift"
    )
    assert answer.url == address_of(alice)
    given = CouponUsage.objects.get()
    assert (given.book, given.coupon.code, given.expires_at.date()) == (book, "TWO", day)  # type: ignore[union-attr]
    administrator.act(to_member(alice), book=tea.key, reason="Another")
    page = text_of(administrator.get(address_of(alice)))
    assert "0 of 1" in page
    assert address_of(tea) in page
    assert f"{LIST}?member={alice.pk}" in page


def test_the_same_form_gives_once(house: House, alice: Member, administrator: Person) -> None:
    book = make_book(house)
    form = {**administrator.form_of(to_member(alice)), "book": "Coffee", "reason": "A gift", "confirmed": "1"}
    answers = [administrator.post(to_member(alice), **form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert totals(book) == (0, 1, 0)


def test_every_reason_why_not_is_said_and_nothing_happens(house: House, alice: Member, administrator: Person) -> None:
    book = make_book(house, tiers=["gold"], condition={"expression": "!member.active"}, assignment_required_points=5)
    before = every_row()
    for confirmed in (False, True):
        page = administrator.act(do(book, "give"), confirmed=confirmed, member="alice", reason="A gift")
        assert refusals(page)["__all__"] == [
            "The member has none of the tiers of this coupon book.",
            "The condition of this coupon book does not hold for the member.",
            "The member has not enough points for this coupon.",
        ]
    assert every_row() == before


@pytest.mark.parametrize(
    ("said", "field", "says"),
    [
        ({"member": "nobody"}, "member", ""),
        ({"number": "0"}, "number", "greater than or equal to 1"),
        ({"number": "101"}, "number", "less than or equal to 100"),
        ({"number": "2", "code": "ONE"}, "number", "A code is one coupon"),
        ({"code": "NONE"}, "code", "has no code"),
        ({"code": "TAKEN"}, "code", "given as often as it may be"),
        ({"expires_on": "2001-01-01"}, "expires_on", "expired already"),
        ({"number": "3"}, "__all__", "has not enough left"),
        ({"reason": " "}, "reason", "required"),
    ],
)
def test_what_cannot_be_given_is_refused_beside_its_field(
    house: House, alice: Member, bob: Member, administrator: Person, said: dict[str, str], field: str, says: str
) -> None:
    book = make_book(house, "list", codes=["TAKEN", "ONE", "TWO"])
    assign(book, bob)
    before = every_row()
    page = administrator.act(do(book, "give"), **{"member": "alice", "reason": "A gift", **said})
    assert list(refusals(page)) == [field]
    assert says in refusals(page)[field][0]
    assert every_row() == before


def test_a_book_that_is_not_there_or_a_neighbors_is_refused(
    house: House, neighbor: House, alice: Member, administrator: Person
) -> None:
    theirs = make_book(neighbor, name="Theirs")
    for _ in range(2):
        make_book(house, name="Twice")
    before = every_row()
    for text, says in ((theirs.key, "no such book"), (str(theirs.pk), "no such book"), ("TWICE", "Several books")):
        page = administrator.act(to_member(alice), book=text, reason="A gift")
        assert says in refusals(page)["book"][0]
    assert every_row() == before


def test_who_may_not_give_is_offered_nothing(house: House, alice: Member, staff_with: Callable[..., Person]) -> None:
    book = make_book(house)
    reader = staff_with("members:write", "coupons:read", "ledgers:write")
    assert "give-coupon" not in text_of(reader.get(address_of(alice)))
    assert reader.post(to_member(alice), once="k", book="Coffee", reason="x", confirmed="1").status_code == 403
    # Looking for members takes their role.
    assert staff_with("coupons:write").get(do(book, "give")).status_code == 403
    assert totals(book) == (0, 0, 0)


def test_a_blocked_member_is_offered_none(house: House, alice: Member, administrator: Person) -> None:
    update_member(member=alice, changes={"active": False}, actor=TESTER, at=clock.now())
    assert administrator.get(to_member(alice)).status_code == 403


def test_balances_are_for_those_who_may_see_points(
    house: House, alice: Member, staff_with: Callable[..., Person]
) -> None:
    book = make_book(house, assignment_required_points=30)
    house.give(alice, 100)
    page = staff_with("coupons:write", "members:read").act(
        do(book, "give"), confirmed=False, member="alice", reason="A gift"
    )
    assert f"{alice}: can be spent" not in lines_of(page)
    assert lines_of(page)["It costs"] == ("", "30 Points")


def test_what_a_member_has_is_for_those_who_may_see_benefits(
    house: House, alice: Member, staff_with: Callable[..., Person]
) -> None:
    assign(make_book(house, "list", codes=["SECRET"]), alice)
    assert "SECRET" not in text_of(staff_with("members:read").get(address_of(alice)))
    seen = text_of(staff_with("members:read", "benefits:read").get(address_of(alice)))
    assert "SECRET" in seen
    assert "/admin/coupons/" not in seen


# --- taking back -----------------------------------------------------------------------------------------------------
def test_a_use_and_then_its_assignment_are_taken_back_as_the_preview_said(
    house: House, alice: Member, administrator: Person
) -> None:
    book = make_book(house, "list", codes=["ONE"], assignment_required_points=30, usage_required_points=5)
    house.give(alice, 100)
    given = assign(book, alice).usages[0]
    used = use(book, alice).usages[0]
    assert administrator.get(back(given)).status_code == 403
    before = every_row()
    page = administrator.act(back(used), confirmed=False, reason="By mistake")
    assert lines_of(page) == {
        f"{alice} used": ("1", "0"),
        "Coffee: used in all": ("1", "0"),
        f"{alice}: can be spent": ("65 Points", "70 Points"),
    }
    assert every_row() == before
    administrator.act(back(used), reason="By mistake")
    assert (totals(book), house.balance(alice)) == ((1, 1, 0), (70, 0, 0))
    page = administrator.act(back(given), confirmed=False, reason="Both of it")
    assert lines_of(page)[f"{alice}: can be spent"] == ("70 Points", "100 Points")
    administrator.act(back(given), reason="Both of it")
    assert (totals(book), house.balance(alice)) == ((1, 0, 0), (100, 0, 0))
    assert administrator.get(back(given)).status_code == 403
    assert house.findings() == []
    for address in (address_of(given), address_of(alice)):
        page = text_of(administrator.get(address))
        assert "Both of it" in page
        assert "Anna Administrator" in page


def test_taken_back_meanwhile_says_so(house: House, alice: Member, administrator: Person) -> None:
    given = assign(make_book(house), alice).usages[0]
    form = {**administrator.form_of(back(given)), "reason": "By mistake", "confirmed": "1"}
    revert(given)
    assert administrator.post(back(given), **form).status_code == 403


# --- the journal -----------------------------------------------------------------------------------------------------
@pytest.fixture
def journal(house: House, alice: Member, bob: Member) -> dict[str, CouponUsage]:
    """Lines of every kind and state."""
    coffee, tea = make_book(house, "list", codes=["ONE", "TWO", "THREE"]), make_book(house, name="Tea")
    lines = {"open": assign(coffee, alice).usages[0], "used": assign(coffee, bob).usages[0]}
    lines["use"] = use(coffee, bob).usages[0]
    lines["reverted"] = assign(tea, alice).usages[0]
    revert(lines["reverted"])
    lines["expired"] = assign(tea, bob, expires_at=clock.now() + timedelta(hours=1)).usages[0]
    CouponUsage.objects.filter(pk=lines["expired"].pk)
    return lines


def test_the_journal_is_filtered_by_book_member_kind_and_state(
    house: House, alice: Member, bob: Member, journal: dict[str, CouponUsage], administrator: Person
) -> None:
    pks = {name: line.pk for name, line in journal.items()}
    coffee, tea = journal["open"].book_id, journal["expired"].book_id
    assert listed(administrator) == sorted(pks.values(), reverse=True)
    assert listed(administrator, book=coffee) == [pks["use"], pks["used"], pks["open"]]
    assert listed(administrator, member=alice.pk) == [pks["reverted"], pks["open"]]
    assert listed(administrator, member=bob.pk, book=tea) == [pks["expired"]]
    assert listed(administrator, kind="use") == [pks["use"]]
    assert listed(administrator, member=bob.pk, kind="use") == [pks["use"]]
    assert listed(administrator, state="reverted") == [pks["reverted"]]
    assert listed(administrator, state="used") == [pks["use"], pks["used"]]
    assert listed(administrator, state="open", book=coffee) == [pks["open"]]
    later = clock.now() + timedelta(hours=2)
    for wanted in (LinesWanted(state="expired"), LinesWanted(book_id=tea, state="expired")):
        assert browse_usages(house.id, wanted, at=later, most=9).ids == [pks["expired"]]
    assert listed(administrator, book="x") == listed(administrator, member="x") == []


def test_the_journal_is_searched_by_code_member_and_number(
    house: House,
    alice: Member,
    journal: dict[str, CouponUsage],
    administrator: Person,
    staff_with: Callable[..., Person],
) -> None:
    assert listed(administrator, q="one") == [journal["open"].pk]
    assert listed(administrator, q="alice") == [journal["reverted"].pk, journal["open"].pk]
    assert listed(administrator, q="two") == [journal["use"].pk, journal["used"].pk]
    reader = staff_with("coupons:read")
    assert listed(reader, q="alice") == []
    assert address_of(alice) not in text_of(reader.get(LIST))


def test_nothing_of_the_neighbors_is_in_the_journal(
    house: House, neighbor: House, alice: Member, charlie: Member, administrator: Person
) -> None:
    mine = assign(make_book(house), alice).usages[0]
    theirs = assign(make_book(neighbor, "list", codes=["ONE"]), charlie).usages[0]
    assert listed(administrator) == [mine.pk]
    for query in ({"book": theirs.book_id}, {"member": charlie.pk}, {"q": "ONE"}, {"q": str(theirs.pk)}):
        assert listed(administrator, **query) == []


def test_a_filter_no_index_answers_looks_at_the_newest_and_says_so(
    house: House, alice: Member, administrator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = make_book(house)
    gone = assign(book, alice).usages[0]
    revert(gone)
    for _ in range(3):
        assign(book, alice)
    monkeypatch.setattr(browsing, "REACH", 2)
    page = administrator.get(LIST, book=book.pk, state="reverted")
    assert list(page.context["cl"].result_list) == []
    assert "Only the newest lines were looked through" in text_of(page)
    monkeypatch.setattr("coupons.admin.usages.UsageList.most", 2)
    assert "The newest 2 are listed" in text_of(administrator.get(LIST, book=book.pk))


MANY = 6_000


@pytest.mark.postgresql
def test_lists_of_the_journal_read_ranges_of_indexes_only(
    house: House, neighbor: House, alice: Member, charlie: Member
) -> None:
    mine, theirs = make_book(house), make_book(neighbor)
    _write(mine, alice, 50)
    _write(theirs, charlie, MANY)
    asked = (
        LinesWanted(),
        LinesWanted(state="reverted"),
        LinesWanted(book_id=mine.pk),
        LinesWanted(book_id=mine.pk, kind="use"),
        LinesWanted(member_id=alice.pk),
        LinesWanted(member_id=alice.pk, kind="assign", state="open"),
    )
    with connection.cursor() as cursor:
        # At this size reading everything may be as cheap; what counts is that an index can answer.
        cursor.execute("SET LOCAL enable_seqscan = off")
    for know in (forget_statistics, analyze):
        know("coupons_couponusage")
        for wanted in asked:
            with round_trips() as captured:
                browse_usages(house.id, wanted, at=clock.now(), most=51)
            for query in captured:
                plan = _plan_of(query["sql"])
                passed = sum(map(int, re.findall(r"Rows Removed by Filter: (\d+)", plan)))
                # By numbers only those that are named: in their order it would pass all lines of the neighbor's.
                assert "Backward using coupons_couponusage_pkey" not in plan or "= ANY" in plan, (wanted, plan)
                assert "Seq Scan on coupons_couponusage" not in plan, (wanted, plan)
                assert passed <= 50, (wanted, plan)


def _write(book: CouponBook, member: Member, count: int) -> None:
    """Many lines, written past the services: only their number matters here."""
    with connection.cursor() as cursor, triggers_off():
        cursor.execute(
            "INSERT INTO coupons_couponusage (organization_id, book_id, member_id, kind, made_assignment, amount,"
            " amount_used, expires_at, status, custom_attributes, content_hash, created_at)"
            " SELECT %s, %s, %s, 'assign', false, 1, 0, '9999-01-01', 'assigned', '{}', '', now()"
            " FROM generate_series(1, %s)",
            [book.organization_id, book.pk, member.pk, count],
        )


def _plan_of(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) " + sql.replace("%", "%%"))
        return "\n".join(row[0] for row in cursor.fetchall())
