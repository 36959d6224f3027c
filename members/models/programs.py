"""Loyalty programs and the ladder of their tiers."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ledger.models import Ledger, LedgerAccount
from loyalty.kernel.models import Organization


class LoyaltyProgram(models.Model):
    """One program of an organization, on one of its ledgers; `key` never changes.

    `main_account` is where points go that nobody named an account for, `tier_account` the one whose balance decides
    tiers, `main_portal` where its members are sent. One program of an organization is its default.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="programs")
    key = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    active = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False)
    ledger = models.ForeignKey(Ledger, on_delete=models.PROTECT, related_name="+")
    main_account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    tier_account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    main_portal = models.ForeignKey(
        "members.Portal", on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "program"
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="program_key_once"),
            models.UniqueConstraint(fields=["organization"], condition=Q(is_default=True), name="program_default_once"),
        ]

    def __str__(self) -> str:
        return self.name


class LoyaltyTier(models.Model):
    """One rung of a program's ladder, reached with `min_required_points` on the program's tier account."""

    program = models.ForeignKey(LoyaltyProgram, on_delete=models.PROTECT, related_name="tiers")
    key = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    active = models.BooleanField(default=True)
    min_required_points = models.BigIntegerField()
    tier_order = models.IntegerField()
    is_default = models.BooleanField(default=False)
    picture_url = models.CharField(max_length=2000, blank=True, default="")
    custom_attributes = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "tier"
        constraints = [
            models.UniqueConstraint(fields=["program", "key"], name="tier_key_once"),
            models.UniqueConstraint(fields=["program"], condition=Q(is_default=True), name="tier_default_once"),
            models.UniqueConstraint(
                fields=["program", "tier_order"], condition=Q(active=True), name="tier_order_once_among_active"
            ),
            models.CheckConstraint(condition=Q(min_required_points__gte=0), name="tier_points_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name
