"""Partnerships and offerings for tests, and short words for what is done with them."""

from __future__ import annotations

from typing import Any

from coupons.models import CouponBook
from loyalty.kernel import clock
from partners.models import CouponBookOffering, Partnership
from partners.services import create_partnership, decide_offering, offer_book, set_partnership_active
from tests.house import TESTER, House


def ally(house: House, other: House) -> Partnership:
    """A partnership of the two."""
    return create_partnership(organization=house.organization, partner=other.organization, actor=TESTER, at=clock.now())


def turn(partnership: Partnership, active: bool) -> Partnership:
    """Begin or end it."""
    return set_partnership_active(partnership=partnership, active=active, actor=TESTER, at=clock.now())


def offer(partnership: Partnership, book: CouponBook, **more: Any) -> CouponBookOffering:
    """Offer the book to the other side."""
    words: dict[str, Any] = {"actor": TESTER, "at": clock.now(), **more}
    return offer_book(organization_id=book.organization_id, partnership_id=partnership.pk, book_id=book.pk, **words)


def decide(offering: CouponBookOffering, approved: bool = True) -> CouponBookOffering:
    """Accept or reject it."""
    return decide_offering(offering=offering, approved=approved, actor=TESTER, at=clock.now())
