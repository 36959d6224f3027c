"""Stores: the fronts of an organization that the vendors' clients know, and who stands behind their counters."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from ledger.models import LedgerAccount
from loyalty.kernel.models import Operator, Organization


class Store(models.Model):
    """One front of an organization: what it gives and takes are points of `account`.

    `code` is what addresses name it by. The settings say how long points given here are locked and how long they live,
    and how long a claim may be claimed; rows given before keep what they were given with. One store of an organization
    is its default: the one an API means that knows organizations by their key alone.
    """

    class Expiry(models.TextChoices):
        """When points given at the store expire."""

        NEVER = "all_time_active", "Never"
        AFTER_DAYS = "after_x_days", "After some days"
        MONTH = "at_the_end_of_the_month", "At the end of the month"
        YEAR = "at_the_end_of_the_year", "At the end of the year"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="stores")
    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=255)
    currency = models.CharField(max_length=3, default="EUR")
    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="+")
    active = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False)
    expiry_mode = models.CharField(max_length=24, choices=Expiry, default=Expiry.AFTER_DAYS)
    days_active = models.PositiveIntegerField(default=30)
    days_locked = models.PositiveIntegerField(default=0)
    # The kinds of customers a claim may make its claimer (`Member.member_type`).
    customer_types = models.JSONField(default=list, blank=True)
    # Days a claim may be claimed where it does not say; none: it never expires.
    claim_days = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization"], condition=Q(is_default=True), name="store_default_once"),
            models.CheckConstraint(
                condition=Q(days_active__gte=1, days_active__lte=36_500, days_locked__lte=36_500),
                name="store_days_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Seller(models.Model):
    """A person who sells at a store: sees its transfers, and gives and takes points where `allow_point_transfer`.

    One who was dismissed is nobody there, until appointed again.
    """

    operator = models.OneToOneField(Operator, on_delete=models.CASCADE, related_name="seller")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="sellers")
    allow_point_transfer = models.BooleanField("may give and take points", default=False)
    created_at = models.DateTimeField()
    dismissed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.operator)


class MemberPassword(models.Model):
    """What a member signs in with; without a row the member cannot."""

    member = models.OneToOneField(
        "members.Member", on_delete=models.CASCADE, primary_key=True, related_name="member_password"
    )
    password = models.CharField(max_length=128)
    failures = models.PositiveIntegerField(default=0)
    locked_until = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Password of {self.member_id}"


class RefreshToken(models.Model):
    """One signed-in client of an operator or a member: what it trades for a new token. Only a digest is kept.

    `stamp` is of the password it was signed in with: with another password it opens nothing any more.
    """

    digest = models.CharField(max_length=64, unique=True)
    operator = models.ForeignKey(Operator, on_delete=models.CASCADE, related_name="+", null=True, blank=True)
    member: models.ForeignKey[Any, Any] = models.ForeignKey(
        "members.Member", on_delete=models.CASCADE, related_name="+", null=True, blank=True
    )
    role = models.CharField(max_length=20)
    stamp = models.CharField(max_length=32)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(operator__isnull=True, member__isnull=False)
                | Q(operator__isnull=False, member__isnull=True),
                name="refresh_token_of_one_holder",
            )
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.pk}"
