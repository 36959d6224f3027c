"""Takes back what was given or used (semantics 3.9)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Case, F, Value, When

from coupons.errors import CouponExpired, CouponInUse, NothingUsed, TakenBackTooOften, UsageReverted
from coupons.models import Coupon, CouponUsage
from coupons.selectors import get_usage
from coupons.services.charging import refund
from coupons.services.locking import lock_line
from coupons.services.marking import mark_reverted
from coupons.services.tallies import count_for_member, count_units
from loyalty.kernel.actors import Actor

Kind, Status = CouponUsage.Kind, CouponUsage.Status


@transaction.atomic
def revert_usage(*, usage: CouponUsage, actor: Actor, at: datetime, reason: str = "") -> list[CouponUsage]:
    """Take a use or an assignment back, with what was paid for it: the points return into the very lots they came from.

    A use leaves its assignment with one unit more; an assignment of which nothing is used frees its code. Answers the
    lines that changed. There is no time limit, and neither the book nor the member has to be active.

    :raises UsageReverted: it was taken back before.
    :raises CouponInUse: an assignment that was used, wholly or in part: its uses come first.
    :raises Busy: its member was merged in this very moment.
    """
    row = lock_line(usage)
    if row.status == Status.REVERTED:
        raise UsageReverted
    touched = _revert_use(row, at) if row.kind == Kind.USE else _revert_assignment(row, at)
    refund(usage=row, actor=actor, at=at)
    mark_reverted(row, reason=reason, actor=actor, at=at)
    if row.kind == Kind.USE:
        count_units(row.book, used=-1)
    else:
        count_units(row.book, assigned=-row.amount)
    return touched


@transaction.atomic
def revert_last_use(
    *, assignment: CouponUsage, most: int, actor: Actor, at: datetime, reason: str = ""
) -> list[CouponUsage]:
    """Take the last use of an assignment back, so that it can be used again until it expires, as before. Of its uses at
    most `most` are taken back, which the journal counts, whoever did it. Answers the lines that changed.

    :raises NothingUsed: nothing of it is used.
    :raises CouponExpired: it could not be used again.
    :raises TakenBackTooOften: so many of its uses were taken back.
    """
    held = lock_line(assignment)
    uses = CouponUsage.objects.filter(assignment=assignment, kind=Kind.USE)
    last = uses.filter(reverted_at__isnull=True).select_related("book").order_by("-pk").first()
    if last is None:
        raise NothingUsed
    if held.ends_at <= at:
        raise CouponExpired
    if uses.filter(reverted_at__isnull=False).count() >= most:
        raise TakenBackTooOften
    return revert_usage(usage=last, actor=actor, at=at, reason=reason)


def _revert_use(use: CouponUsage, at: datetime) -> list[CouponUsage]:
    assignment = get_usage(use.organization_id, use.assignment_id or 0)
    _close(use, at)
    assignment.amount_used -= 1
    assignment.status = Status.ASSIGNED
    assignment.save(update_fields=["amount_used", "status"])
    if use.book.has_codes and use.coupon_id is not None:
        Coupon.objects.filter(pk=use.coupon_id).update(used=F("used") - 1)
    count_for_member(use.book_id, use.member_id, used=-1)
    return [use, assignment]


def _revert_assignment(row: CouponUsage, at: datetime) -> list[CouponUsage]:
    if row.amount_used:
        raise CouponInUse("Take its uses back first.")
    _close(row, at)
    if row.book.has_codes and row.coupon_id is not None:
        # A code that nobody has left is free again.
        last = When(assigned=row.amount, then=Value(None))
        Coupon.objects.filter(pk=row.coupon_id).update(
            assigned=F("assigned") - row.amount, member=Case(last, default=F("member"))
        )
    count_for_member(row.book_id, row.member_id, assigned=-row.amount)
    return [row]


def _close(row: CouponUsage, at: datetime) -> None:
    row.status, row.reverted_at = Status.REVERTED, at
    row.save(update_fields=["status", "reverted_at"])
