"""Scratch databases: migrated once, copied for each measure, dropped at the end. A user's database is never touched."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import psycopg


@dataclass(frozen=True, slots=True)
class Place:
    """One scratch database: its address, and what Django calls it."""

    url: str
    name: str

    @property
    def env(self) -> dict[str, str]:
        """The environment of a process that works here."""
        return {**os.environ, "DATABASE_URL": self.url}

    def tidy(self) -> None:
        """Fresh statistics, and nothing left to write that a measure would have to wait for."""
        if self.url.startswith("sqlite"):
            return
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            with suppress(psycopg.errors.InsufficientPrivilege):
                connection.execute("CHECKPOINT")


class Places:
    """Makes scratch databases on a PostgreSQL server, or (without a `server`) as files in the folder `var`.

    Everything the installation under measure keeps lies in `var`, which is new and is taken away at the end.
    """

    def __init__(self, server: str | None, var: Path) -> None:
        self.server = server
        self.var = var
        self.made: list[str] = []
        self.base = self._place(f"tally_bench_{os.getpid()}")

    def _place(self, name: str) -> Place:
        if self.server is None:
            path = str(self.var / f"{name}.sqlite3")
            return Place(f"sqlite:///{path}", path)
        return Place(urlsplit(self.server)._replace(path=f"/{name}").geturl(), name)

    def __enter__(self) -> Places:
        """Make the first one with every table, and set Django up on it."""
        self.var.mkdir(parents=True)
        os.environ |= {
            "DATABASE_URL": self.base.url,
            "VAR_DIR": str(self.var),
            "SECRET_KEY": secrets.token_urlsafe(48),
            "CELERY_BROKER_URL": "memory://",
            "DJANGO_SETTINGS_MODULE": "loyalty.settings",
            # Here it is the limit that is measured.
            "ENGAGE_RATE_LIMIT": "0",
        }
        for name in ("DEBUG", "LOG_LEVEL"):
            os.environ.pop(name, None)
        self._ask(f"CREATE DATABASE {self.base.name}")
        self.made.append(self.base.name)

        import django
        import structlog
        from django.core.management import call_command
        from django.db import connection

        try:
            django.setup()
            # The servers log as ever; what this process would log buries what it says.
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
            call_command("migrate", verbosity=0)
            connection.close()
        except BaseException:
            self._clear()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave nothing behind."""
        from django.db import connection

        connection.close()
        self._clear()

    def _clear(self) -> None:
        for name in self.made:
            self._ask(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        shutil.rmtree(self.var, ignore_errors=True)

    def _ask(self, sql: str) -> None:
        if self.server is not None:
            with psycopg.connect(self.server, autocommit=True) as connection:
                connection.execute(sql)

    @contextmanager
    def fresh(self, label: str) -> Iterator[Place]:
        """An empty installation of its own; Django works on it until its end."""
        place = self._place(f"tally_bench_{os.getpid()}_{label}")
        if self.server is None:
            shutil.copy(self.base.name, place.name)
        else:
            self._ask(f"CREATE DATABASE {place.name} TEMPLATE {self.base.name}")
            self.made.append(place.name)
        try:
            with working_on(place):
                yield place
        finally:
            self._ask(f"DROP DATABASE IF EXISTS {place.name} WITH (FORCE)")


@contextmanager
def working_on(place: Place) -> Iterator[None]:
    """Let Django work on this place, and afterwards where it did before."""
    from django.db import connection

    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = place.name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
