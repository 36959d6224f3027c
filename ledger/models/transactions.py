"""Transactions: what moved, from where, to where, and why."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from ledger.models.accounts import LedgerAccount
from ledger.models.wallets import Wallet
from loyalty.kernel.models import Organization


class Kind(models.TextChoices):
    """What a transaction is. The hold family moves nothing until its capture."""

    MINT = "mint", "Mint"
    BURN = "burn", "Burn"
    TRANSFER = "transfer", "Transfer"
    EXPIRE = "expire", "Expire"
    REVERT = "revert", "Revert"
    SUPPLY = "supply", "Supply"
    HOLD = "hold", "Hold"
    CAPTURE = "capture", "Capture"
    RELEASE = "release", "Release"


class Transaction(models.Model):
    """One movement of `amount` from one wallet to another in one account; never updated or deleted (a trigger says so).

    A correction is another transaction, which `answers` this one. `effective_at` is when it happened in the world,
    `created_at` when the row was written. A `unique_key` acts once in its organization and `key_kind`; `content_hash`
    tells a repeat from another request with the same key.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="transactions", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    from_wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="+", db_index=False)
    to_wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount = models.BigIntegerField()
    effective_at = models.DateTimeField()
    external_event_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    key_kind = models.CharField(max_length=12, blank=True, default="")
    unique_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 - null is "no key", many have none
    content_hash = models.CharField(max_length=32, blank=True, default="")
    external_id = models.CharField(max_length=255, blank=True, default="")
    description = models.CharField(max_length=1000, blank=True, default="")
    tags = models.JSONField(default=list, blank=True)
    source = models.CharField(max_length=40, blank=True, default="")
    actor = models.CharField(max_length=100)
    answers = models.ForeignKey("self", on_delete=models.PROTECT, related_name="answered_by", null=True, db_index=False)

    class Meta:
        constraints = [
            # The key first: it alone finds the row, whatever the planner believes about the others.
            models.UniqueConstraint(
                fields=["unique_key", "organization", "key_kind"],
                condition=Q(unique_key__isnull=False),
                name="transaction_key_once",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0) | Q(kind="supply", amount=0), name="transaction_amount_positive"
            ),
            models.CheckConstraint(condition=~Q(from_wallet=F("to_wallet")), name="transaction_two_wallets"),
            models.CheckConstraint(
                condition=Q(kind__in=["mint", "burn", "transfer", "expire", "supply", "hold"])
                | Q(kind__in=["capture", "release", "revert"], answers__isnull=False),
                name="transaction_answers_something",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "id"], name="transaction_of_account"),
            models.Index(fields=["from_wallet", "account", "id"], name="transaction_from_wallet"),
            models.Index(fields=["to_wallet", "account", "id"], name="transaction_to_wallet"),
            models.Index(fields=["account", "effective_at"], name="transaction_by_date"),
            models.Index(fields=["account", "external_id"], name="transaction_external", condition=~Q(external_id="")),
            models.Index(fields=["answers"], name="transaction_answers", condition=Q(answers__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
