"""Where the engine's rows come from and go to: one module for each database, one reading room for both."""

from __future__ import annotations

from django.db import connection

from ledger.engine.store.postgresql import PostgresStore
from ledger.engine.store.reading import Store
from ledger.engine.store.sqlite import SqliteStore


def current_store() -> Store:
    """The store of the database this installation uses."""
    return PostgresStore() if connection.vendor == "postgresql" else SqliteStore()


__all__ = ["Store", "current_store"]
