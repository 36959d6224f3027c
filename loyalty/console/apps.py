"""Registers the console."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ConsoleConfig(AppConfig):
    """The console's place in the project."""

    name = "loyalty.console"
    label = "console"
    verbose_name = "Console"


class SiteConfig(AdminConfig):
    """Django's admin, on our own site."""

    default_site = "loyalty.console.site.ConsoleSite"
