"""Coupon books for tests, and short words for what is done with them."""

from __future__ import annotations

from typing import Any

from coupons import services
from coupons.models import BookTally, CouponBook
from coupons.selectors import get_book, get_book_to_use
from loyalty.kernel import clock
from members.models import Member
from members.selectors import get_member
from tests.house import TESTER, House


def make_book(house: House, type: str = "codeless", *, codes: list[str] | None = None, **said: Any) -> CouponBook:
    """A published book of the house."""
    said = {"name": "Coffee", "status": "published", **said}
    book = services.create_book(organization_id=house.id, type=type, actor=TESTER, at=clock.now(), **said)
    if codes:
        services.add_codes(book=book, codes=codes, actor=TESTER, at=clock.now())
    return book


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
