"""Races for coupons with real parallel connections. Each has a control: the same race with the lock removed, which must
go wrong. The rivals are made to meet as in tests/ledger/test_races.py: whoever is about to write waits for the other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import transaction

from coupons.models import BookMember, Coupon, CouponBook, CouponUsage
from coupons.selectors import get_book_to_use, get_usage
from coupons.services import (
    Given,
    assign_coupons,
    assigning,
    choosing,
    disable_book,
    locking,
    reverting,
    update_book,
    using,
)
from coupons.services.once import new_usage_ids
from loyalty.kernel import clock
from loyalty.kernel.errors import DomainError
from members.models import Member
from members.selectors import get_member
from tests import factories
from tests.coupons.books import assign, link, make_book, revert, totals, use
from tests.databases import in_parallel
from tests.house import TESTER, House

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

SURELY = 60.0


@contextmanager
def rivals_meet(
    monkeypatch: pytest.MonkeyPatch, places: list[tuple[Any, str]], patience: float = 0.5
) -> Iterator[threading.Barrier]:
    """Let two rivals wait for each other, up to `patience` seconds, before any of these functions."""
    gate = threading.Barrier(2)

    def waiting(act: Callable[..., Any]) -> Callable[..., Any]:
        def wait_and_act(*args: Any, **more: Any) -> Any:
            with suppress(threading.BrokenBarrierError):
                gate.wait(timeout=patience)
            return act(*args, **more)

        return wait_and_act

    for module, name in places:
        monkeypatch.setattr(module, name, waiting(getattr(module, name)))
    yield gate


WRITING = [(assigning, "write"), (using, "write"), (using, "_write_use")]


def refusals(answers: list[Any]) -> list[str]:
    odd = [answer for answer in answers if isinstance(answer, Exception) and not isinstance(answer, DomainError)]
    assert odd == []
    return sorted(answer.code for answer in answers if isinstance(answer, DomainError))


def unlocked_place(book_id: int, member_id: int) -> locking.Place:
    """A member's place, read without a lock."""
    place, _ = BookMember.objects.get_or_create(book_id=book_id, member_id=member_id)
    return locking.Place(place.assigned, place.used)


def unlocked_entrance(book: CouponBook, member_id: int, *, number: int, **_: Any) -> locking.Entrance:
    """The same, as whoever enters the book sees it."""
    return locking.Entrance(unlocked_place(book.pk, member_id), False, new_usage_ids(number))


