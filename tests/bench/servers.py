"""Starts a web server the way `manage.py run` does, for Tallystick or for the bare project beside it."""

from __future__ import annotations

import http.client
import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.test import override_settings

from loyalty.console.management.commands import run
from tests.bench.places import Place

HOUSE, BARE = "loyalty.wsgi:application", "tests.bench.bare.wsgi:application"
_START_SECONDS = 60


def how_served() -> str:
    """What both servers have, for the table."""
    return f"granian, {settings.WEB_WORKERS} workers of {settings.WEB_THREADS} threads"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serving(place: Place, application: str) -> Iterator[int]:
    """Serve the application on a free port until the block ends; the log goes to a file, as a service's does."""
    port = _free_port()
    log = Path(settings.VAR_DIR) / f"web-{port}.log"
    with override_settings(PORT=port, BIND="127.0.0.1"):
        command = run.commands()["web"].replace(HOUSE, application)
        environment = {**place.env, **run.environment()}
    environment["DJANGO_SETTINGS_MODULE"] = "loyalty.settings"
    with log.open("wb") as output:
        server = subprocess.Popen(
            shlex.split(command),
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait_for(server, port, log)
        yield port
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _wait_for(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse()
            return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise RuntimeError(f"the web server did not start: {log.read_text()[-2000:]}")
