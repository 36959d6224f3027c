"""Imports a file while the caller waits, and tells row by row what became of it, whenever it is asked."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO

from django.db import IntegrityError, transaction

from ledger.models import Transaction
from ledger.services import IMPORT
from loyalty.kernel.actors import Actor
from loyalty.kernel.models import Job
from loyalty.kernel.services.runner import run_one_job
from members.errors import ImportRefused
from members.services.imports.reading import RawRow, read_rows
from members.services.imports.rows import identifier_of
from members.services.imports.running import KIND, start_import
from members.services.imports.survey import survey_file

# So many rows are told one by one; beyond them, only those that were refused, up to so many.
MOST_TOLD = 1_000
MOST_FAILED_TOLD = 10_000


@dataclass(frozen=True, slots=True)
class RowTold:
    """What became of a row: the transaction booked for it, or why there is none."""

    identifier: str
    transaction_id: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class ImportTold:
    """What became of a file, as far as it is done; `is_cut` where not all rows are told."""

    rows: list[RowTold]
    processed: int
    succeeded: int
    failed: int
    is_cut: bool


def import_file(
    *,
    organization_id: int,
    account_id: int,
    source: IO[bytes],
    name: str,
    file_format: str,
    actor: Actor,
    at: datetime,
    worker: str,
    most_rows: int,
) -> Job:
    """Book a file into an account: at once, where it has at most `most_rows`, else the job waits for a worker.

    The same file is one job, whenever and by whomever it is sent. A job that was asked for before is answered as it
    stands.

    :raises ImportRefused: where the file cannot be read to its end, or has no rows.
    """
    survey = survey_file(source, file_format)
    words = {"organization_id": organization_id, "account_id": account_id, "name": name, "file_format": file_format}
    try:
        with transaction.atomic():
            job = start_import(source=source, actor=actor, at=at, survey=survey, **words)  # type: ignore[arg-type]
    except IntegrityError:
        # Somebody asked for the same at the same time.
        key = f"{survey.digest}:{account_id}"
        job = Job.objects.get(organization_id=organization_id, kind=KIND, unique_key=key)
    if survey.rows <= most_rows and job.state == Job.State.WAITING:
        run_one_job(worker=worker, job_id=job.pk)
        job.refresh_from_db()
    if job.state == Job.State.FAILED:
        raise ImportRefused(job.error or None)
    return job


def find_import(*, organization_id: int, account_id: int, job_id: int) -> Job | None:
    """The import of a file into the account, by its number."""
    found = Job.objects.filter(organization_id=organization_id, kind=KIND, pk=job_id).first()
    return found if found is not None and found.params.get("account_id") == account_id else None


def tell_import(*, job: Job) -> ImportTold:
    """What became of the rows: the first ones, and those that were refused.

    It is read from the file, the report and the books, so a file that is sent again is told as the first time.
    """
    result = job.result
    processed = int(result.get("processed", 0))
    failures = dict(_failures(job, processed))
    first = list(islice(_rows(job), min(processed, MOST_TOLD)))
    keys = {raw.line: _key(job, raw, number) for number, raw in enumerate(first, 1) if raw.line not in failures}
    booked = dict(
        Transaction.objects.filter(
            organization_id=job.organization_id or 0, key_kind=IMPORT, unique_key__in=list(keys.values())
        ).values_list("unique_key", "pk")
    )
    told = []
    for raw in first:
        number = booked.get(keys.get(raw.line, ""))
        message = failures.pop(raw.line, ("", ""))[1]
        told.append(RowTold(identifier_of(raw.fields), number, message))
    room = max(0, MOST_FAILED_TOLD - sum(1 for row in told if row.transaction_id is None))
    told += [RowTold(name, None, message) for name, message in islice(failures.values(), room)]
    failed = int(result.get("failed", 0))
    succeeded = int(result.get("succeeded", 0)) + int(result.get("skipped", 0))
    return ImportTold(told, processed, succeeded, failed, is_cut=len(told) < processed)


def _key(job: Job, raw: RawRow, number: int) -> str:
    return raw.fields.get("rowKey") or f"{job.params['digest'][:32]}:{number}"


def _rows(job: Job) -> Iterator[RawRow]:
    path = Path(job.params["path"] or job.input.path)
    if not path.exists():
        return
    with path.open("rb") as source:
        yield from read_rows(source, job.params["format"])


def _failures(job: Job, processed: int) -> Iterator[tuple[int, tuple[str, str]]]:
    """Line, and identifier with message, of rows that were refused, as far as they are told at all."""
    if not job.report.name or not processed:
        return
    with Path(job.report.path).open(encoding="utf-8", newline="") as report:
        for row in islice(csv.DictReader(report), MOST_FAILED_TOLD + MOST_TOLD):
            fields = {name: _plain(value) for name, value in row.items() if value}
            yield int(row["line"]), (identifier_of(fields), row["reason"])


def _plain(value: str) -> str:
    """A value without the apostrophe that keeps spreadsheets from running it."""
    return value[1:] if value[:2] in ("'=", "'@", "'\t", "'\r") else value
