"""The types of events that organizations add to the built-in ones."""

from __future__ import annotations

from django.db import models

from loyalty.kernel.models import Organization


class LoyaltyEventType(models.Model):
    """A type of event of the organization's own; its `code` never changes. `schema_type` says what its payload is:
    anything, one value of a kind, or what the JSON Schema in `custom_attributes` wants.
    """

    class SchemaType(models.TextChoices):
        """What a payload is checked against (semantics 7.2)."""

        BUILTIN = "builtin", "Any object"
        STRING = "string", "One text"
        NUMBER = "number", "One number"
        URL = "url", "One address"
        CUSTOM = "custom", "A JSON Schema"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    code = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    schema_type = models.CharField(max_length=7, choices=SchemaType)
    custom_attributes = models.JSONField(default=dict, blank=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "event type"
        constraints = [models.UniqueConstraint(fields=["organization", "code"], name="event_type_code_once")]

    def __str__(self) -> str:
        return self.name
