"""`manage.py import_points`: a file of points goes in, every member's balance is right, and the books prove it."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from loyalty.kernel import clock
from loyalty.kernel.actors import system
from loyalty.kernel.errors import DomainError
from loyalty.kernel.models import Job, Organization
from loyalty.kernel.selectors import find_organization
from loyalty.kernel.services import lease_job
from loyalty.kernel.services.runner import run_leased_job
from members.services.imports import FORMATS, format_of, preview_import, run_import, start_import

_PREFIX = "import_points"
# How many failing rows a dry run names.
_LISTED = 20


def _me() -> str:
    return f"{_PREFIX}:{socket.gethostname()}:{os.getpid()}"


def _is_dead(worker: str) -> bool:
    """Whether the worker was a run of this command on this machine, and is no more."""
    kind, _, rest = worker.partition(":")
    host, _, pid = rest.rpartition(":")
    if kind != _PREFIX or host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


class Command(BaseCommand):
    """Import points from XML, CSV or JSON lines; killed at any point and started again, it goes on."""

    help = "Import points from a file. The same file twice changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, whose it is, and how to answer."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--organization", required=True, help="key or number")
        parser.add_argument("--account", type=int, help="number of the ledger account; else the program's main account")
        parser.add_argument("--format", choices=FORMATS, help="else by the file's name")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and change nothing")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and say what was done."""
        organization = find_organization(options["organization"])
        if organization is None:
            raise CommandError(f"There is no organization {options['organization']!r}.")
        start = time.perf_counter()
        try:
            run = self._preview if options["dry_run"] else self._import
            answer, details = run(organization, options)
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from error
        except DomainError as error:
            raise CommandError(error.message) from error
        if options["json"]:
            self.stdout.write(json.dumps(answer))
            return
        verb = "would be booked" if options["dry_run"] else "booked"
        self.stdout.write(
            f"{answer['processed']} rows: {answer['succeeded']} {verb}, {answer['skipped']} skipped,"
            f" {answer['failed']} failed, in {time.perf_counter() - start:.1f} s. {details}".strip()
        )

    def _preview(self, organization: Organization, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        path: Path = options["file"]
        with path.open("rb") as source, self._bar(None) as bar:
            preview = preview_import(
                organization_id=organization.pk,
                source=source,
                file_format=format_of(path.name, options["format"]),
                account_id=options["account"],
                at=clock.now(),
                watch=_told(bar),
            )
        answer = {
            "processed": preview.result.processed,
            "succeeded": preview.result.succeeded,
            "failed": preview.result.failed,
            "skipped": preview.result.skipped,
            "jobId": None,
        }
        lines = [f"line {error.line}: {error.message}" for error in preview.errors[:_LISTED]]
        if preview.result.failed > len(lines):
            lines.append(f"... and {preview.result.failed - len(lines)} more")
        points = f"{preview.points_added} points would be added, {preview.points_spent} spent."
        return answer, "\n".join([points, *lines])

    def _import(self, organization: Organization, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        path: Path = options["file"]
        with path.open("rb") as source:
            job = start_import(
                organization_id=organization.pk,
                source=source,
                name=path.name,
                path=path.resolve(),
                file_format=format_of(path.name, options["format"]),
                account_id=options["account"],
                actor=system(_PREFIX),
                at=clock.now(),
                worker=_me(),
            )
        if job.state == Job.State.DONE:
            done = job.result["failed"]
            answer = {"succeeded": 0, "failed": done, "skipped": job.result["processed"] - done}
            return {"processed": job.result["processed"], **answer, "jobId": job.pk}, "This file was imported before."
        job = self._run(job, path)
        if job.state != Job.State.DONE:
            raise CommandError(f"The import stopped ({job.state}): {job.error or 'another worker has it'}")
        report = f"Rows that failed: {job.report.path}" if job.report.name else ""
        names = ("processed", "succeeded", "failed", "skipped")
        return {**{name: job.result[name] for name in names}, "jobId": job.pk}, report

    def _run(self, job: Job, path: Path) -> Job:
        leased = self._lease(job)
        leased.params["path"] = str(path.resolve())
        with self._bar(leased.progress_total) as bar:
            bar.update(leased.progress_done)
            run_leased_job(leased, lambda taken: run_import(taken, watch=_told(bar)))
        leased.refresh_from_db()
        return leased

    def _lease(self, job: Job) -> Job:
        """Take the job: our own, or that of a run that died; one that lives is waited for."""
        told = False
        while True:
            job.refresh_from_db()
            holder = job.locked_by
            mine = holder if holder == _me() or _is_dead(holder) else None
            leased = lease_job(worker=_me(), at=clock.now(), job_id=job.pk, instead_of=mine)
            if leased is not None:
                return leased
            if job.state not in (Job.State.WAITING, Job.State.RUNNING):
                raise CommandError(f"This import is {job.state}: {job.error}")
            if not told:
                self.stderr.write(f"Waiting for {holder or 'the next try'} ...")
                told = True
            time.sleep(1)

    def _bar(self, total: int | None) -> tqdm[Any]:
        """A progress bar on standard error, none where that is no terminal."""
        return tqdm(total=total, unit=" rows", file=sys.stderr, disable=not sys.stderr.isatty())


def _told(bar: tqdm[Any]) -> Callable[[int], None]:
    """What moves the bar on."""

    def move(rows: int) -> None:
        bar.update(rows)

    return move
