"""Prints the address of a PostgreSQL server that tests may make databases on, or nothing."""

from __future__ import annotations

import os
import sys

import psycopg

CANDIDATES = (
    "postgres://postgres@127.0.0.1:5432/postgres",
    "postgres://postgres:postgres@127.0.0.1:5432/postgres",
    "postgres:///postgres",
    "postgres:///postgres?user=postgres",
)


def answers(url: str) -> bool:
    """Whether a server is there and lets us make databases."""
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            row = connection.execute("SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user").fetchone()
    except psycopg.Error:
        return False
    return bool(row and row[0])


if __name__ == "__main__":
    given = os.environ.get("TEST_DATABASE_URL", "")
    if given and not answers(given):
        sys.exit("TEST_DATABASE_URL names no server that lets us make databases")
    print(given or next((url for url in CANDIDATES if answers(url)), ""))
