"""Coupons go along with their member: merged, exported and erased, with the books still proved."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from coupons.errors import LimitPerMember
from coupons.models import BookMember, Coupon, CouponBook, CouponUsage
from coupons.services import assign_coupons, assigning, locking, use_coupon
from ledger import services as ledger
from loyalty.kernel import clock
from loyalty.kernel.errors import Busy, DomainError
from loyalty.kernel.models import AuditEntry
from members.errors import MemberGone
from members.models import Member
from members.selectors import get_member
from members.services import erase_member, export_member, merge_members
from tests import factories
from tests.coupons.books import assign, codes_of, fresh, make_book, revert, use
from tests.databases import in_parallel
from tests.house import TESTER, House
from tests.staff import Person
from tests.walk import every_row


def merge(kept: Member, merged: Member) -> Member:
    return merge_members(kept=kept, merged=merged, actor=TESTER, at=clock.now(), reason="the same person")


def erase(member: Member) -> Member:
    return erase_member(member=member, actor=TESTER, at=clock.now(), reason="asked for")


def places() -> dict[str, tuple[int, int]]:
    rows = BookMember.objects.select_related("member")
    return {row.member.loyalty_member_id: (row.assigned, row.used) for row in rows}


@pytest.fixture
def book(house: House, alice: Member, bob: Member) -> CouponBook:
    """A book of which both have something, Bob something used, and something taken back."""
    made = make_book(house, "list", codes=["A", "B", "C", "D", "E"])
    assign(made, alice)
    assign(made, bob, number=3)
    use(made, bob, code="B")
    revert(assign(made, bob).usages[0])
    return made


def test_the_one_who_is_kept_has_and_uses_the_coupons_of_both(
    house: House, book: CouponBook, alice: Member, bob: Member
) -> None:
    before = {row.pk: (row.amount_used, row.status, row.coupon_id) for row in CouponUsage.objects.all()}
    merge(alice, bob)
    assert {row.pk: (row.amount_used, row.status, row.coupon_id) for row in CouponUsage.objects.all()} == before
    assert set(CouponUsage.objects.values_list("member", flat=True)) == {alice.pk}
    holders = Coupon.objects.order_by("code").values_list("member", flat=True)
    assert list(holders) == [alice.pk] * 4 + [None]
    assert places() == {"alice": (4, 1), "bob": (0, 0)}
    assert house.findings() == []
    assert codes_of(use(book, alice, code="C")) == ["C"]
    assert {code for _ in range(2) for code in codes_of(use(book, alice))} == {"A", "D"}
    revert(CouponUsage.objects.get(kind="use", coupon__code="B"))
    assert codes_of(use(book, alice)) == ["B"]
    assert places()["alice"] == (4, 4)
    assert house.findings() == []


def test_a_chain_of_merges_carries_them_to_its_end(house: House, book: CouponBook, alice: Member, bob: Member) -> None:
    carl = factories.MemberFactory(organization=house.organization, loyalty_member_id="carl")
    merge(alice, bob)
    merge(carl, alice)
    assert places() == {"alice": (0, 0), "bob": (0, 0), "carl": (4, 1)}
    assert codes_of(use(book, carl, code="C")) == ["C"]
    assert house.findings() == []


def test_together_they_may_have_more_than_the_limit_and_get_no_more(house: House, alice: Member, bob: Member) -> None:
    limited = make_book(house, max_assigned_per_member=2)
    for member in (alice, bob):
        assign(limited, member, number=2)
    merge(alice, bob)
    assert places()["alice"] == (4, 0)
    with pytest.raises(LimitPerMember):
        assign(limited, alice)
    assert house.findings() == []


def test_what_is_taken_back_later_returns_its_points_to_the_one_who_is_kept(
    house: House, alice: Member, bob: Member
) -> None:
    priced = make_book(house, assignment_required_points=30, usage_required_points=5)
    house.give(bob, 100)
    given, used = use(priced, bob).usages
    merge(alice, bob)
    assert (house.balance(alice), house.balance(bob)) == ((65, 0, 0), (0, 0, 0))
    for line in (used, given):
        line.refresh_from_db()
        revert(line)
    assert (house.balance(alice), house.balance(bob)) == ((100, 0, 0), (0, 0, 0))
    assert house.findings() == []


def test_a_line_somebody_holds_in_hand_is_busy_after_the_merge(house: House, book: CouponBook, bob: Member) -> None:
    before_the_merge = CouponUsage.objects.select_related("book").get(kind="use")
    merge(Member.objects.get(loyalty_member_id="alice"), bob)
    with pytest.raises(Busy):
        revert(before_the_merge)
    assert house.findings() == []


@pytest.mark.parametrize("what", ["merged", "erased"])
def test_who_is_gone_is_given_and_uses_nothing_whatever_was_read_before(
    house: House, book: CouponBook, alice: Member, bob: Member, what: str
) -> None:
    read_before = get_member(house.id, bob.pk)
    if what == "merged":
        merge(alice, bob)
    else:
        erase(bob)
    before = every_row()
    for act in (assign_coupons, use_coupon):
        with pytest.raises(MemberGone):
            act(book=fresh(book), member=read_before, actor=TESTER, at=clock.now())
    assert every_row() == before


def test_a_merge_that_is_refused_moves_no_coupons(house: House, book: CouponBook, alice: Member, bob: Member) -> None:
    house.give(bob, 5)
    ledger.update_account(account=house.account, changes={"active": False}, actor=TESTER, at=clock.now())
    before = every_row()
    with pytest.raises(DomainError):
        merge(alice, bob)
    assert every_row() == before


def test_a_line_follows_its_own_members_merge_alone(house: House, book: CouponBook, alice: Member, bob: Member) -> None:
    carl = factories.MemberFactory(organization=house.organization, loyalty_member_id="carl")
    merge(alice, bob)
    before = every_row()
    for member in (bob, carl):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            CouponUsage.objects.update(member=member)
    assert every_row() == before


def test_the_preview_of_a_merge_shows_the_coupons(
    book: CouponBook, alice: Member, bob: Member, administrator: Person
) -> None:
    path = f"/admin/members/member/{alice.pk}/do/merge/"
    preview = administrator.act(path, confirmed=False, member="bob", reason="twins").context["preview"]
    assert [(line.what, line.now, line.then) for line in preview.lines] == [("Coupons", 1, 3)]
    assert set(CouponUsage.objects.filter(kind="use").values_list("member", flat=True)) == {bob.pk}


# --- export ----------------------------------------------------------------------------------------------------------
def test_the_export_has_every_line_of_the_member(house: House, book: CouponBook, alice: Member, bob: Member) -> None:
    assign(make_book(house), alice, custom_attributes={"note": "for Al"})
    parts = [part for part in export_member(member=alice, actor=TESTER, at=clock.now()) if part["part"] == "coupon"]
    assert [(part["kind"], part["couponBook"], part["code"], part["customAttributes"]) for part in parts] == [
        ("assign", "Coffee", "A", {}),
        ("assign", "Coffee", None, {"note": "for Al"}),
    ]
    merge(alice, bob)
    kinds = [part.get("kind") for part in export_member(member=alice, actor=TESTER, at=clock.now())]
    assert (kinds.count("assign"), kinds.count("use")) == (6, 1)
    assert not any(part["part"] == "coupon" for part in export_member(member=bob, actor=TESTER, at=clock.now()))


# --- erasure ---------------------------------------------------------------------------------------------------------
def test_an_erasure_blanks_what_was_written_beside_the_coupons(
    house: House, book: CouponBook, alice: Member, bob: Member
) -> None:
    words: dict[str, Any] = {"custom_attributes": {"for": "Ada Lovelace"}}
    other = make_book(house)
    _, used = use(other, bob, **words).usages
    assign(other, bob, reason="Lovelace asked", **words)
    assign(other, alice, custom_attributes={"for": "Alice"})
    revert(used, reason="Lovelace called")
    merge(alice, bob)
    before = {row.pk: (row.amount_used, row.status, row.coupon_id) for row in CouponUsage.objects.all()}
    carl = factories.MemberFactory(organization=house.organization, loyalty_member_id="carl")
    assign(other, carl, custom_attributes={"for": "Carl"})
    assert "Lovelace" in json.dumps(every_row())
    erase(alice)
    assert "Lovelace" not in json.dumps(every_row())
    kept = CouponUsage.objects.exclude(custom_attributes={})
    assert list(kept.values_list("custom_attributes", flat=True)) == [{"for": "Carl"}]
    mine = CouponUsage.objects.filter(member=alice)
    assert {row.pk: (row.amount_used, row.status, row.coupon_id) for row in mine} == before
    assert AuditEntry.objects.filter(action="couponusage.reverted").count() == 2
    assert house.findings() == []


# --- races -----------------------------------------------------------------------------------------------------------
@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_merge_and_whoever_gives_uses_or_takes_back_wait_for_each_other(
    house: House, alice: Member, bob: Member
) -> None:
    made = make_book(house, "list", codes=[f"C{number}" for number in range(12)], usage_required_points=1)
    house.give(bob, 20)
    assign(made, bob, number=2)
    _, used = use(make_book(house, usage_required_points=1), bob).usages
    answers = in_parallel(
        lambda: merge(alice, bob), lambda: assign(made, bob), lambda: use(made, bob), lambda: revert(used)
    )
    odd = [answer for answer in answers if isinstance(answer, Exception) and not isinstance(answer, DomainError)]
    assert odd == []
    assert not isinstance(answers[0], Exception)
    assert not CouponUsage.objects.filter(member=bob).exists()
    assert house.balance(bob) == (0, 0, 0)
    assert house.findings() == []


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_locked", [True, False], ids=["locked", "control-without-the-lock"])
def test_what_is_given_in_the_moment_of_a_merge_is_not_left_behind(
    house: House, alice: Member, bob: Member, monkeypatch: pytest.MonkeyPatch, is_locked: bool
) -> None:
    book, given, moved = make_book(house), threading.Event(), threading.Event()
    write = assigning.write

    def late_write(*args: Any, **more: Any) -> None:
        given.set()
        moved.wait(0.5 if is_locked else 30)
        write(*args, **more)

    def merge_meanwhile() -> Member:
        given.wait(30)
        try:
            return merge(alice, bob)
        finally:
            moved.set()

    monkeypatch.setattr(assigning, "write", late_write)
    if not is_locked:
        monkeypatch.setattr(assigning, "enter", lambda *_, **__: None)
        monkeypatch.setattr(assigning, "lock_place", lambda book_id, member_id: locking.Place(0, 0))
    answers = in_parallel(lambda: assign(book, bob), merge_meanwhile)
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    left_behind = CouponUsage.objects.filter(member=bob).exists()
    assert left_behind is not is_locked
    if is_locked:
        assert house.findings() == []
