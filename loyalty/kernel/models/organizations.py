"""The organization: whose books, members and settings everything else is."""

from __future__ import annotations

from django.db import models


class Organization(models.Model):
    """A shop chain, or any other owner of programs; `key` never changes, everything else may."""

    key = models.SlugField(max_length=100, unique=True)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    picture_url = models.CharField(max_length=2000, blank=True, default="")
    default_locale = models.CharField(max_length=35, default="en-US")
    locales = models.JSONField(default=list, blank=True)
    # Callers see and set it as customAttributes.timezone (semantics 0.14).
    timezone = models.CharField(max_length=64, default="UTC")
    custom_attributes = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
