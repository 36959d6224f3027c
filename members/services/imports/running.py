"""Runs an import as a job: chunk by chunk, each committed together with how far it is."""

from __future__ import annotations

import csv
import gc
import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.db import connection, connections, transaction

from ledger.models import LedgerAccount
from ledger.selectors import get_account
from loyalty.kernel import clock
from loyalty.kernel.actors import Actor
from loyalty.kernel.bulk import collector_paused
from loyalty.kernel.models import Job
from loyalty.kernel.services import create_job, renew_job
from members.selectors import resolve_account
from members.services.imports.chunks import Chunk, Order, RowError, book_order, order_of, read_chunk
from members.services.imports.reading import COLUMNS, read_rows
from members.services.imports.survey import Survey, survey_file

KIND = "import_points"
# How many rows go by between two searches for reference cycles.
_COLLECT_EVERY = 200_000

# Told after each chunk how many rows it had, for a progress bar.
Watcher = Callable[[int], None]


@dataclass(slots=True)
class ImportResult:
    """What an import did, over all its runs: every row is in exactly one of the last three."""

    processed: int = 0
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0


def start_import(
    *,
    organization_id: int,
    source: IO[bytes],
    name: str,
    file_format: str,
    actor: Actor,
    at: datetime,
    account_id: int | None = None,
    path: Path | None = None,
    worker: str = "",
    survey: Survey | None = None,
) -> Job:
    """Ask for a file to be imported into an account (without one, the main account of the default program).

    The same file into the same account is one job, whatever its name. A `path` that stays readable spares a copy of
    the file. With `worker`, the job is that worker's from the start. A `survey` of the file that was just made spares
    another look through it, which a caller should not do while it keeps others waiting.

    :raises ImportRefused: where the file cannot be read to its end, or has no rows.
    :raises NotFound: an account that is not the organization's.
    :raises NoDefaultAccount: none is named, and none is set.
    """
    account = resolve_account(organization_id, account_id=account_id)
    survey = survey or survey_file(source, file_format)
    return create_job(
        kind=KIND,
        organization_id=organization_id,
        actor=actor,
        at=at,
        unique_key=f"{survey.digest}:{account.pk}",
        params={
            "account_id": account.pk,
            "format": file_format,
            "digest": survey.digest,
            "name": name,
            "path": str(path) if path is not None else "",
        },
        input_file=None if path is not None else File(source, name=Path(name).name),
        progress_total=survey.rows,
        worker=worker,
    )


def run_import(job: Job, *, watch: Watcher | None = None) -> dict[str, Any]:
    """Do the job from where it stopped to its end; answers the result it will have.

    :raises JobLost: where another worker has taken it.
    """
    account = get_account(job.organization_id or 0, job.params["account_id"])
    kind, _, who = job.actor.partition(":")
    actor = Actor(kind, who, job.params["name"])
    result = ImportResult(**job.cursor.get("result", {}))
    # Paused throughout, since the next chunk is read all the time.
    with collector_paused(), _orders(job, account, result.processed) as orders, _Report(job) as report:
        for order in orders:
            with transaction.atomic():
                _do_not_wait_for_the_disk()
                done = book_order(account=account, order=order, actor=actor)
                result.processed += order.size
                result.succeeded += done.succeeded
                result.skipped += done.skipped
                result.failed += len(done.errors)
                length = report.write(done.errors)
                renew_job(
                    job=job,
                    at=clock.now(),
                    cursor={"result": asdict(result), "report": length},
                    progress_done=result.processed,
                    result=asdict(result),
                )
            if watch is not None:
                watch(order.size)
            if result.processed % _COLLECT_EVERY < order.size:
                gc.collect()
    _refresh_statistics(result.succeeded)
    return asdict(result)


