"""Says in advance whether a member could be given a coupon: the very act, looked at and undone."""

from __future__ import annotations

from datetime import datetime

from coupons.errors import NotEligible
from coupons.models import CouponBook
from coupons.services.assigning import assign_coupons
from ledger.services import rehearse
from loyalty.kernel.actors import Actor
from members.models import Member


def preview_eligibility(*, book: CouponBook, member: Member, actor: Actor, at: datetime) -> list[str]:
    """The codes of every reason why the member cannot be given a coupon of the book now; none where they can.

    :raises WalletInactive, AccountInactive: whatever else the act itself would raise.
    """
    try:
        rehearse(lambda: assign_coupons(book=book, member=member, actor=actor, at=at))
    except NotEligible as error:
        reasons: list[str] = error.details["exclusionReasons"]
        return reasons
    return []
