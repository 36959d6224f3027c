"""Wallets and what they hold."""

from __future__ import annotations

from typing import Any

from django.db import models

from loyalty.kernel.models import Organization


class Wallet(models.Model):
    """A holder of points in an organization: a member's, a partner's clearing wallet, or one of an account's own.

    Who a member wallet belongs to is told from above as `holder_id`; the ledger does not know what it numbers.
    An inactive wallet takes no mint, burn or transfer; reverts, releases and expiry go on.
    """

    class Kind(models.TextChoices):
        """What the wallet is for. The last four belong to one account each and cannot be named in a movement."""

        MEMBER = "member", "Member"
        CLEARING = "clearing", "Partner clearing"
        RESERVE = "reserve", "Reserve"
        BURNED = "burned", "Burned"
        EXPIRED = "expired", "Expired"
        ISSUANCE = "issuance", "Issuance"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.MEMBER)
    holder_id = models.BigIntegerField(null=True, blank=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["organization", "id"], name="wallet_of_organization")]

    def __str__(self) -> str:
        return f"Wallet {self.pk}"


class Balance(models.Model):
    """What one wallet holds in one account, in the account's smallest unit.

    `active` can be spent but for what is `held`; `pending` waits to become active. `tracked` of the active points lie
    in lots, `held_tracked` of the held ones; the rest lies in no lot. `next_change_at` is when the first lot becomes
    active or expires: until then the row is right as it stands.
    """

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="balances", db_index=False)
    account: models.ForeignKey[Any, Any] = models.ForeignKey(
        "ledger.LedgerAccount", on_delete=models.PROTECT, related_name="balances", db_index=False
    )
    active = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    pending = models.BigIntegerField(default=0)
    tracked = models.BigIntegerField(default=0)
    held_tracked = models.BigIntegerField(default=0)
    may_owe = models.BooleanField(default=False)
    next_change_at = models.DateTimeField()
    # How many transactions the wallet has in the account, so that a list knows its length without counting.
    transactions = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["wallet", "account"], name="balance_once_per_wallet_and_account"),
            models.CheckConstraint(
                condition=models.Q(held__gte=0, pending__gte=0, tracked__gte=0, held_tracked__gte=0),
                name="balance_parts_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(may_owe=True) | models.Q(active__gte=models.F("held")),
                name="balance_available_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(may_owe=True) | models.Q(active__gte=models.F("tracked")),
                name="balance_covers_its_lots",
            ),
            models.CheckConstraint(
                condition=models.Q(held__gte=models.F("held_tracked"), tracked__gte=models.F("held_tracked")),
                name="balance_holds_within_its_lots",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "wallet"], name="balance_of_account"),
            models.Index(fields=["next_change_at", "id"], name="balance_due"),
        ]

    def __str__(self) -> str:
        return f"Balance {self.pk}"

    @property
    def available(self) -> int:
        """What can be spent now."""
        return self.active - self.held
