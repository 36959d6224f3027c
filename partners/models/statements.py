"""Statements: what two companies owe each other for a period, closed once and for all."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from ledger.models import Transaction
from loyalty.kernel.models import Organization
from partners.models.companies import Partner
from partners.models.programs import PartnerProgram


class Statement(models.Model):
    """A closed period of a partner; never changed or deleted (triggers).

    It takes every entry that was written before `ends_at` and is in no earlier statement: a reversal that comes late is
    in the next one. `due_to_partner` is for points issued in its programs, `due_from_partner` what its clients issued
    and has not paid in advance; `net` is what is left to pay the partner (below zero: by the partner). `digest` is the
    SHA-256 of the file of its lines, so that both sides can prove that they read the same.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="statements", db_index=False)
    number = models.PositiveIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    currency = models.CharField(max_length=3)
    terms = models.CharField(max_length=8, choices=Partner.Terms)
    due_to_partner = models.DecimalField(max_digits=20, decimal_places=2, default=0)
    due_from_partner = models.DecimalField(max_digits=20, decimal_places=2, default=0)
    net = models.DecimalField(max_digits=20, decimal_places=2, default=0)
    lines = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, default="")
    money_transaction = models.OneToOneField(
        Transaction, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partner", "number"], name="statement_number_once"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="statement_has_a_period"),
        ]
        indexes = [models.Index(fields=["organization", "-id"], name="statement_newest")]

    def __str__(self) -> str:
        return f"{self.partner} {self.number}"


class StatementTotal(models.Model):
    """What a statement says of one program in one direction; never changed or deleted (triggers).

    `out` is what was issued in the partner's program, and settles the clearing wallet by `transaction`; `in` is what
    the partner's clients issued in the program, whosever it is. Points are whole points; `amount` is exact.
    """

    class Direction(models.TextChoices):
        """Which way the points went."""

        OUT = "out", "Issued in the partner's program"
        IN = "in", "Issued by the partner's clients"

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="totals", db_index=False)
    direction = models.CharField(max_length=3, choices=Direction)
    program = models.ForeignKey(PartnerProgram, on_delete=models.PROTECT, related_name="+", db_index=False)
    issued = models.BigIntegerField("points issued")
    reversed = models.BigIntegerField("points reversed")
    amount = models.DecimalField(max_digits=24, decimal_places=6)
    transaction = models.OneToOneField(Transaction, on_delete=models.PROTECT, related_name="+", null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["statement", "direction", "program"], name="statement_total_once"),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.program_id}"

    @property
    def net_points(self) -> int:
        """Points issued and not reversed."""
        return self.issued - self.reversed
