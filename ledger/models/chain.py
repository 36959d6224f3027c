"""What waits to be told to a chain outside: one row for each transaction of an account that is mirrored there."""

from __future__ import annotations

from django.db import models

from ledger.models.transactions import Transaction


class ChainNotice(models.Model):
    """One transaction to be told to the chain (semantics 1.5); written with it, delivered after it, never in its way.

    Delivery is at least once and in order of their numbers as far as they are committed; the transaction's id tells a
    repeat.
    """

    transaction = models.OneToOneField(Transaction, on_delete=models.PROTECT, primary_key=True, related_name="+")
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["next_try_at", "transaction"], name="chain_waiting", condition=models.Q(delivered_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"Notice of transaction {self.transaction_id}"
