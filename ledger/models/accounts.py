"""Ledgers and their accounts: one account is one kind of point with its own rules."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from ledger.models.wallets import Wallet
from loyalty.kernel.models import Organization

MAX_SUPPLY = 18_446_744_073_709


class Ledger(models.Model):
    """The books of an organization, or one part of them; `key` never changes."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="ledgers")
    key = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="ledger_key_once")]

    def __str__(self) -> str:
        return self.name


class LedgerAccount(models.Model):
    """One kind of point: how it is shown, how much of it may exist, when it expires, in what order it is spent.

    Amounts are whole smallest units; `decimals` only says how people read them. `max_supply` null is unlimited. Each
    account has wallets of its own: the reserve it issues from, where burned and expired points end, and the outside
    that a finite supply comes from.
    """

    class SpendOrder(models.TextChoices):
        """Which points go first."""

        SOONEST_EXPIRING = "soonest-expiring", "Soonest expiring first"
        OLDEST_FIRST = "oldest-first", "Oldest first"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    ledger = models.ForeignKey(Ledger, on_delete=models.PROTECT, related_name="accounts")
    key = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    active = models.BooleanField(default=True)
    is_currency = models.BooleanField(default=False)
    decimals = models.PositiveSmallIntegerField(default=0)
    format_string = models.CharField(max_length=255, blank=True, default="")
    max_supply = models.BigIntegerField(null=True, blank=True)
    is_revolving = models.BooleanField(default=False)
    point_tracking_enabled = models.BooleanField(default=False)
    sync_algorand = models.BooleanField(default=False)
    expires_in_months = models.PositiveIntegerField(null=True, blank=True)
    is_default = models.BooleanField(default=False)
    spend_order = models.CharField(max_length=20, choices=SpendOrder, default=SpendOrder.SOONEST_EXPIRING)
    may_owe = models.BooleanField("may go below zero", default=False)
    # Points of members; else what companies clear between them, which nobody is offered to give to a member.
    for_members = models.BooleanField(default=True)
    reserve = models.OneToOneField(Wallet, on_delete=models.PROTECT, related_name="+")
    burned = models.OneToOneField(Wallet, on_delete=models.PROTECT, related_name="+")
    expired = models.OneToOneField(Wallet, on_delete=models.PROTECT, related_name="+")
    issuance = models.OneToOneField(Wallet, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "account"
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="account_key_once"),
            models.UniqueConstraint(fields=["ledger", "name"], name="account_name_once_per_ledger"),
            models.UniqueConstraint(fields=["ledger"], condition=Q(is_default=True), name="account_default_once"),
            models.CheckConstraint(condition=Q(decimals__lte=6), name="account_decimals_0_to_6"),
            models.CheckConstraint(
                condition=Q(max_supply__isnull=True) | Q(max_supply__gte=0, max_supply__lte=MAX_SUPPLY),
                name="account_supply_in_range",
            ),
            models.CheckConstraint(
                condition=Q(expires_in_months__isnull=True) | Q(expires_in_months__gt=0, point_tracking_enabled=True),
                name="account_expiry_needs_tracking",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AccountSupply(models.Model):
    """How much of a finite supply is used. Only accounts with one have this row, so only they pay for its lock."""

    account = models.OneToOneField(LedgerAccount, on_delete=models.PROTECT, primary_key=True, related_name="supply")
    max_supply = models.BigIntegerField()
    consumed = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(consumed__gte=0, consumed__lte=F("max_supply")), name="supply_never_exceeded"
            )
        ]

    def __str__(self) -> str:
        return f"{self.consumed} of {self.max_supply}"
