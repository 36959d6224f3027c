"""Reads of the journal of coupons."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q, QuerySet, Sum

from coupons.models import CouponBook, CouponUsage
from coupons.selectors.codes import code_key
from loyalty.kernel.errors import NotFound
from members.models import LoyaltyProgram

Kind, Status = CouponUsage.Kind, CouponUsage.Status


def list_usages(organization_id: int) -> QuerySet[CouponUsage]:
    """The organization's journal of coupons, each line with its book and code at hand."""
    return CouponUsage.objects.filter(organization_id=organization_id).select_related("book", "coupon")


def get_usage(organization_id: int, usage_id: int) -> CouponUsage:
    """One line of the organization's journal.

    :raises NotFound: where there is no such line.
    """
    usage = list_usages(organization_id).filter(pk=usage_id).first()
    if usage is None:
        raise NotFound("There is no such coupon usage.")
    return usage


def list_assignments(program: LoyaltyProgram, member_id: int) -> QuerySet[CouponUsage]:
    """What the member was given of the program's books and was not taken back (semantics 3.12)."""
    return list_usages(program.organization_id).filter(
        Q(status__in=(Status.ASSIGNED, Status.USED)), book__program=program, member=member_id, kind=Kind.ASSIGN
    )


def not_used_only(assignments: QuerySet[CouponUsage], at: datetime) -> QuerySet[CouponUsage]:
    """Those of which something is left to use and whose time is not over."""
    in_time = Q(book__valid_to__isnull=True) | Q(book__valid_to__gt=at)
    return assignments.filter(in_time, status=Status.ASSIGNED, expires_at__gt=at)


def with_code(usages: QuerySet[CouponUsage], code: str) -> QuerySet[CouponUsage]:
    """Those of the code, whatever its case."""
    return usages.filter(coupon__code_key=code_key(code.strip()))


@dataclass(frozen=True, slots=True)
class UsageCount:
    """How many units a member was given and used."""

    amount_assigned: int
    amount_used: int


def count_usages(
    program: LoyaltyProgram, member_id: int, *, since: datetime | None = None, until: datetime | None = None
) -> UsageCount:
    """How many units of the program's books the member was given and used, from `since` up to before `until`; what was
    taken back does not count.
    """
    rows = CouponUsage.objects.filter(
        member=member_id, organization_id=program.organization_id, book__program=program, reverted_at__isnull=True
    )
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    if until is not None:
        rows = rows.filter(created_at__lt=until)
    sums = rows.aggregate(
        assigned=Sum("amount", filter=Q(kind=Kind.ASSIGN)), used=Sum("amount", filter=Q(kind=Kind.USE))
    )
    return UsageCount(int(sums["assigned"] or 0), int(sums["used"] or 0))


def last_uses(member_id: int, books: Collection[CouponBook]) -> dict[int, CouponUsage]:
    """The member's last use of each of these books that was not taken back, by book."""
    newest = (
        CouponUsage.objects.filter(member=member_id, kind=Kind.USE, book__in=books, reverted_at__isnull=True)
        .order_by()
        .values("book")
        .annotate(newest=Max("pk"))
        .values("newest")
    )
    rows = CouponUsage.objects.filter(pk__in=newest).select_related("book", "coupon")
    return {row.book_id: row for row in rows}


def open_assignments(member_id: int, at: datetime) -> QuerySet[CouponUsage]:
    """What the member can use now, of any book, with its book and code at hand; what expires first comes first."""
    mine = CouponUsage.objects.filter(member=member_id, kind=Kind.ASSIGN).select_related("book", "coupon")
    return not_used_only(mine, at).order_by("expires_at", "pk")
