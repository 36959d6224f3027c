"""Coupons are proved: what is counted equals the journal, the journal stays as written, and check_books says so."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coupons.models import BookMember, BookTally, Coupon, CouponBook, CouponUsage
from coupons.services.checking import PROOFS
from loyalty.kernel.errors import DomainError
from members.models import Member
from tests import factories
from tests.coupons.books import assign, make_book, revert, totals, use
from tests.databases import triggers_off
from tests.house import House
from tests.proofs import rules_found, rules_found_without, rules_told
from tests.walk import every_row


@pytest.fixture
def used(house: House, alice: Member) -> CouponBook:
    """A book of which something was given, used and taken back."""
    book = make_book(house, "list", codes=["A", "B", "C"])
    assign(book, alice, number=3)
    use(book, alice, code="A")
    revert(use(book, alice, code="B").usages[0])
    return book


def house_of(book: CouponBook) -> Any:
    """As much of the book's house as a book is made with."""
    return SimpleNamespace(id=book.organization_id)


def link_by_force(book: CouponBook, type: str) -> None:
    """Link the book to an empty one of a third organization, as no service would."""
    source = make_book(factories.build_house("Third"), type)
    with triggers_off():
        CouponBook.objects.filter(pk=book.pk).update(source_book=source)


BROKEN: dict[str, tuple[Callable[[], Any], set[str]]] = {
    "a total": (lambda: BookTally.objects.update(assigned=99), {"coupon-totals-equal-journal"}),
    "a total of uses": (lambda: BookTally.objects.update(used=99), {"coupon-totals-equal-journal"}),
    "the number of codes": (lambda: BookTally.objects.update(codes=99), {"coupon-codes-counted"}),
    "a code": (lambda: Coupon.objects.filter(code="A").update(assigned=2), {"coupon-counts-equal-journal"}),
    "a place": (lambda: BookMember.objects.update(assigned=9), {"coupon-places-equal-journal"}),
    "an assignment": (
        lambda: CouponUsage.objects.filter(kind="assign", coupon__code="A").update(amount_used=0, status="assigned"),
        {"assignments-equal-their-uses"},
    ),
    "a merge that left coupons": (
        lambda: Member.objects.filter(loyalty_member_id="alice").update(
            active=False, merged_into=Member.objects.get(loyalty_member_id="bob")
        ),
        {"coupons-follow-merges"},
    ),
    "a book that is linked after it gave": (
        lambda: link_by_force(CouponBook.objects.get(), "list"),
        {"coupons-of-their-stock"},
    ),
    "a book linked to one of another type": (
        lambda: link_by_force(make_book(house_of(CouponBook.objects.get())), "list"),
        {"linked-books-fit-their-source"},
    ),
}


def test_every_proof_has_a_way_to_fail() -> None:
    assert {rule for _, rules in BROKEN.values() for rule in rules} == {proof.rule for proof in PROOFS}


def test_the_coupons_page_names_every_finding() -> None:
    assert rules_told("coupons.md") >= {proof.rule for proof in PROOFS} | {"coupon-journal-triggers"}


@pytest.mark.parametrize("what", BROKEN)
def test_what_does_not_agree_is_found(house: House, bob: Member, neighbor: House, used: CouponBook, what: str) -> None:
    assert house.findings() == []
    how, rules = BROKEN[what]
    how()
    assert rules_found(house) == rules
    assert neighbor.findings() == []


def test_a_missing_trigger_is_found(house: House) -> None:
    found = rules_found_without("coupons_couponusage_no_delete", "coupons_couponusage", house)
    assert found == {"coupon-journal-triggers"}


REFUSED: dict[str, Callable[[], Any]] = {
    "another amount": lambda: CouponUsage.objects.update(amount=7),
    "another member": lambda: CouponUsage.objects.update(member=Member.objects.get(loyalty_member_id="bob")),
    "other words beside it": lambda: CouponUsage.objects.update(custom_attributes={}),
    "another payment": lambda: CouponUsage.objects.update(transaction=None),
    "a line less": lambda: CouponUsage.objects.filter(kind="use")._raw_delete("default"),
    "a link made later": lambda: CouponBook.objects.update(source_book=make_book(factories.build_house("Third"))),
    "a code less": lambda: Coupon.objects.filter(code="C")._raw_delete("default"),
    "a code of another book": lambda: Coupon.objects.update(book=CouponBook.objects.get()),
}


@pytest.mark.parametrize("what", REFUSED)
def test_3_3_the_journal_stays_as_it_was_written(used: CouponBook, bob: Member, what: str) -> None:
    before = every_row()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        REFUSED[what]()
    assert every_row() == before


IMPOSSIBLE: dict[str, Callable[[], Any]] = {
    "used more than given": lambda: CouponUsage.objects.filter(kind="assign").update(amount_used=2),
    "reverted without a time": lambda: CouponUsage.objects.filter(coupon__code="C").update(status="reverted"),
    "a code used more often than given": lambda: Coupon.objects.update(used=2),
    "a free code of somebody": lambda: Coupon.objects.update(assigned=0, used=0),
    "a link to itself": lambda: CouponBook.objects.update(source_book=F("pk")),
    "limits of a linked book": lambda: CouponBook.objects.update(
        source_book=make_book(factories.build_house("Third")), max_coupon_count=3
    ),
    "a limit below zero": lambda: CouponBook.objects.update(max_coupon_count=-1),
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_what_cannot_be_is_refused_by_the_database(used: CouponBook, what: str) -> None:
    with triggers_off(), pytest.raises(IntegrityError), transaction.atomic():
        IMPOSSIBLE[what]()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["assign", "use", "revert"]),
        st.integers(0, 3),
        st.integers(1, 3),
        st.integers(1, 2),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_counters_equal_the_journal_after_anything(house: House, alice: Member, bob: Member, steps: Any) -> None:
    with transaction.atomic():
        house.give(alice, 25)
        books = [
            make_book(house, "list", codes=["A", "B", "C"], max_assigned_per_coupon=2, usage_required_points=1),
            make_book(house, "single", codes=["S"], max_coupon_count=5, assignment_required_points=3),
            make_book(house, "generated", max_coupon_count=4, max_assigned_per_coupon=2),
            make_book(house, max_assigned_per_member=4),
        ]
        for what, which, number, amount, is_hers in steps:
            book, member = books[which], alice if is_hers else bob
            try:
                if what == "assign":
                    assign(book, member, number=number, amount=amount)
                elif what == "use":
                    use(book, member)
                else:
                    rows = CouponUsage.objects.select_related("book").filter(book=book).order_by("pk")
                    if rows:
                        revert(rows[number * amount % len(rows)])
            except DomainError:
                pass
        assert house.findings() == []
        assert totals(books[1])[1] <= 5
        assert totals(books[2])[0] <= 4
        assert all(place.assigned <= 4 for place in BookMember.objects.filter(book=books[3]))
        transaction.set_rollback(True)
