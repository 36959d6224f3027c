"""Audiences: who is meant, kept as a rule or a list."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from loyalty.kernel.models import Organization


class Audience(models.Model):
    """Some of an organization's members: those a rule holds for, those on a list, or nobody; `key` never changes.

    Who belongs to it is decided whenever it is asked. `member_count` and `refreshed_at` are for reporting: how many
    they were when somebody last counted. `rule` is the rule's text, drawn from `matcher` whenever that changes.
    `segment_key` is what another system calls it.
    """

    class MatcherType(models.TextChoices):
        """How members are found."""

        ATTRIBUTE = "attribute-matcher", "By a rule"
        LIST = "list-matcher", "By a list"
        NULL = "null-matcher", "Nobody"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="audiences", db_index=False)
    key = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    active = models.BooleanField(default=True)
    matcher_type = models.CharField(max_length=20, choices=MatcherType)
    matcher = models.JSONField(default=dict, blank=True)
    rule = models.TextField(blank=True, default="")
    segment_key = models.CharField(max_length=255, blank=True, default="")
    member_count = models.BigIntegerField(default=0)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="audience_key_once"),
            models.CheckConstraint(condition=Q(member_count__gte=0), name="audience_count_not_negative"),
            models.CheckConstraint(
                condition=(Q(matcher_type="attribute-matcher") & ~Q(rule=""))
                | (Q(matcher_type__in=["list-matcher", "null-matcher"]) & Q(rule="")),
                name="audience_has_its_rule",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "id"], name="audience_of_organization"),
            models.Index(fields=["organization", "matcher_type", "id"], name="audience_by_matcher"),
            models.Index(fields=["refreshed_at"], name="audience_to_refresh"),
        ]

    def __str__(self) -> str:
        return self.name
