"""API credentials: how programs prove who they are."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from loyalty.kernel.models.operators import Operator
from loyalty.kernel.models.organizations import Organization

SOON = timedelta(days=14)


class Door(models.TextChoices):
    """The API a credential opens."""

    CORE = "core", "Core API"
    OPEN_LOYALTY = "open-loyalty", "Open Loyalty"
    ENGAGE = "engage", "Voyado Engage"
    COGGINS = "coggins", "Coggins Store"
    COSMOPOINTS = "cosmopoints", "Cosmopoints"


class ApiCredential(models.Model):
    """One key and the digest of its secret, acting as one operator in one organization, at one door.

    At the core API the key is sent with the secret. The vendors' APIs know a single word, a UUID: there the secret
    alone opens, and the key is only how people speak of the credential.

    The secret is shown once, when it is made or rotated. After a rotation the previous secret works until
    `previous_valid_until`. `scopes` narrow the operator's roles; none means all of them. No organization: a system
    administrator's own, for every organization.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="credentials", null=True, blank=True
    )
    operator = models.ForeignKey(Operator, on_delete=models.PROTECT, related_name="credentials")
    name = models.CharField(max_length=255)
    door = models.CharField("opens", max_length=12, choices=Door, default=Door.CORE)
    key = models.CharField(max_length=40, unique=True, editable=False)
    secret_digest = models.CharField(max_length=64, editable=False)
    previous_digest = models.CharField(max_length=64, editable=False, blank=True, default="")
    previous_valid_until = models.DateTimeField(null=True, blank=True, editable=False)
    scopes = models.JSONField(default=list, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        verbose_name = "API credential"
        constraints = [
            models.CheckConstraint(
                condition=Q(door="core") | Q(organization__isnull=False), name="credential_of_a_vendors_api_has_a_place"
            )
        ]
        indexes = [
            # Where the secret alone opens, it is what the credential is found by.
            models.Index(fields=["secret_digest"], name="credential_by_secret", condition=~Q(door="core")),
            models.Index(
                fields=["previous_digest"],
                name="credential_by_previous",
                condition=~Q(door="core") & ~Q(previous_digest=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def state_at(self, at: datetime) -> str:
        """Whether it opens anything, in a word or two."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is None or self.expires_at > at + SOON:
            return "active"
        return "expires soon" if self.expires_at > at else "expired"

    @property
    def was_missed(self) -> bool:
        """Whether it was in use up to when it expired: somebody may be waiting for a new one."""
        return (
            self.expires_at is not None
            and self.last_used_at is not None
            and self.last_used_at >= self.expires_at - SOON
        )
