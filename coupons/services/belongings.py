"""Coupons go along with their member: in a merge, an export, an erasure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import connection

from coupons.models import BookMember, Coupon, CouponUsage
from coupons.selectors import assignments_of, list_usages, usable_only
from loyalty.kernel.clock import or_none
from loyalty.kernel.services import forget_reasons
from members.models import Member
from members.services import Belongings

_JOIN_PLACES = """
INSERT INTO coupons_bookmember (book_id, member_id, assigned, used)
SELECT book_id, %s, assigned, used FROM coupons_bookmember WHERE member_id = %s
ON CONFLICT (member_id, book_id) DO UPDATE
  SET assigned = coupons_bookmember.assigned + excluded.assigned, used = coupons_bookmember.used + excluded.used
"""


def move_coupons(kept: Member, merged: Member) -> None:
    """Make every line of the merged member's journal, and every code, the kept one's, and add up their places in books.
    What both were given together may be more than a book's limit for one member.

    Whoever gives or uses waits for the members, and whoever takes back for the places.
    """
    places = BookMember.objects.select_for_update(no_key=True).filter(member__in=(kept, merged))
    list(places.order_by("book_id", "member_id").values_list("pk", flat=True))
    codes = Coupon.objects.filter(member=merged, usages__member=merged)
    list(codes.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True))
    codes.update(member=kept)
    CouponUsage.objects.filter(member=merged).update(member=kept)
    with connection.cursor() as cursor:
        cursor.execute(_JOIN_PLACES, [kept.pk, merged.pk])
    BookMember.objects.filter(member=merged).update(assigned=0, used=0)


def parts_of_coupons(member: Member) -> Iterator[dict[str, Any]]:
    """Every line of the member's journal, oldest first."""
    for row in list_usages(member.organization_id).filter(member=member).order_by("pk").iterator():
        yield {
            "part": "coupon",
            "kind": row.kind,
            "couponUsageId": row.pk,
            "couponBook": row.book.name,
            "code": row.coupon.code if row.coupon is not None else None,
            "amount": row.amount,
            "amountUsed": row.amount_used,
            "status": row.status,
            "expiresAt": or_none(row.expires_at),
            "customAttributes": row.custom_attributes,
            "transactionId": row.transaction_id,
            "at": row.created_at,
            "revertedAt": row.reverted_at,
        }


def forget_coupons(member: Member) -> None:
    """Blank what callers and staff wrote beside the member's coupons; which they were and that they were used stays."""
    mine = CouponUsage.objects.filter(member=member)
    mine.exclude(custom_attributes={}).update(custom_attributes={})
    forget_reasons(mine)


def count_coupons(member: Member, at: datetime) -> int:
    """How many coupons the member can use."""
    return usable_only(assignments_of(member.organization_id, member.pk), at).count()


COUPONS = Belongings("Coupons", move_coupons, parts_of_coupons, forget_coupons, count_coupons)
