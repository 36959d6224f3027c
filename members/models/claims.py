"""Claims: points that wait behind an address until a person comes for them."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q

from ledger.models import LedgerAccount, Transaction
from loyalty.kernel.models import Organization
from members.models.members import Member
from members.models.stores import Store


class Claim(models.Model):
    """`amount` smallest units of `account` for whoever opens the address with `token`, once, before `expires_at`.

    Bound to `email` where there is one: then only who reads its mail may claim. Claiming makes the claimer a customer
    of `customer_type`, where one is named. A claim that was revoked is over.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="claims", db_index=False)
    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="+", db_index=False)
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    amount = models.BigIntegerField()
    email = models.CharField(max_length=255, blank=True, default="")
    customer_type = models.CharField(max_length=100, blank=True, default="")
    created_at = models.DateTimeField()
    # Far away where it never does.
    expires_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    claimed_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="claims", null=True, blank=True)
    transaction = models.OneToOneField(Transaction, on_delete=models.PROTECT, related_name="+", null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="claim_of_something"),
            models.CheckConstraint(
                condition=Q(claimed_at__isnull=True, claimed_by__isnull=True, transaction__isnull=True)
                | Q(
                    claimed_at__isnull=False,
                    claimed_by__isnull=False,
                    transaction__isnull=False,
                    revoked_at__isnull=True,
                ),
                name="claim_claimed_wholly_or_not",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "id"], name="claim_of_organization"),
            models.Index(fields=["organization", "email", "id"], name="claim_by_email", condition=~Q(email="")),
            models.Index(
                fields=["organization", "expires_at", "id"],
                name="claim_open",
                condition=Q(claimed_at__isnull=True, revoked_at__isnull=True),
            ),
            models.Index(fields=["organization", "id"], name="claim_claimed", condition=Q(claimed_at__isnull=False)),
            models.Index(fields=["organization", "id"], name="claim_revoked", condition=Q(revoked_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"Claim {self.pk}"

    def state_at(self, at: datetime) -> str:
        """How the claim stands, in a word; the last second of its last day is still in time."""
        if self.claimed_at is not None:
            return "claimed"
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at < at else "open"


class ClaimCode(models.Model):
    """A code mailed to `email`, to prove that whoever claims reads its mail. The code itself follows from `nonce` and
    the installation's secret: it is written down nowhere. Good until `expires_at`, for a few tries, once.
    """

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="codes")
    email = models.CharField(max_length=255)
    nonce = models.UUIDField(default=uuid.uuid4, editable=False)
    tries = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            # How many codes an address was sent lately, whatever the claim.
            models.Index(fields=["email", "created_at"], name="claim_code_by_email"),
        ]

    def __str__(self) -> str:
        return f"Code {self.pk}"
