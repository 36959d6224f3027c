"""Coupons: the codes of a book."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from coupons.models.books import CouponBook
from members.models import Member


class Coupon(models.Model):
    """One code of a book, as it was given; `code_key` is the same without case, once in a book.

    `assigned` and `used` count units given and used and not taken back, and `member` is who was given it first; given
    through a linked book, that is another organization's member. A code that nobody has is free. The one code of a
    single book is shared: it counts nothing, its book does.
    """

    book = models.ForeignKey(CouponBook, on_delete=models.PROTECT, related_name="coupons", db_index=False)
    code = models.CharField(max_length=255)
    # Case folding may make a text three times as long.
    code_key = models.CharField(max_length=765)
    member = models.ForeignKey(
        Member, on_delete=models.PROTECT, related_name="coupons", null=True, blank=True, db_index=False
    )
    assigned = models.BigIntegerField(default=0)
    used = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["book", "code_key"], name="coupon_code_once"),
            models.CheckConstraint(condition=Q(used__gte=0, assigned__gte=F("used")), name="coupon_counts_fit"),
            models.CheckConstraint(
                condition=Q(assigned=0, member__isnull=True) | Q(assigned__gt=0, member__isnull=False),
                name="coupon_free_or_somebodys",
            ),
        ]
        indexes = [
            # The sum in these is no other index's: the planner would often rather read the primary key from its start,
            # through a million codes of other books, or through all that are gone.
            models.Index(F("book"), F("id") + 0, name="coupon_of_book"),
            # The free ones only, so that picking one costs the same however many are gone.
            models.Index(F("book"), F("id") + 0, name="coupon_free", condition=Q(assigned=0)),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def holder(self) -> Member | None:
        """Who was given it first, as far as the organization of its book may know them: its own members."""
        member = self.member
        return None if member is None or member.organization_id != self.book.organization_id else member
