"""Exchanges: points that a client had issued in a partner's program, and what the books say of each."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ledger.models import Transaction
from loyalty.kernel.models import Organization
from members.models import Member
from partners.models.companies import ExchangeClient, Partner
from partners.models.programs import PartnerProgram
from partners.models.statements import Statement


class Exchange(models.Model):
    """One issue: `value` whole units of the client's currency for `points` whole points, at the rate of that moment.

    A client gives a `reference_number` once in each environment; `content_hash` tells a repeat from another request.
    An issue in the sandbox has no entries: nothing is moved. Only its `state`, and what the partner said last, change.
    """

    class State(models.TextChoices):
        """How it stands. Those in between wait for the partner's program to answer, or for a person."""

        PENDING = "pending", "Pending"
        ISSUED = "issued", "Issued"
        FAILED = "failed", "Failed"
        REVERSING = "reversing", "Reversing"
        REVERSED = "reversed", "Reversed"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    client = models.ForeignKey(ExchangeClient, on_delete=models.PROTECT, related_name="+", db_index=False)
    program = models.ForeignKey(PartnerProgram, on_delete=models.PROTECT, related_name="+", db_index=False)
    is_sandbox = models.BooleanField()
    reference_number = models.CharField(max_length=255)
    content_hash = models.CharField(max_length=32)
    original_program_id = models.CharField(max_length=255, blank=True, default="")
    description = models.CharField(max_length=1000, blank=True, default="")
    value = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    rate = models.DecimalField("client's price per point", max_digits=15, decimal_places=6)
    points = models.BigIntegerField()
    destination_user_id = models.CharField(max_length=255, blank=True, default="")
    destination_user_email = models.CharField(max_length=254, blank=True, default="")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    state = models.CharField(max_length=9, choices=State)
    says = models.CharField("the program's last word", max_length=500, blank=True, default="")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "is_sandbox", "reference_number"], name="exchange_reference_once"
            ),
            models.CheckConstraint(condition=Q(value__gt=0, points__gt=0), name="exchange_moves_something"),
            models.CheckConstraint(
                condition=Q(state__in=["issued", "reversed"], ended_at__isnull=False)
                | Q(state__in=["pending", "failed", "reversing"], ended_at__isnull=True),
                name="exchange_ends_once",
            ),
            models.CheckConstraint(
                condition=Q(is_sandbox=False) | Q(state="issued"), name="exchange_sandbox_is_issued"
            ),
        ]
        indexes = [
            models.Index(fields=["client", "is_sandbox", "created_at", "id"], name="exchange_newest"),
            models.Index(fields=["program", "id"], name="exchange_of_program"),
            models.Index(fields=["organization", "-id"], name="exchange_of_organization"),
            models.Index(fields=["organization", "reference_number"], name="exchange_by_reference"),
            models.Index(
                fields=["organization", "id"],
                name="exchange_not_ended",
                condition=Q(state__in=["pending", "failed", "reversing"]),
            ),
        ]

    def __str__(self) -> str:
        return self.reference_number


class ExchangeEntry(models.Model):
    """What an issue, or its reversal, did to the books; written once (triggers).

    `transaction` moved the points in the clearing wallet of the program's partner, `money_transaction` what the
    client's partner pays for them, `credit_transaction` (in a program of this installation) the member's points.
    `rate` is what is due to the program's partner for a point. Each side's statement takes the entry once.
    """

    class Kind(models.TextChoices):
        """What happened."""

        ISSUE = "issue", "Issue"
        REVERSAL = "reversal", "Reversal"

    exchange = models.ForeignKey(Exchange, on_delete=models.PROTECT, related_name="entries", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind)
    program = models.ForeignKey(PartnerProgram, on_delete=models.PROTECT, related_name="+", db_index=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+", db_index=False)
    payer = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+", db_index=False)
    points = models.BigIntegerField()
    rate = models.DecimalField(max_digits=15, decimal_places=6)
    value = models.BigIntegerField()
    transaction = models.OneToOneField(Transaction, on_delete=models.PROTECT, related_name="+")
    money_transaction = models.OneToOneField(Transaction, on_delete=models.PROTECT, related_name="+")
    credit_transaction = models.OneToOneField(
        Transaction, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    statement = models.ForeignKey(
        Statement, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    payer_statement = models.ForeignKey(
        Statement, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["exchange", "kind"], name="exchange_entry_once"),
            models.CheckConstraint(condition=Q(points__gt=0, value__gt=0), name="exchange_entry_moves_something"),
        ]
        indexes = [
            models.Index(fields=["partner", "id"], name="entry_not_settled", condition=Q(statement__isnull=True)),
            models.Index(fields=["payer", "id"], name="entry_not_charged", condition=Q(payer_statement__isnull=True)),
            models.Index(fields=["statement", "id"], name="entry_of_statement"),
            models.Index(fields=["payer_statement", "id"], name="entry_of_payer_statement"),
            models.Index(fields=["program", "created_at"], name="entry_of_program"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of exchange {self.exchange_id}"
