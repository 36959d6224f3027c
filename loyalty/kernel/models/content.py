"""Content schemas: what the free content of coupon books and the like has to look like."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from loyalty.kernel.models.organizations import Organization


class ContentSchema(models.Model):
    """One schema by its name; the text is in its versions, the latest counts. Deleting it only sets `deleted_at`.

    `type` is a number of the caller's own: stored and filtered by, nothing more.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    picture_url = models.CharField(max_length=2000, blank=True, default="")
    type = models.BigIntegerField()
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(type__gte=0), name="content_schema_type_not_negative")]
        indexes = [
            models.Index(fields=["organization", "id"], name="content_schema_of_org"),
            models.Index(fields=["organization", "type", "id"], name="content_schema_by_type"),
        ]

    def __str__(self) -> str:
        return self.name


class ContentSchemaVersion(models.Model):
    """One text a schema has had, as it was given: JSON Schema. Never changed and never deleted (triggers)."""

    content_schema = models.ForeignKey(ContentSchema, on_delete=models.PROTECT, related_name="versions", db_index=False)
    schema = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["content_schema", "-id"], name="content_schema_versions")]

    def __str__(self) -> str:
        return f"{self.content_schema} {self.pk}"
