"""Purchase orders, as callers tell them."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from loyalty.kernel.models import Organization
from members.models.members import Member
from members.models.programs import LoyaltyProgram


class PurchaseOrder(models.Model):
    """One order of a member, with its items as a whole; the organization's `external_id` names it once (semantics 8).

    It says what the caller said last, at `updated_at`, as does the event of that change, where it was one;
    `content_hash` tells a repeat. `returned` is what that change took back, a line each. `shortfall` are points that
    should have been taken back and were not there any more. `is_counted` is false where it was over already when it
    was first seen: nothing was ever given for it.
    """

    class Status(models.TextChoices):
        """How far the order is."""

        CREATED = "created", "Placed"
        CONFIRMED = "confirmed", "Confirmed"
        CANCELLED = "cancelled", "Cancelled"
        RETURNED = "returned", "Returned"
        PARTIALLY_RETURNED = "partially-returned", "Returned in part"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="orders", db_index=False)
    program = models.ForeignKey(
        LoyaltyProgram, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    external_id = models.CharField(max_length=255)
    type = models.CharField(max_length=100)
    status = models.CharField(max_length=18, choices=Status)
    description = models.CharField(max_length=1000, blank=True, default="")
    total = models.DecimalField(max_digits=18, decimal_places=4)
    discounted_total = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    items = models.JSONField(default=list, blank=True)
    tags = models.JSONField(default=list, blank=True)
    custom_attributes = models.JSONField(default=dict, blank=True)
    external_event_at = models.DateTimeField(null=True, blank=True)
    content_hash = models.CharField(max_length=32)
    is_counted = models.BooleanField(default=True)
    returned = models.JSONField(default=list, blank=True)
    shortfall = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "order"
        constraints = [
            models.UniqueConstraint(fields=["organization", "external_id"], name="order_once"),
            models.CheckConstraint(
                condition=Q(total__gte=0)
                & (Q(discounted_total__isnull=True) | Q(discounted_total__gte=0, discounted_total__lte=F("total"))),
                name="order_totals_fit",
            ),
            models.CheckConstraint(condition=Q(shortfall__gte=0), name="order_shortfall_not_negative"),
        ]
        indexes = [
            models.Index(fields=["member", "id"], name="order_of_member"),
            # The newest of a shop, for who looks at them.
            models.Index(fields=["organization", "id"], name="order_of_organization"),
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def basis(self) -> Decimal:
        """What the order counts by (semantics 8.3)."""
        return self.total if self.discounted_total is None else self.discounted_total

    @property
    def is_over(self) -> bool:
        """Whether all of it went back."""
        return self.status in (self.Status.CANCELLED, self.Status.RETURNED)
