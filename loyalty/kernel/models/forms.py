"""What acted once already: forms of the console that were sent, and API calls whose key is remembered for a day."""

from __future__ import annotations

from django.db import models

from loyalty.kernel.models.organizations import Organization


class SentForm(models.Model):
    """One form that acted: the key its page was born with, and where it led. Kept for some days, then forgotten."""

    key = models.CharField(max_length=80, primary_key=True)
    sent_at = models.DateTimeField(db_index=True)
    message = models.TextField(blank=True, default="")
    led_to = models.CharField(max_length=500, blank=True, default="")

    def __str__(self) -> str:
        return self.key


class KeptAnswer(models.Model):
    """What an API call with an idempotency key was answered, for the next call with the same key.

    `place` is the API and operation, `content_hash` tells a repeat from another call with the same key.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    place = models.CharField(max_length=40)
    key = models.CharField(max_length=255)
    content_hash = models.CharField(max_length=64)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "place", "key"], name="kept_answer_once")]

    def __str__(self) -> str:
        return self.key
