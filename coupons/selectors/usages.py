"""Reads of the journal of coupons."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

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


def assignments_of(organization_id: int, member_id: int | None = None) -> QuerySet[CouponUsage]:
    """What the member (or anybody) was given, of whichever program, and was not taken back."""
    rows = list_usages(organization_id).filter(status__in=(Status.ASSIGNED, Status.USED), kind=Kind.ASSIGN)
    return rows if member_id is None else rows.filter(member=member_id)


def list_assignments(program: LoyaltyProgram, member_id: int) -> QuerySet[CouponUsage]:
    """What the member was given of the program's books and was not taken back (semantics 3.12)."""
    return assignments_of(program.organization_id, member_id).filter(book__program=program)


def with_payment(assignments: QuerySet[CouponUsage]) -> QuerySet[CouponUsage]:
    """The same, each with the organization at hand, what was `paid` for it in smallest units of an account with so many
    `decimals`, and when it was last used (`last_used_at`), as far as that was not taken back.
    """
    uses = CouponUsage.objects.filter(assignment=OuterRef("pk"), reverted_at__isnull=True).order_by()
    last = uses.values("assignment").annotate(last=Max("created_at")).values("last")
    return assignments.select_related("organization").annotate(
        last_used_at=Subquery(last),
        paid=Coalesce("transaction__hold__captured", "transaction__amount", 0),
        decimals=Coalesce("transaction__account__decimals", 0),
    )


def not_used_only(assignments: QuerySet[CouponUsage], at: datetime) -> QuerySet[CouponUsage]:
    """Those of which something is left to use and whose time is not over."""
    in_time = Q(book__valid_to__isnull=True) | Q(book__valid_to__gt=at)
    return assignments.filter(in_time, status=Status.ASSIGNED, expires_at__gt=at)


def usable_only(assignments: QuerySet[CouponUsage], at: datetime) -> QuerySet[CouponUsage]:
    """Those that a use would take from now: something is left, their time is not over, and their book honors them."""
    is_begun = Q(book__valid_from__isnull=True) | Q(book__valid_from__lte=at)
    return not_used_only(assignments, at).filter(is_begun, book__status__in=CouponBook.HONORED)


def used_up_only(assignments: QuerySet[CouponUsage]) -> QuerySet[CouponUsage]:
    """Those of which nothing is left."""
    return assignments.filter(status=Status.USED)


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
