"""Registers the console."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The console's place in the project."""

    name = "loyalty.console"
    label = "console"
    verbose_name = "Console"
