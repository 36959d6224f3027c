"""Marks in the history what people did with coupons: on the line of the journal, and on the member."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from coupons.models import CouponUsage
from loyalty.kernel.actors import Actor
from loyalty.kernel.services import record
from members.models import Member


def mark_given(usages: Sequence[CouponUsage], *, member: Member, reason: str, actor: Actor, at: datetime) -> None:
    """That somebody gave these coupons, and why: an entry for each line, and one for the member."""
    for usage in usages:
        _mark("couponusage.assigned", usage, reason, actor, at)
    record(
        actor=actor,
        at=at,
        action="member.coupons-given",
        target=member,
        organization_id=member.organization_id,
        after={"book": usages[0].book.name, "coupons": len(usages), "units": sum(usage.amount for usage in usages)},
        reason=reason,
    )


def mark_reverted(usage: CouponUsage, *, reason: str, actor: Actor, at: datetime) -> None:
    """That the line was taken back; with a reason, the member's history says it too."""
    _mark("couponusage.reverted", usage, reason, actor, at)
    if reason:
        record(
            actor=actor,
            at=at,
            action="member.coupon-taken-back" if usage.kind == CouponUsage.Kind.ASSIGN else "member.use-taken-back",
            target=usage.member,
            organization_id=usage.organization_id,
            after={"book": usage.book.name, "units": usage.amount},
            reason=reason,
        )


def _mark(action: str, usage: CouponUsage, reason: str, actor: Actor, at: datetime) -> None:
    record(
        actor=actor,
        at=at,
        action=action,
        target=usage,
        organization_id=usage.organization_id,
        after={"kind": usage.kind, "book": usage.book_id, "member": usage.member_id},
        reason=reason,
    )