@contextmanager
def _orders(job: Job, account: LedgerAccount, done: int) -> Iterator[Iterator[Order]]:
    """The job's file after the first `done` rows, chunk by chunk. The next is made ready while the last is booked: what
    waits for the database leaves the processor to it.
    """
    with _input(job) as source, ThreadPoolExecutor(1) as ahead:
        rows = read_rows(source, job.params["format"])

        def read(first: int) -> Chunk | None:
            return read_chunk(rows, first, settings.IMPORT_CHUNK_ROWS)

        def order(chunk: Chunk) -> Order:
            return order_of(account=account, chunk=chunk, digest=job.params["digest"], at=clock.now())

        def read_and_order(first: int) -> Order | None:
            chunk = read(first)
            return order(chunk) if chunk is not None else None

        def orders() -> Iterator[Order]:
            # What was booked before is passed over unread: the stream has to be gone through anyhow.
            first = sum(1 for _ in islice(rows, done)) + 1
            if not _looks_ahead():
                while (chunk := read(first)) is not None:
                    yield order(chunk)
                    first += chunk.size
                return
            coming = ahead.submit(read_and_order, first)
            while (ready := coming.result()) is not None:
                first += ready.size
                coming = ahead.submit(read_and_order, first)
                yield ready

        try:
            yield orders()
        finally:
            ahead.submit(connections.close_all)


def _looks_ahead() -> bool:
    """Whether a thread with a connection of its own can help: the embedded database would gain nothing by it, and
    inside somebody's transaction it would see less than this one.
    """
    return connection.vendor == "postgresql" and not connection.in_atomic_block


@contextmanager
def _input(job: Job) -> Iterator[IO[bytes]]:
    if job.params["path"]:
        with Path(job.params["path"]).open("rb") as source:
            yield source
    else:
        with job.input.open("rb") as source:
            yield source


class _Report:
    """The rows that were not booked, as a file to mend and send again.

    It is written before the chunk commits, and its length is committed with the chunk: what a killed run wrote
    beyond that is cut off again.
    """

    COLUMNS = ("line", "reason", *COLUMNS)

    def __init__(self, job: Job) -> None:
        self.job = job
        self.length = int(job.cursor.get("report", 0))
        self.file: IO[bytes] | None = None

    def __enter__(self) -> _Report:
        if self.length:
            self._open()
        return self

    def __exit__(self, *_: object) -> None:
        if self.file is not None:
            self.file.close()

    def _open(self) -> IO[bytes]:
        if self.file is None:
            if not self.job.report.name:
                self.job.report.save(f"import-{self.job.pk}-errors.csv", ContentFile(b""), save=True)
            self.file = Path(self.job.report.path).open("r+b")  # noqa: SIM115 - closed in __exit__
            self.file.truncate(self.length)
            self.file.seek(self.length)
            if not self.length:
                self._append([self.COLUMNS])
        return self.file

    def _append(self, rows: list[Any]) -> None:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        file = self._open()
        file.write(text.getvalue().encode())
        file.flush()
        self.length = file.tell()

    def write(self, errors: list[RowError]) -> int:
        """Add rows; answers how long the report is now."""
        if errors:
            self._open()
            self._append([_report_row(error) for error in errors])
        return self.length


def _report_row(error: RowError) -> list[str]:
    # A spreadsheet would run what begins like a formula; the apostrophe makes it text.
    values = [error.fields.get(name, "").replace("\x00", "") for name in COLUMNS]
    return [str(error.line), error.message, *(f"'{v}" if v[:1] in ("=", "@", "\t", "\r") else v for v in values)]


def _do_not_wait_for_the_disk() -> None:
    """A chunk and how far it is are kept together: what a power cut takes back is simply done again. The end of the job
    waits for the disk, and with it for all that came before.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")


_BOOKED = ("ledger_transaction", "ledger_lot", "ledger_balance")


def _refresh_statistics(rows: int) -> None:
    """After a bulk that made a table much longer the planner knows too little of it; it would find out, but only
    minutes later.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE oid = ANY(%s::regclass[]) AND reltuples < %s", [list(_BOOKED), 4 * rows]
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"ANALYZE {table}")
