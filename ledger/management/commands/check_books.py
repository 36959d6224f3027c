"""`manage.py check_books`: prove the books, or say where they do not agree."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.services import check_books
from loyalty.kernel import clock
from loyalty.kernel.actors import system
from loyalty.kernel.selectors import find_organization
from loyalty.kernel.services import remember_job

# What is listed; all of them are counted.
LISTED = 1000


class Command(BaseCommand):
    """Recompute everything the ledger keeps; exit 0 when every book balances, 1 with the findings listed."""

    help = "Prove the books: exit 0 when every one balances, 1 with the findings listed."

    def add_arguments(self, parser: CommandParser) -> None:
        """The organization, and the form of the answer."""
        parser.add_argument("--organization", help="key or number; all of them without it")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, and say."""
        organization_id = None
        if options["organization"]:
            organization = find_organization(options["organization"])
            if organization is None:
                raise CommandError(f"There is no organization {options['organization']!r}.")
            organization_id = organization.pk
        began, start, count, listed = clock.now(), time.perf_counter(), 0, []
        for finding in check_books(organization_id=organization_id):
            count += 1
            if count <= LISTED:
                listed.append(finding.as_dict())
                if not options["json"]:
                    self.stdout.write(
                        f"{finding.rule}: {finding.says} (account {finding.account_id}, wallet {finding.wallet_id},"
                        f" row {finding.row_id}, difference {finding.difference})"
                    )
        seconds = round(time.perf_counter() - start, 2)
        # The console says when the books were last checked.
        remember_job(
            kind="check_books",
            organization_id=organization_id,
            actor=system("check_books"),
            started_at=began,
            at=clock.now(),
            result={"findings": count, "seconds": seconds},
            error=f"{count} findings: manage.py check_books lists them." if count else "",
        )
        if options["json"]:
            answer = {"balanced": not count, "count": count, "findings": listed, "seconds": seconds}
            self.stdout.write(json.dumps(answer))
        elif count:
            self.stdout.write(f"{count} findings in {seconds} s.")
        else:
            self.stdout.write(f"The books balance. Checked in {seconds} s.")
        if count:
            sys.exit(1)
