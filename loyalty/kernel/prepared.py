"""Raw queries of the hot paths: plans the database keeps, and long lists bound as one value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections


def fetch(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a query whose text never changes; on PostgreSQL it is prepared once a connection.

    Only for the few queries of the hot path. DATABASE_PREPARE=0 turns it off, for poolers that cannot keep plans.
    """
    # The connection itself: what stands for it in Django looks it up for every attribute.
    current: Any = connections[DEFAULT_DB_ALIAS]
    if current.vendor != "postgresql" or not settings.DATABASE_PREPARE:
        with current.cursor() as cursor:
            cursor.execute(sql, params)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows
    from psycopg import Cursor  # noqa: PLC0415 - the embedded database does without

    current.ensure_connection()
    raw: Any = Cursor(current.connection)
    if current.queries_logged or current.execute_wrappers:
        # Somebody counts the queries, or wants to know of each.
        raw = current.make_debug_cursor(raw) if current.queries_logged else current.make_cursor(raw)
    else:
        current.validate_no_broken_transaction()
    with current.wrap_database_errors, raw:
        raw.execute(sql, params)
        prepared: list[tuple[Any, ...]] = raw.fetchall()
        return prepared


def bind_list(values: Sequence[str]) -> str:
    """Texts as the one parameter of `json_array_elements_text(%s)` or `json_each(%s)`: thousands of placeholders, or
    an array of as many texts, take longer to fill in than to answer.
    """
    return json.dumps(list(values))
