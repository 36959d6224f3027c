"""`manage.py settle_due`: activate and expire what is due."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.services import settle_due
from loyalty.kernel import clock
from loyalty.kernel.actors import system


class Command(BaseCommand):
    """Let everything that fell due happen, as the worker does every minute."""

    help = "Activate and expire what is due now, or at the time given."

    def add_arguments(self, parser: CommandParser) -> None:
        """As of when."""
        parser.add_argument("--at", help="an ISO 8601 date and time; without a zone it is UTC")

    def handle(self, *args: Any, **options: Any) -> None:
        """Settle, and say what was done."""
        at = clock.now()
        if options["at"]:
            try:
                given = datetime.fromisoformat(options["at"])
            except ValueError as error:
                raise CommandError(f"{options['at']!r} is not an ISO 8601 date and time.") from error
            at = given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
        start = time.perf_counter()
        done = settle_due(actor=system("settle_due"), at=at)
        lots = "lot" if done.expired_lots == 1 else "lots"
        self.stdout.write(
            f"Settled {done.balances} balances, expired {done.expired_points} points in {done.expired_lots} {lots},"
            f" in {time.perf_counter() - start:.2f} s."
        )
