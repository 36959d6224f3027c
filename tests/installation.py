"""An installation of its own for a test: a database, a var folder, and real processes that can be killed."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Installation:
    """Settings, and ways to run things with them."""

    env: dict[str, str]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command to its end."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def python(self, code: str) -> str:
        """Run a piece of Python inside the installation; answers what it printed."""
        done = subprocess.run(
            [sys.executable, "-c", "import django; django.setup()\n" + code],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def query(self, sql: str) -> Any:
        """One value, read past Django."""
        url = self.env["DATABASE_URL"]
        if url.startswith("sqlite"):
            with sqlite3.connect(url.removeprefix("sqlite:///"), timeout=20) as reader:
                row = reader.execute(sql).fetchone()
            reader.close()
        else:
            with psycopg.connect(url) as reader:
                row = reader.execute(sql).fetchone()
        return row[0] if row else None


def kill_when(process: subprocess.Popen[str], reached: Callable[[], bool], *, seconds: float = 60) -> bool:
    """Kill -9 the process as soon as the condition holds; False where it ended before that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        if reached():
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return True
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    raise AssertionError("the condition was never reached")


def _own(url: str, var: Path) -> Installation:
    """An installation on the database of this address."""
    own = {
        "DATABASE_URL": url,
        "VAR_DIR": str(var),
        "SECRET_KEY": "a key for tests only, long enough to sign with",
        "DJANGO_SETTINGS_MODULE": "loyalty.settings",
        "PYTHONPATH": str(ROOT),
        "LOG_LEVEL": "ERROR",
    }
    return Installation({name: value for name, value in os.environ.items() if name != "CELERY_BROKER_URL"} | own)


@contextmanager
def _database(path: Path, template: str = "") -> Iterator[str]:
    """The address of a new database of the kind the suite runs on: empty, or a copy of `template`."""
    if connection.vendor != "postgresql":
        if template:
            shutil.copy(template.removeprefix("sqlite:///"), path)
        yield f"sqlite:///{path}"
        return
    name = f"tally_own_{os.getpid()}_{time.monotonic_ns()}"
    server = os.environ["TEST_DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as admin:
        copied = f" TEMPLATE {urlsplit(template).path[1:]}" if template else ""
        admin.execute(f"CREATE DATABASE {name}{copied}")
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database with every table, made once for all that begin with a copy of it."""
    folder = tmp_path_factory.mktemp("migrated")
    with _database(folder / "migrated.sqlite3") as url:
        done = _own(url, folder / "var").manage("migrate")
        assert done.returncode == 0, done.stderr
        yield url


@pytest.fixture
def installation(tmp_path: Path, migrated: str) -> Iterator[Installation]:
    """A fresh installation on the database the suite runs on, migrated and empty."""
    with _database(tmp_path / "own.sqlite3", migrated) as url:
        yield _own(url, tmp_path / "var")
