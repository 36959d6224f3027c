"""Registers the ledger."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The ledger's place in the project."""

    name = "ledger"
    verbose_name = "Ledger"
