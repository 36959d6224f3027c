"""Partnerships of two organizations, and the coupon books that one offers the other (semantics 4)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least

from coupons.models import CouponBook
from loyalty.kernel.models import Organization


class Partnership(models.Model):
    """Two organizations that may offer each other coupon books: one row for each pair, whichever is named first.

    Only `active` changes.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    partner_organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Least("organization", "partner_organization"),
                Greatest("organization", "partner_organization"),
                name="partnership_once_for_a_pair",
            ),
            models.CheckConstraint(
                condition=~Q(organization=F("partner_organization")), name="partnership_of_two_organizations"
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "id"], name="partnership_of_organization"),
            models.Index(fields=["partner_organization", "id"], name="partnership_of_partner"),
        ]

    def __str__(self) -> str:
        return f"{self.organization} and {self.partner_organization}"

    def other_side(self, organization_id: int) -> int:
        """The number of the other organization."""
        if self.organization_id == organization_id:
            return self.partner_organization_id
        return self.organization_id


class CouponBookOffering(models.Model):
    """One coupon book that its organization offers its partner (semantics 4.2).

    It is decided once: accepted it has the `accepted_book`, the partner's own that is linked to the offered one.
    Nothing else changes, and no offering is deleted (triggers).
    """

    class Status(models.TextChoices):
        """What became of it."""

        PENDING = "pending", "Pending"
        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Rejected"

    partnership = models.ForeignKey(Partnership, on_delete=models.PROTECT, related_name="offerings", db_index=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    partner_organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    offered_book = models.ForeignKey(CouponBook, on_delete=models.PROTECT, related_name="+", db_index=False)
    accepted_book = models.OneToOneField(CouponBook, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "coupon book offering"
        constraints = [
            models.UniqueConstraint(
                fields=["partnership", "offered_book"], condition=Q(status="pending"), name="offering_pending_once"
            ),
            models.CheckConstraint(
                condition=Q(status="accepted", accepted_book__isnull=False)
                | Q(status__in=["pending", "rejected"], accepted_book__isnull=True),
                name="offering_accepted_with_its_book",
            ),
            models.CheckConstraint(
                condition=~Q(organization=F("partner_organization")), name="offering_of_two_organizations"
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "id"], name="offering_made"),
            models.Index(fields=["partner_organization", "id"], name="offering_received"),
            models.Index(fields=["partnership", "offered_book"], name="offering_of_book"),
        ]

    def __str__(self) -> str:
        return f"offering {self.pk}"
