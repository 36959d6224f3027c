"""Matchers: which items of an order are meant."""

from __future__ import annotations

from django.db import models

from loyalty.kernel.models import Organization


class ActionMatcher(models.Model):
    """A rule over the items of an order; actions name it by its `key`, which never changes.

    `rule` is the rule's text, drawn from `matcher` whenever that changes.
    """

    class Type(models.TextChoices):
        """What is matched."""

        ITEM = "item-matcher", "Items of an order"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    type = models.CharField(max_length=20, choices=Type)
    matcher = models.JSONField(default=dict)
    rule = models.TextField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "matcher"
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="matcher_key_once"),
            models.UniqueConstraint(fields=["organization", "name"], name="matcher_name_once"),
        ]
        indexes = [models.Index(fields=["organization", "id"], name="matcher_of_organization")]

    def __str__(self) -> str:
        return self.name
