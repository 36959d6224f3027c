"""`manage.py run`: the web server, the worker and the scheduler in one terminal."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from honcho.manager import Manager

from loyalty.console.demo import make_demo
from loyalty.console.management.commands.demo import hints
from loyalty.kernel import clock


class Command(BaseCommand):
    """Migrate, make the demo where asked, and start everything; Ctrl-C stops all of it."""

    help = "Start the web server, the worker and the scheduler."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do first."""
        parser.add_argument("--demo", action="store_true", help="make the demo organizations first")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, say where everything is, and run until told to stop."""
        call_command("migrate", verbosity=0)
        if options["demo"]:
            self.stdout.write("\n".join(["", *hints(make_demo(clock.now())), ""]))
            self.stdout.flush()
        manager = Manager()
        for name, command in commands().items():
            manager.add_process(name, command, env={**os.environ, **environment()}, cwd=str(settings.BASE_DIR))
        manager.loop()
        sys.exit(manager.returncode)


def environment() -> dict[str, str]:
    """What the processes need beyond what this one has."""
    own = {"DJANGO_SETTINGS_MODULE": "loyalty.settings", "PYTHONUNBUFFERED": "1"}
    if settings.WEB_WORKERS > 1:
        folder = settings.VAR_DIR / "metrics"
        folder.mkdir(exist_ok=True)
        for left_over in folder.glob("*.db"):
            left_over.unlink()
        own["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    return own


def commands() -> dict[str, str]:
    """The processes of an installation; docs/operations.md has them for systemd and containers."""
    python = sys.executable
    return {
        "web": (
            f"{python} -m granian --interface wsgi --host {settings.BIND} --port {settings.PORT} --no-ws"
            f" --workers {settings.WEB_WORKERS} --blocking-threads {settings.WEB_THREADS} loyalty.wsgi:application"
        ),
        "worker": (
            f"{python} -m celery --quiet --app loyalty.celery worker --beat --pool threads --concurrency 2"
            f" --schedule {settings.VAR_DIR / 'schedule'} --loglevel WARNING --without-gossip --without-mingle"
        ),
    }
