"""Raw queries of the hot paths: plans the database keeps, and long lists bound as one value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import connection


def fetch(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a query whose text never changes; on PostgreSQL it is prepared once a connection.

    Only for the few queries of the hot path. DATABASE_PREPARE=0 turns it off, for poolers that cannot keep plans.
    """
    if connection.vendor != "postgresql" or not settings.DATABASE_PREPARE:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows
    from psycopg import Cursor  # noqa: PLC0415 - the embedded database does without

    connection.ensure_connection()
    raw: Any = Cursor(connection.connection)
    # Django's own wrapper, so that the query is counted and its errors are Django's.
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    with wrap(raw) as cursor:
        cursor.execute(sql, params)
        prepared: list[tuple[Any, ...]] = cursor.fetchall()
        return prepared


def bind_list(values: Sequence[str]) -> str:
    """Texts as the one parameter of `json_array_elements_text(%s)` or `json_each(%s)`: thousands of placeholders, or
    an array of as many texts, take longer to fill in than to answer.
    """
    return json.dumps(list(values))
