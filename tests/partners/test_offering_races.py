"""Races for offerings with real parallel connections; each has a control with the lock removed, which must go wrong."""

from __future__ import annotations

from typing import Any

import pytest

from coupons.models import CouponBook
from loyalty.kernel.errors import DomainError
from partners.models import CouponBookOffering, Partnership
from partners.services import offerings
from tests.coupons.books import make_book
from tests.coupons.test_races import SURELY, refusals, rivals_meet
from tests.databases import in_parallel
from tests.house import House
from tests.partners.shared import ally, decide, offer

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def unlocked(partnership_id: int) -> Partnership:
    """The partnership, without its lock."""
    return Partnership.objects.get(pk=partnership_id)


def linked_books() -> int:
    return CouponBook.objects.filter(source_book__isnull=False).count()


def test_4_3_an_offering_accepted_by_several_at_once_makes_one_book(house: House, neighbor: House) -> None:
    offering = offer(ally(house, neighbor), make_book(house))
    answers = in_parallel(*[lambda: decide(offering)] * 6)
    assert refusals(answers) == []
    assert len({answer.accepted_book_id for answer in answers}) == 1
    assert linked_books() == 1


def test_control_without_the_lock_two_books_are_made(
    house: House, neighbor: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    offering = offer(ally(house, neighbor), make_book(house))
    monkeypatch.setattr(offerings, "lock_partnership", unlocked)
    made: list[Any] = []
    link_book = offerings.link_book

    def link(**words: Any) -> CouponBook:
        book = link_book(**words)
        made.append(book)
        return book

    monkeypatch.setattr(offerings, "link_book", link)
    # Both stand before making the book at the same time; the triggers then stop whoever comes second.
    with rivals_meet(monkeypatch, [(offerings, "_accept")], SURELY):
        in_parallel(lambda: decide(offering), lambda: decide(offering))
    assert len(made) == 2


def test_4_3_accepted_and_rejected_at_once_one_wins(house: House, neighbor: House) -> None:
    offering = offer(ally(house, neighbor), make_book(house))
    answers = in_parallel(lambda: decide(offering), lambda: decide(offering, approved=False))
    assert refusals(answers) == ["ALREADY_DECIDED"]
    decided = CouponBookOffering.objects.get()
    assert linked_books() == (decided.status == "accepted")


def test_4_2_a_book_offered_by_several_at_once_is_offered_once(house: House, neighbor: House) -> None:
    partnership, book = ally(house, neighbor), make_book(house)
    answers = in_parallel(*[lambda: offer(partnership, book)] * 6)
    assert refusals(answers) == ["ALREADY_OFFERED"] * 5
    assert CouponBookOffering.objects.count() == 1


def test_4_2_a_book_offered_again_in_the_moment_it_is_accepted_is_refused(house: House, neighbor: House) -> None:
    partnership, book = ally(house, neighbor), make_book(house)
    offering = offer(partnership, book)
    answers = in_parallel(lambda: decide(offering), *[lambda: offer(partnership, book)] * 3)
    assert refusals(answers) == ["ALREADY_OFFERED"] * 3


def test_control_without_the_lock_it_is_offered_again(
    house: House, neighbor: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    partnership, book = ally(house, neighbor), make_book(house)
    offering = offer(partnership, book)
    monkeypatch.setattr(offerings, "lock_partnership", unlocked)
    # The one has looked before the other decides, and writes after.
    monkeypatch.setattr(offerings, "_in_force", lambda partnership, book: not decide(offering))
    offer(partnership, book)
    assert CouponBookOffering.objects.filter(status="pending").count() == 1
    assert CouponBookOffering.objects.filter(status="accepted").count() == 1


def test_4_1_a_pair_made_from_both_sides_at_once_is_made_once(house: House, neighbor: House) -> None:
    answers = in_parallel(*[lambda: ally(house, neighbor), lambda: ally(neighbor, house)] * 3)
    assert refusals(answers) == ["PARTNERSHIP_EXISTS"] * 5
    assert Partnership.objects.count() == 1
    assert sum(isinstance(answer, DomainError) for answer in answers) == 5
