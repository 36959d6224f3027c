"""Lots: what is left of each credit, what took it, and what is kept aside of it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from ledger.models.accounts import LedgerAccount
from ledger.models.transactions import Kind, Transaction
from ledger.models.wallets import Wallet


class Lot(models.Model):
    """One credit, or the slice of one that a transfer moved, and how much of it is left.

    `pending` until `valid_from` (or a release), then `active`; ends `spent`, `expired` or `cancelled` when nothing is
    left, and lives again when a revert gives back. Never deleted; what it was born with never changes (triggers).
    `origin` is the lot a transferred slice was cut from. No `transaction`: what lay in no lot when the account's
    tracking was turned on.

    Accounts, wallets, transactions and lots are never deleted (triggers), and the engine writes what it has just read:
    what names them here is not checked once more by the database.
    """

    class State(models.TextChoices):
        """How the credit stands."""

        PENDING = "pending", "Pending"
        ACTIVE = "active", "Active"
        SPENT = "spent", "Spent"
        EXPIRED = "expired", "Expired"
        CANCELLED = "cancelled", "Cancelled"

    account = models.ForeignKey(
        LedgerAccount, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, related_name="lots", db_constraint=False, db_index=False
    )
    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, related_name="lots", null=True, db_constraint=False
    )
    origin = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="+", null=True, db_index=False, db_constraint=False
    )
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    held = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State)
    effective_at = models.DateTimeField()
    valid_from = models.DateTimeField()
    activated_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    expirations = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    amount__gt=0,
                    held__gte=0,
                    held__lte=F("remaining"),
                    remaining__lte=F("amount"),
                    remaining__gte=0,
                ),
                name="lot_never_overused",
            ),
            models.CheckConstraint(
                condition=Q(state="active", remaining__gt=0)
                | Q(state="pending", remaining__gt=0, held=0)
                | Q(state__in=["spent", "expired", "cancelled"], remaining=0),
                name="lot_state_fits_what_is_left",
            ),
        ]
        indexes = [
            # The two spend orders, over open lots only: a wallet's spent past costs nothing.
            models.Index(
                fields=["wallet", "account", "expires_at", "effective_at", "id"],
                name="lot_soonest_expiring",
                condition=Q(state="active"),
            ),
            models.Index(
                fields=["wallet", "account", "effective_at", "id"], name="lot_oldest_first", condition=Q(state="active")
            ),
            models.Index(
                fields=["wallet", "account", "valid_from", "id"], name="lot_pending", condition=Q(state="pending")
            ),
        ]

    def __str__(self) -> str:
        return f"Lot {self.pk}"


class LotUse(models.Model):
    """How much of which lot a transaction took, or (below zero) gave back; never updated or deleted (a trigger)."""

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="uses", db_constraint=False)
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="lot_uses", db_constraint=False)
    amount = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="lot_use_not_zero")]

    def __str__(self) -> str:
        return f"{self.amount} of lot {self.lot_id}"


class Hold(models.Model):
    """Points kept aside by a `hold` transaction until they are captured (once, wholly or partly) or released."""

    class State(models.TextChoices):
        """How the hold ended, if it has."""

        PENDING = "pending", "Pending"
        CAPTURED = "captured", "Captured"
        VOIDED = "voided", "Voided"

    transaction = models.OneToOneField(Transaction, on_delete=models.PROTECT, primary_key=True, related_name="hold")
    # What the capture will be.
    kind = models.CharField(max_length=10, choices=[(Kind.BURN, "Burn"), (Kind.TRANSFER, "Transfer")])
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    amount = models.BigIntegerField()
    captured = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["pending", "voided"], captured=0)
                | Q(state="captured", captured__gt=0, captured__lte=F("amount")),
                name="hold_captured_within_amount",
            )
        ]
        indexes = [models.Index(fields=["created_at"], name="hold_open", condition=Q(state="pending"))]

    def __str__(self) -> str:
        return f"Hold {self.pk}"


class HoldSlice(models.Model):
    """How much of which lot a hold keeps aside; what no slice names lies in no lot. Never updated or deleted."""

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="slices")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="hold_slices")
    amount = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="hold_slice_positive")]

    def __str__(self) -> str:
        return f"{self.amount} of lot {self.lot_id}"
