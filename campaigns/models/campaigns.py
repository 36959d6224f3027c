"""Campaigns and their actions: when something is given, and what."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from loyalty.kernel.models import Organization
from members.models import LoyaltyProgram


class Campaign(models.Model):
    """When something is given (semantics 9.1): all its conditions hold for an event. What is given say its actions.

    `code` is the organization's own name for it. `smart_rewards` is kept as it is given, and does nothing.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    program = models.ForeignKey(
        LoyaltyProgram, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    code = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    picture_url = models.CharField(max_length=2000, blank=True, default="")
    custom_attributes = models.JSONField(default=dict, blank=True)
    smart_rewards = models.JSONField(default=dict, blank=True)
    type = models.CharField(max_length=100, blank=True, default="")
    tags = models.JSONField(default=list, blank=True)
    active = models.BooleanField(default=True)
    event_type = models.CharField(max_length=100, blank=True, default="")
    enabled_topics = models.JSONField(default=list, blank=True)
    audience_keys = models.JSONField(default=list, blank=True)
    tier_keys = models.JSONField(default=list, blank=True)
    days_of_week = models.JSONField(default=list, blank=True)
    location_codes = models.JSONField(default=list, blank=True)
    min_spend = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    monthly_limit = models.BigIntegerField(null=True, blank=True)
    allow_partial = models.BooleanField(default=False)
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_to = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "code"], name="campaign_code_once"),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True) | Q(valid_to__isnull=True) | Q(valid_from__lt=F("valid_to")),
                name="campaign_valid_for_some_time",
            ),
            models.CheckConstraint(
                condition=(Q(monthly_limit__isnull=True) | Q(monthly_limit__gte=0))
                & (Q(min_spend__isnull=True) | Q(min_spend__gte=0)),
                name="campaign_limits_not_negative",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "id"], name="campaign_of_organization"),
            models.Index(fields=["organization", "id"], name="campaign_active", condition=Q(active=True)),
        ]

    def __str__(self) -> str:
        return self.name

    def is_valid_at(self, at: datetime) -> bool:
        """Whether `at` is within the campaign's time: from its first instant to before its last."""
        return (self.valid_from is None or self.valid_from <= at) and (self.valid_to is None or at < self.valid_to)


class CampaignAction(models.Model):
    """What a campaign gives, if the action's own rule holds: its effects, all of them or none (semantics 9.4).

    Only a running one is asked. `rule` is the text of the rule, drawn from `rules` whenever that changes, and
    `matcher_key` the matcher that some item of the order must fit; empty where there is none.
    """

    class Status(models.TextChoices):
        """Whether it is asked."""

        DISABLED = "disabled", "Disabled"
        RUNNING = "running", "Running"
        DRAFT = "draft", "Draft"

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="actions")
    name = models.CharField(max_length=255)
    status = models.CharField(max_length=8, choices=Status)
    action_index = models.BigIntegerField(null=True, blank=True)
    abort_if_false = models.BooleanField(default=False)
    abort_on_error = models.BooleanField(default=False)
    rules = models.JSONField(default=dict, blank=True)
    rule = models.TextField(blank=True, default="")
    matcher_key = models.CharField(max_length=100, blank=True, default="")
    effects = models.JSONField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "action"

    def __str__(self) -> str:
        return self.name


class Playbook(models.Model):
    """What changes whenever any campaign, action or matcher of an organization does: processes that keep the campaigns
    in memory see by the `stamp` whether they still know them. `awaited` are the types of events that the system tells
    by itself and something active waits for, `named` those that it waits for also where an effect brings them about;
    each type between two bars, since the database looks into it.
    """

    organization = models.OneToOneField(Organization, on_delete=models.PROTECT, primary_key=True, related_name="+")
    stamp = models.UUIDField()
    awaited = models.TextField(default="", blank=True)
    named = models.TextField(default="", blank=True)

    def __str__(self) -> str:
        return str(self.stamp)
