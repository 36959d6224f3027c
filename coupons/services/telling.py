"""Announces in the journal what happened with coupons (semantics 0.15)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from coupons.models import CouponUsage
from loyalty.kernel.kept import Statement
from members.models import EventType, LoyaltyEvent
from members.services.journal import record_events


def tell(
    assignments: Sequence[CouponUsage], use: CouponUsage | None, *, at: datetime, along: Sequence[Statement] = ()
) -> None:
    """One event for each assignment (semantics 3.5); of a use, that a code was used, and that a benefit was (3.7). The
    writes `along` go with the last of them.
    """
    events = [_event(usage, EventType.COUPON_ASSIGNED, at) for usage in assignments]
    if use is not None:
        events += [_event(use, kind, at) for kind in (EventType.COUPON_USED, EventType.BENEFIT_USED)]
    record_events(events, along)


def _event(usage: CouponUsage, kind: EventType, at: datetime) -> LoyaltyEvent:
    payload: dict[str, Any] = {
        "couponUsageId": usage.pk,
        "couponBookId": usage.book_id,
        "couponBookKey": usage.book.key,
        "couponId": usage.coupon_id,
        "code": usage.coupon.code if usage.coupon is not None else None,
        "amount": usage.amount,
    }
    return LoyaltyEvent(
        organization_id=usage.organization_id,
        event_type=kind,
        member_id=usage.member_id,
        payload=payload,
        created_at=at,
    )
