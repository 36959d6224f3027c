"""Companies that points are exchanged with, and the clients they call with."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q

from ledger.models import LedgerAccount, Wallet
from loyalty.kernel.models import ApiCredential, Organization


class Partner(models.Model):
    """A company an organization exchanges points with: it has programs to issue in, clients that issue, or both.

    `wallet` is its clearing wallet: for each of its programs it holds the points that were issued there and are not
    settled, and in `money_account` what the company has paid in advance (below zero: what it owes for). All money
    between the two is in `currency`. A prepaid company issues while at least `floor` stays; a postpaid one without
    limit, or down to a `floor` below zero. Below `alert_below` the console says so.
    """

    class Terms(models.TextChoices):
        """When the company pays for what its clients issue."""

        PREPAID = "prepaid", "Prepaid"
        POSTPAID = "postpaid", "Postpaid"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=255)
    currency = models.CharField(max_length=3)
    terms = models.CharField(max_length=8, choices=Terms)
    floor = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    alert_below = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    profile = models.JSONField(default=dict, blank=True)
    wallet = models.OneToOneField(Wallet, on_delete=models.PROTECT, related_name="+")
    money_account = models.ForeignKey(LedgerAccount, on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="partner_name_once"),
            models.CheckConstraint(
                condition=Q(terms="prepaid", floor__isnull=False, floor__gte=0)
                | Q(terms="postpaid", floor__isnull=True)
                | Q(terms="postpaid", floor__lte=0),
                name="partner_floor_fits_its_terms",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_prepaid(self) -> bool:
        """Whether the company pays before its clients issue."""
        return self.terms == self.Terms.PREPAID

    def is_low(self, balance: Decimal) -> bool:
        """Whether what is left of the float calls for more."""
        return self.alert_below is not None and balance < self.alert_below


class ExchangeClient(models.Model):
    """An application of a partner that calls the exchange: `client_id` is the same in both environments, the secret of
    each is another. What it issues is paid for by its partner.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="clients")
    client_id = models.CharField(max_length=40, unique=True, editable=False)
    name = models.CharField(max_length=255)
    program_name = models.CharField(max_length=255, blank=True, default="")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "exchange client"
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="exchange_client_name_once")]

    def __str__(self) -> str:
        return self.name


class ClientKey(models.Model):
    """The credential of a client in one environment. In the sandbox nothing that counts is moved."""

    class Environment(models.TextChoices):
        """Where the credential is good."""

        PRODUCTION = "production", "Production"
        SANDBOX = "sandbox", "Sandbox"

    client = models.ForeignKey(ExchangeClient, on_delete=models.PROTECT, related_name="keys", db_index=False)
    credential = models.OneToOneField(ApiCredential, on_delete=models.PROTECT, related_name="+")
    environment = models.CharField(max_length=10, choices=Environment)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "environment"], name="client_key_once")]

    def __str__(self) -> str:
        return f"{self.client_id} {self.environment}"
