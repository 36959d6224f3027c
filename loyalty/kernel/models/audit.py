"""The audit trail: who changed what, from what to what, and why."""

from __future__ import annotations

from django.db import models

from loyalty.kernel.models.organizations import Organization


class AuditEntry(models.Model):
    """One change by one actor. Nothing edits it; only the erasure of a person blanks what was personal in it.

    `action` is noun.past (`member.updated`); `before` and `after` hold only what changed.
    """

    # Every index below that begins with it does for it alone.
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="+", null=True, db_index=False
    )
    at = models.DateTimeField()
    actor = models.CharField(max_length=100)
    actor_name = models.CharField(max_length=255, blank=True, default="")
    action = models.CharField(max_length=60)
    target_type = models.CharField(max_length=60)
    target_id = models.CharField(max_length=60)
    target_name = models.CharField(max_length=255, blank=True, default="")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.TextField(blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        verbose_name = "history entry"
        verbose_name_plural = "history entries"
        indexes = [
            models.Index(fields=["organization", "-id"], name="audit_newest"),
            models.Index(fields=["target_type", "target_id", "-id"], name="audit_of_target"),
            models.Index(fields=["organization", "actor", "-id"], name="audit_of_actor"),
            models.Index(fields=["organization", "action", "-id"], name="audit_of_action"),
            models.Index(fields=["organization", "target_name"], name="audit_target_name"),
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor}"
