"""Forms of the console that were sent: so that a double click or a second copy of the page acts once."""

from __future__ import annotations

from django.db import models


class SentForm(models.Model):
    """One form that acted: the key its page was born with, and where it led. Kept for some days, then forgotten."""

    key = models.CharField(max_length=80, primary_key=True)
    sent_at = models.DateTimeField(db_index=True)
    message = models.TextField(blank=True, default="")
    led_to = models.CharField(max_length=500, blank=True, default="")

    def __str__(self) -> str:
        return self.key
