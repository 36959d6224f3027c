"""The journal of coupons: what was given to whom, what was used, and what was taken back."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from coupons.models.books import CouponBook
from coupons.models.codes import Coupon
from ledger.models import Transaction
from loyalty.kernel.models import Organization
from members.models import Member


class CouponUsage(models.Model):
    """One line of the journal (semantics 3.3): `amount` units given to a member (`assign`), or one of them used
    (`use`, of the assignment it names).

    Written once: only `amount_used`, `status` and `reverted_at` change, and no line is deleted (triggers). Of a
    member who was merged into another it becomes that one's, of one who was erased `custom_attributes` are blanked.
    `transaction` is what was paid for it, a burn or a captured hold. A `unique_key` acts once in its organization and
    kind; `content_hash` tells a repeat from another request. A use that `made_assignment` was answered with it.
    """

    class Kind(models.TextChoices):
        """What happened."""

        ASSIGN = "assign", "Given"
        USE = "use", "Used"

    class Status(models.TextChoices):
        """How it stands. That an assignment is expired is told by its time."""

        ASSIGNED = "assigned", "Given"
        USED = "used", "Used"
        REVERTED = "reverted", "Taken back"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    book = models.ForeignKey(CouponBook, on_delete=models.PROTECT, related_name="usages", db_index=False)
    coupon = models.ForeignKey(
        Coupon, on_delete=models.PROTECT, related_name="usages", null=True, blank=True, db_index=False
    )
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="coupon_usages", db_index=False)
    kind = models.CharField(max_length=6, choices=Kind)
    assignment = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="uses", null=True, blank=True, db_index=False
    )
    made_assignment = models.BooleanField(default=False)
    amount = models.BigIntegerField()
    amount_used = models.BigIntegerField(default=0)
    # As it was asked for, and far away where it was not; the book's own end comes on top.
    expires_at = models.DateTimeField()
    status = models.CharField(max_length=8, choices=Status)
    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    custom_attributes = models.JSONField(default=dict, blank=True)
    unique_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 - null is "no key", many have none
    content_hash = models.CharField(max_length=32, blank=True, default="")
    created_at = models.DateTimeField()
    reverted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "coupon usage"
        constraints = [
            models.UniqueConstraint(
                fields=["unique_key", "organization", "kind"],
                condition=Q(unique_key__isnull=False),
                name="coupon_usage_key_once",
            ),
            models.CheckConstraint(
                condition=Q(kind="assign", assignment__isnull=True, amount__gt=0)
                | Q(kind="use", assignment__isnull=False, amount=1, amount_used=0),
                name="coupon_usage_fits_its_kind",
            ),
            models.CheckConstraint(
                condition=Q(amount_used__gte=0, amount_used__lte=F("amount")), name="coupon_usage_never_overused"
            ),
            models.CheckConstraint(
                condition=Q(status="reverted", reverted_at__isnull=False, amount_used=0)
                | Q(kind="assign", status="assigned", reverted_at__isnull=True, amount_used__lt=F("amount"))
                | Q(kind="assign", status="used", reverted_at__isnull=True, amount_used=F("amount"))
                | Q(kind="use", status="used", reverted_at__isnull=True),
                name="coupon_usage_status_fits",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "kind", "id"], name="coupon_usage_of_member"),
            models.Index(fields=["book", "id"], name="coupon_usage_of_book"),
            models.Index(fields=["coupon", "id"], name="coupon_usage_of_coupon", condition=Q(coupon__isnull=False)),
            models.Index(
                fields=["assignment"], name="coupon_usage_of_assignment", condition=Q(assignment__isnull=False)
            ),
            # For counting: what was not taken back, with all that is added up.
            models.Index(
                fields=["organization", "kind", "created_at", "book", "amount"],
                name="coupon_usage_counted",
                condition=Q(reverted_at__isnull=True),
            ),
            # What a use picks from: a member's used past costs nothing.
            models.Index(
                fields=["member", "book", "expires_at", "id"],
                name="coupon_usage_open",
                condition=Q(kind="assign", status="assigned"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def ends_at(self) -> datetime:
        """When the assignment expires: by itself or with its book, whichever comes first (semantics 3.5)."""
        return self.expires_at if self.book.valid_to is None else min(self.expires_at, self.book.valid_to)


class BookMember(models.Model):
    """One member's place in a book: how many units were given and used and not taken back. It is locked while
    something is given to the member, used or taken back, so that each sees what the other did.
    """

    book = models.ForeignKey(CouponBook, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", db_index=False)
    assigned = models.BigIntegerField(default=0)
    used = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "book"], name="coupon_place_once"),
            models.CheckConstraint(condition=Q(used__gte=0, assigned__gte=F("used")), name="coupon_place_counts_fit"),
        ]

    def __str__(self) -> str:
        return f"{self.assigned} of book {self.book_id}"
