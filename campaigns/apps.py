"""Registers the campaigns."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """The campaigns' place in the project."""

    name = "campaigns"
    verbose_name = "Campaigns"