@pytest.fixture(params=["at once", "step by step"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How whoever gives something locks: all at once, or (a book that changed since it was read) step by step."""
    if request.param == "step by step":
        monkeypatch.setattr(assigning, "enter", lambda *_, **__: None)
    return str(request.param)


def crowd(house: House, number: int) -> list[Member]:
    return [factories.MemberFactory(organization=house.organization) for _ in range(number)]


# --- one code --------------------------------------------------------------------------------------------------------
def test_one_code_wanted_by_sixteen_is_given_once(house: House) -> None:
    book = make_book(house, "list", codes=["A"])
    answers = in_parallel(*[lambda member=member: assign(book, member) for member in crowd(house, 16)])  # type: ignore[misc]
    assert refusals(answers) == ["OUT_OF_STOCK"] * 15
    assert totals(book) == (1, 1, 0)
    assert house.findings() == []


def test_sixteen_codes_wanted_by_sixteen_are_given_once_each(house: House) -> None:
    book = make_book(house, "list", codes=[f"C{number}" for number in range(16)])
    answers = in_parallel(*[lambda member=member: assign(book, member) for member in crowd(house, 16)])  # type: ignore[misc]
    assert refusals(answers) == []
    assert len({answer.usages[0].coupon_id for answer in answers}) == 16
    assert house.findings() == []


def test_control_without_the_lock_one_code_is_given_twice(
    house: House, alice: Member, bob: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = make_book(house, "list", codes=["A"])

    def take(book: CouponBook, member: Member, number: int, amount: int) -> list[Coupon]:
        found = list(Coupon.objects.filter(book=book, assigned=0))
        choosing._mark(found, member, amount)
        return found

    monkeypatch.setattr(choosing, "take_free", take)
    with rivals_meet(monkeypatch, [(choosing, "_mark")], SURELY):
        answers = in_parallel(lambda: assign(book, alice), lambda: assign(book, bob))
    assert refusals(answers) == []
    assert CouponUsage.objects.count() == 2


# --- the last of a limited book --------------------------------------------------------------------------------------
def test_the_last_of_a_limited_book_is_given_once(house: House, way: str) -> None:
    book = make_book(house, max_coupon_count=1)
    answers = in_parallel(*[lambda member=member: assign(book, member) for member in crowd(house, 8)])  # type: ignore[misc]
    assert refusals(answers) == ["OUT_OF_STOCK"] * 7
    assert totals(book) == (0, 1, 0)


def test_control_without_the_books_lock_the_last_is_given_twice(
    house: House, alice: Member, bob: Member, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    book = make_book(house, max_coupon_count=1)
    monkeypatch.setattr(locking, "lock_book_wholly", locking.lock_book_shared)
    monkeypatch.setattr(locking, "_WHOLLY_LOCKED", locking._SHARED_LOCKED)
    with rivals_meet(monkeypatch, WRITING, SURELY):
        answers = in_parallel(lambda: assign(book, alice), lambda: assign(book, bob))
    assert refusals(answers) == []
    assert totals(book) == (0, 2, 0)


def test_a_limit_and_an_assignment_wait_for_each_other(house: House, alice: Member) -> None:
    book = make_book(house, max_coupon_count=5)

    def close() -> CouponBook:
        return update_book(book=book, changes={"max_coupon_count": 0}, actor=TESTER, at=clock.now())

    answers = in_parallel(lambda: assign(book, alice), close)
    assert refusals(answers) in ([], ["OUT_OF_STOCK"])
    assert totals(book)[1] == (0 if refusals(answers) else 1)


def test_members_of_a_book_without_limits_do_not_queue(
    house: House, alice: Member, bob: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = make_book(house, "list", codes=["A", "B"], max_assigned_per_member=5)
    # Both stand before their writes at the same time, each with its locks in hand.
    with rivals_meet(monkeypatch, WRITING, SURELY) as gate:
        answers = in_parallel(lambda: assign(book, alice), lambda: assign(book, bob))
        assert not gate.broken
    assert refusals(answers) == []
    assert totals(book) == (2, 2, 0)


def test_a_book_that_changed_since_it_was_read_is_looked_at_again(house: House, alice: Member) -> None:
    book = get_book_to_use(house.id, make_book(house).pk)
    assert locking.enter(book, alice.pk, kind="assign", key=None, number=1) is not None
    update_book(book=book, changes={"tiers": ["gold"]}, actor=TESTER, at=clock.now())
    assert locking.enter(book, alice.pk, kind="assign", key=None, number=1) is None
    with pytest.raises(DomainError) as refused:
        assign_coupons(book=book, member=get_member(house.id, alice.pk), actor=TESTER, at=clock.now())
    assert refused.value.code == "NOT_IN_TIER"
    assert totals(book) == (0, 0, 0)


def test_a_change_that_was_waited_for_is_seen(house: House, alice: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    book = make_book(house)

    def change() -> CouponBook:
        with transaction.atomic():
            changed = update_book(book=book, changes={"tiers": ["gold"]}, actor=TESTER, at=clock.now())
            gate.wait(timeout=SURELY)
            # Whoever gives is at the lock by now.
            time.sleep(0.3)
            return changed

    def give() -> Given:
        stale = get_book_to_use(house.id, book.pk)
        gate.wait(timeout=SURELY)
        return assign_coupons(book=stale, member=get_member(house.id, alice.pk), actor=TESTER, at=clock.now())

    gate = threading.Barrier(2)
    assert refusals(in_parallel(change, give)) == ["NOT_IN_TIER"]
    assert totals(book) == (0, 0, 0)


# --- two organizations, one stock ------------------------------------------------------------------------------------
def crowds(house: House, neighbor: House, source: CouponBook, number: int) -> list[Callable[[], Given]]:
    """As many members of each organization want one, each through the book of theirs."""
    linked = link(source, neighbor)
    ours = [lambda member=member: assign(source, member) for member in crowd(house, number)]
    theirs = [lambda member=member: assign(linked, member) for member in crowd(neighbor, number)]
    return [call for pair in zip(ours, theirs, strict=True) for call in pair]  # type: ignore[misc]


def test_4_3_codes_wanted_by_two_organizations_are_given_once_each(house: House, neighbor: House) -> None:
    source = make_book(house, "list", codes=[f"C{number}" for number in range(10)])
    answers = in_parallel(*crowds(house, neighbor, source, 8))
    assert refusals(answers) == ["OUT_OF_STOCK"] * 6
    given = [answer.usages[0].coupon_id for answer in answers if isinstance(answer, Given)]
    assert len(set(given)) == 10
    assert totals(source) == (10, 10, 0)
    assert house.findings() + neighbor.findings() == []


@pytest.mark.parametrize(("type", "codes"), [("codeless", []), ("generated", []), ("single", ["S"])])
def test_4_3_the_last_of_a_limited_book_is_given_to_one_of_two_organizations(
    house: House, neighbor: House, type: str, codes: list[str]
) -> None:
    source = make_book(house, type, codes=codes, max_coupon_count=3)
    answers = in_parallel(*crowds(house, neighbor, source, 4))
    assert refusals(answers) == ["OUT_OF_STOCK"] * 5
    assert totals(source)[1] == 3
    assert house.findings() + neighbor.findings() == []


def test_control_without_the_sources_lock_two_organizations_give_the_last(
    house: House, neighbor: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_book(house, max_coupon_count=1)
    calls = crowds(house, neighbor, source, 1)
    monkeypatch.setattr(locking, "lock_book_wholly", locking.lock_book_shared)
    monkeypatch.setattr(locking, "_WHOLLY_LOCKED", locking._SHARED_LOCKED)
    with rivals_meet(monkeypatch, WRITING, SURELY):
        answers = in_parallel(*calls)
    assert refusals(answers) == []
    assert totals(source) == (0, 2, 0)


def test_4_3_a_source_that_is_withdrawn_and_a_coupon_of_the_linked_book_wait_for_each_other(
    house: House, neighbor: House, charlie: Member
) -> None:
    source = make_book(house)
    linked = link(source, neighbor)
    answers = in_parallel(
        lambda: assign(linked, charlie), lambda: disable_book(book=source, actor=TESTER, at=clock.now())
    )
    assert refusals(answers) in ([], ["STOCK_WITHDRAWN"])
    assert totals(linked)[1] == (0 if refusals(answers) else 1)


def test_members_of_two_organizations_do_not_queue_for_a_book_without_limits(
    house: House, neighbor: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_book(house, "list", codes=["A", "B"])
    calls = crowds(house, neighbor, source, 1)
    with rivals_meet(monkeypatch, WRITING, SURELY) as gate:
        answers = in_parallel(*calls)
        assert not gate.broken
    assert refusals(answers) == []
    assert totals(source) == (2, 2, 0)


# --- one member's limit ----------------------------------------------------------------------------------------------
def test_a_member_gets_no_more_than_the_limit_however_many_ask(house: House, alice: Member, way: str) -> None:
    book = make_book(house, max_assigned_per_member=2)
    answers = in_parallel(*[lambda: assign(book, alice)] * 8)
    assert refusals(answers) == ["LIMIT_PER_MEMBER"] * 6
    assert totals(book) == (0, 2, 0)
    assert house.findings() == []


def test_control_without_the_places_lock_a_member_gets_more(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    book = make_book(house, max_assigned_per_member=1)
    unlocked_place(book.pk, alice.pk)
    monkeypatch.setattr(assigning, "lock_place", unlocked_place)
    if way == "at once":
        monkeypatch.setattr(assigning, "enter", unlocked_entrance)
    with rivals_meet(monkeypatch, WRITING, SURELY):
        answers = in_parallel(*[lambda: assign(book, alice)] * 2)
    assert refusals(answers) == []
    assert totals(book) == (0, 2, 0)


# --- use against revert ----------------------------------------------------------------------------------------------
def given_only(house: House, member: Member) -> tuple[CouponBook, CouponUsage]:
    """A book of which the member has one unit and gets no other."""
    book = make_book(house)
    (usage,) = assign(book, member).usages
    update_book(book=book, changes={"tiers": ["gold"]}, actor=TESTER, at=clock.now())
    return book, usage


def test_a_use_and_the_revert_of_what_it_uses_one_wins(house: House, alice: Member) -> None:
    book, usage = given_only(house, alice)
    answers = in_parallel(lambda: use(book, alice), lambda: revert(usage))
    assert refusals(answers) in (["NOT_IN_TIER"], ["COUPON_IN_USE"])
    assert house.findings() == []


def test_control_without_the_places_lock_both_happen(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, usage = given_only(house, alice)
    monkeypatch.setattr(using, "lock_place", unlocked_place)
    monkeypatch.setattr(reverting, "lock_line", lambda usage: get_usage(house.id, usage.pk))
    with rivals_meet(monkeypatch, [(using, "_take_unit"), (reverting, "_revert_assignment")], SURELY):
        answers = in_parallel(lambda: use(book, alice), lambda: revert(usage))
    both = not any(isinstance(answer, DomainError) for answer in answers)
    assert both, "somebody was refused"


def test_two_uses_of_one_unit_one_wins(house: House, alice: Member) -> None:
    book, _ = given_only(house, alice)
    answers = in_parallel(*[lambda: use(book, alice)] * 4)
    assert refusals(answers) == ["NOT_IN_TIER"] * 3
    assert totals(book) == (0, 1, 1)


def test_two_reverts_of_one_use_one_wins(house: House, alice: Member) -> None:
    house.give(alice, 10)
    _, used = use(make_book(house, usage_required_points=10), alice).usages
    answers = in_parallel(*[lambda: revert(used)] * 4)
    assert refusals(answers) == ["ALREADY_REVERTED"] * 3
    assert house.balance(alice) == (10, 0, 0)
    assert house.findings() == []


# --- keys and points -------------------------------------------------------------------------------------------------
def test_0_12_the_same_key_at_once_acts_once_and_the_others_replay(house: House, alice: Member, way: str) -> None:
    house.give(alice, 10)
    book = make_book(house, assignment_required_points=10)
    answers: list[Given] = in_parallel(*[lambda: assign(book, alice, unique_keys=["k"])] * 6)
    assert refusals(answers) == []
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 5
    assert len({answer.usages[0].pk for answer in answers}) == 1
    assert house.balance(alice) == (0, 0, 0)


def test_0_12_the_same_key_for_two_members_at_once_acts_once_and_conflicts(
    house: House, alice: Member, bob: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = make_book(house)
    with rivals_meet(monkeypatch, WRITING):
        answers = in_parallel(
            lambda: assign(book, alice, unique_keys=["k"]), lambda: assign(book, bob, unique_keys=["k"])
        )
    assert refusals(answers) == ["IDEMPOTENCY_CONFLICT"]
    assert totals(book) == (0, 1, 0)


def test_3_8_two_coupons_for_the_last_points_one_is_paid(house: House, alice: Member) -> None:
    house.give(alice, 10)
    books = [make_book(house, assignment_required_points=10) for _ in range(2)]
    answers = in_parallel(*[lambda book=book: assign(book, alice) for book in books])  # type: ignore[misc]
    assert refusals(answers) == ["INSUFFICIENT_BALANCE"]
    assert CouponUsage.objects.count() == 1
    assert house.findings() == []


def test_3_8_one_hold_for_two_coupons_pays_one(house: House, alice: Member) -> None:
    house.give(alice, 100)
    hold = house.take(alice, 10, hold=True)
    books = [make_book(house, assignment_required_points=10) for _ in range(2)]
    answers = in_parallel(*[lambda book=book: assign(book, alice, hold_id=hold.id) for book in books])  # type: ignore[misc]
    assert refusals(answers) == ["HOLD_NOT_USABLE"]
    assert house.balance(alice) == (90, 0, 0)
    assert house.findings() == []


def test_3_10_the_same_codes_added_at_once_are_there_once(house: House) -> None:
    from coupons.services import add_codes

    book = make_book(house, "list")
    codes = [f"C{number}" for number in range(50)]
    answers = in_parallel(*[lambda: add_codes(book=book, codes=codes, actor=TESTER, at=clock.now())] * 4)
    assert sum(map(len, answers)) == 50
    assert totals(book) == (50, 0, 0)
