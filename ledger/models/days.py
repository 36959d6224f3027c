"""Running totals: what an account moved on each day, kept without a row that every posting has to wait for."""

from __future__ import annotations

from django.db import models

from ledger.models.accounts import LedgerAccount


class AccountDay(models.Model):
    """A part of one account's movements of one local day.

    A day has as many rows as there were writers at once: each takes a row nobody has locked, or makes one, so that
    postings never queue here. The day's figures are the sum of its rows. A reverted movement is taken out of its own
    day again and counted as `reverted` on the day of the revert; `pending` and `held` are net changes.
    """

    account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="days", db_index=False)
    day = models.DateField()
    minted = models.BigIntegerField(default=0)
    burned = models.BigIntegerField(default=0)
    expired = models.BigIntegerField(default=0)
    transferred = models.BigIntegerField(default=0)
    reverted = models.BigIntegerField(default=0)
    pending = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    transactions = models.BigIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["account", "day"], name="account_day")]

    def __str__(self) -> str:
        return f"{self.day}"
