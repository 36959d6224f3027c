"""Programs that points can be issued in, and which clients may."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from ledger.models import LedgerAccount
from loyalty.kernel.models import Organization
from members.models import LoyaltyProgram
from partners.models.companies import ExchangeClient, Partner


class PartnerProgram(models.Model):
    """A partner's program: what a point of it costs, within which limits, and how points get there.

    Prices are for one whole point, in the partner's currency and in US dollars. Limits are whole units of the caller's
    currency and whole points, inclusive; 0 is no limit. `account` holds in the partner's clearing wallet what was
    issued and is not settled, in whole points.
    """

    class Connector(models.TextChoices):
        """How points get to the members of the program."""

        IN_HOUSE = "in-house", "A program of this installation"
        HTTP = "http", "Over HTTP"

    class Wanted(models.TextChoices):
        """What the program wants to know of a destination."""

        REQUIRED = "required", "Required"
        OPTIONAL = "optional", "Optional"
        UNUSED = "unused", "Not used"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="programs")
    name = models.CharField(max_length=255)
    profile = models.JSONField(default=dict, blank=True)
    active = models.BooleanField(default=True)
    price_per_point = models.DecimalField(max_digits=15, decimal_places=6)
    price_per_point_in_usd = models.DecimalField("price per point in US dollars", max_digits=15, decimal_places=6)
    min_value = models.BigIntegerField(default=0)
    max_value = models.BigIntegerField(default=0)
    min_points = models.BigIntegerField(default=0)
    max_points = models.BigIntegerField(default=0)
    user_id_field = models.CharField("user id", max_length=8, choices=Wanted, default=Wanted.OPTIONAL)
    user_email_field = models.CharField("user email", max_length=8, choices=Wanted, default=Wanted.REQUIRED)
    connector = models.CharField(max_length=8, choices=Connector)
    destination = models.ForeignKey(
        LoyaltyProgram, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    url = models.CharField("address", max_length=2000, blank=True, default="")
    secret = models.CharField(max_length=255, blank=True, default="", editable=False)
    account = models.OneToOneField(LedgerAccount, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "partner program"
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="partner_program_name_once"),
            models.CheckConstraint(
                condition=Q(price_per_point__gt=0, price_per_point_in_usd__gt=0), name="partner_program_has_a_price"
            ),
            models.CheckConstraint(
                condition=Q(min_value__gte=0, min_points__gte=0)
                & (Q(max_value=0) | Q(max_value__gte=F("min_value")))
                & (Q(max_points=0) | Q(max_points__gte=F("min_points"))),
                name="partner_program_limits_fit",
            ),
            models.CheckConstraint(
                condition=Q(connector="in-house", destination__isnull=False, url="")
                | (Q(connector="http", destination__isnull=True) & ~Q(url="") & ~Q(secret="")),
                name="partner_program_has_a_way",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ProgramAccess(models.Model):
    """That a client may issue in a program."""

    client = models.ForeignKey(ExchangeClient, on_delete=models.PROTECT, related_name="accesses", db_index=False)
    program = models.ForeignKey(PartnerProgram, on_delete=models.PROTECT, related_name="accesses")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "program"], name="program_access_once")]

    def __str__(self) -> str:
        return f"Client {self.client_id} in program {self.program_id}"
