"""Coupon books for tests, and short words for what is done with them."""

from __future__ import annotations

from typing import Any

import pytest

from coupons import services
from coupons.models import BookTally, CouponBook
from coupons.selectors import get_book, get_book_to_use
from coupons.services import update_book
from loyalty.kernel import clock
from members.models import Member
from members.selectors import get_member
from tests.house import TESTER, House
from tests.walk import every_row


def make_book(house: House, type: str = "codeless", *, codes: list[str] | None = None, **said: Any) -> CouponBook:
    """A published book of the house."""
    said = {"name": "Coffee", "status": "published", **said}
    book = services.create_book(organization_id=house.id, type=type, actor=TESTER, at=clock.now(), **said)
    if codes:
        services.add_codes(book=book, codes=codes, actor=TESTER, at=clock.now())
    return book


def link(source: CouponBook, house: House, **said: Any) -> CouponBook:
    """A published book of the house that gives what the other organization's book has."""
    words: dict[str, Any] = {"actor": TESTER, "at": clock.now()}
    linked = services.link_book(source=source, program=house.program, **words)
    return services.update_book(book=linked, changes={"status": "published", **said}, **words)


def assign(book: CouponBook, member: Member, **more: Any) -> services.Given:
    """Give, as a door does: everything read anew."""
    book, member = fresh(book), get_member(member.organization_id, member.pk)
    if more.get("codes"):
        more.setdefault("number", len(more["codes"]))
    return services.assign_coupons(book=book, member=member, actor=TESTER, **{"at": clock.now(), **more})


def use(book: CouponBook, member: Member, **more: Any) -> services.Given:
    """Use, as a door does."""
    book, member = fresh(book), get_member(member.organization_id, member.pk)
    return services.use_coupon(book=book, member=member, actor=TESTER, **{"at": clock.now(), **more})


def revert(usage: Any, **more: Any) -> Any:
    """Take back."""
    return services.revert_usage(usage=usage, actor=TESTER, **{"at": clock.now(), **more})


def fresh(book: CouponBook) -> CouponBook:
    """The book as it is now."""
    return get_book_to_use(book.organization_id, book.pk)


def totals(book: CouponBook) -> tuple[int, int, int]:
    """(codes, units given, units used) of the book."""
    found: Any = get_book(book.organization_id, book.pk)
    assert BookTally.objects.filter(book=book).count() <= 16
    return found.codes, found.assigned, found.used


def codes_of(given: services.Given) -> list[str | None]:
    """The codes of an answer."""
    return [usage.coupon.code if usage.coupon is not None else None for usage in given.usages]


def refused(kind: type[Exception], call: Any, *args: Any, **more: Any) -> Any:
    """The call is refused this way, and leaves every row as it was."""
    before = every_row()
    with pytest.raises(kind) as caught:
        call(*args, **more)
    assert every_row() == before
    return caught.value


def sound(*houses: House) -> bool:
    """Whether the books of all of them agree."""
    return [house.findings() for house in houses] == [[] for _ in houses]


def change(book: CouponBook, **changes: Any) -> CouponBook:
    return update_book(book=book, changes=changes, actor=TESTER, at=clock.now())
