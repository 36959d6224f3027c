"""Portals: the web pages and apps that show a program to its members."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from loyalty.kernel.models import Organization
from members.models.programs import LoyaltyProgram


class Portal(models.Model):
    """One page or app of an organization, found by its `public_id`, which nobody can guess.

    What it looks like (`links`, `theme`, `forms`) is kept as the caller gives it; `metadata` is for the organization's
    own eyes. After signing in, people are sent to `auth_redirect_url`, never anywhere without https.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    public_id = models.CharField(max_length=22, unique=True)
    name = models.CharField(max_length=255)
    active = models.BooleanField(default=True)
    program = models.ForeignKey(LoyaltyProgram, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    auth_redirect_url = models.CharField(max_length=2000, blank=True, default="")
    auth_valid_scopes = models.JSONField(default=list, blank=True)
    custom_attributes = models.JSONField(default=dict, blank=True)
    links = models.JSONField(default=dict, blank=True)
    theme = models.JSONField(default=dict, blank=True)
    forms = models.JSONField(default=dict, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(auth_redirect_url="") | Q(auth_redirect_url__startswith="https://"),
                name="portal_redirects_over_https",
            )
        ]
        indexes = [models.Index(fields=["organization", "id"], name="portal_of_organization")]

    def __str__(self) -> str:
        return self.name
