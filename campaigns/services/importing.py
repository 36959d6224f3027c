"""Imports a file of orders as a job: a JSON object on each line, as the API takes them (semantics 8.6)."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

import orjson
from django.core.files.base import File

from campaigns.services.ordering import FAILED, UNCHANGED, import_orders
from loyalty.kernel import clock
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.models import Job
from loyalty.kernel.services import create_job, renew_job
from loyalty.kernel.services.reports import Report
from members.errors import ImportRefused
from members.models import Member
from members.services.orders import OrderDraft

KIND = "import_orders"
# An order of a thousand items fits; without a limit an endless line would be read into memory whole.
LONGEST_LINE = 1_000_000
CHUNK = 500

# Reads one order: the name of its member, and what makes a draft of it with the member's row.
Reader = Callable[[Mapping[str, Any]], tuple[str, Callable[[Member], OrderDraft]]]
_readers: list[Reader] = []


def register_reader(read: Reader) -> None:
    """Say how the lines of files are read: as the API reads orders. Once, from `ready()`."""
    _readers.append(read)


def read_order(data: Mapping[str, Any]) -> tuple[str, Callable[[Member], OrderDraft]]:
    """One order of a file: whose it is, and what makes a draft of it.

    :raises InvalidInput: with the first of the fields that are wrong.
    """
    return _readers[-1](data)


@dataclass(slots=True)
class OrdersResult:
    """What an import did, over all its runs: every line is in exactly one of the last three. What was known already,
    just as it is told, is skipped.
    """

    processed: int = 0
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class OrdersSurvey:
    """A file that can be read to its end: its digest, and how many lines it has."""

    digest: str
    lines: int


def survey_orders(source: IO[bytes]) -> OrdersSurvey:
    """Read the file once, from its start; it is left at its start.

    :raises ImportRefused: where the file has no lines, or one that is endless.
    """
    source.seek(0)
    lines = sum(1 for _ in order_lines(source))
    if not lines:
        raise ImportRefused("The file has no lines.")
    source.seek(0)
    digest = hashlib.file_digest(source, "sha256").hexdigest()  # type: ignore[arg-type]
    source.seek(0)
    return OrdersSurvey(digest, lines)


def start_order_import(
    *,
    organization_id: int,
    source: IO[bytes],
    name: str,
    actor: Actor,
    at: datetime,
    worker: str = "",
    survey: OrdersSurvey | None = None,
) -> Job:
    """Ask for a file of orders to be taken in. The same file is one job, whatever its name. `survey` is what a look
    through it found before.

    :raises ImportRefused: where the file has no lines, or one that is endless.
    """
    found = survey or survey_orders(source)
    source.seek(0)
    return create_job(
        kind=KIND,
        organization_id=organization_id,
        actor=actor,
        at=at,
        unique_key=found.digest,
        params={"name": name},
        input_file=File(source, name=Path(name).name),
        progress_total=found.lines,
        worker=worker,
    )


def refused_lines(job: Job) -> Iterator[bytes]:
    """The lines that the job's report names, as they were sent: to be mended, and sent again."""
    with Path(job.report.path).open(newline="") as report, job.input.open("rb") as source:
        rows = iter(csv.DictReader(report))
        wanted = next(rows, None)
        for line, data in order_lines(source):
            if wanted is None:
                return
            if int(wanted["line"]) == line:
                yield data.rstrip(b"\r\n") + b"\n"
                wanted = next(rows, None)


def order_lines(source: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines that are not empty, with their numbers from 1.

    :raises ImportRefused: one that is longer than any order.
    """
    line = 0
    while data := source.readline(LONGEST_LINE + 1):
        line += 1
        if len(data) > LONGEST_LINE:
            raise ImportRefused(f"Line {line} is longer than {LONGEST_LINE} bytes.")
        if data.strip():
            yield line, data


def run_order_import(job: Job) -> dict[str, Any]:
    """Do the job from where it stopped to its end; answers the result it will have.

    Orders are committed as they are taken in, before how far the job is: what a killed run took in twice is known
    just as it is told, and skipped.

    :raises JobLost: where another worker has taken it.
    """
    result = OrdersResult(**job.cursor.get("result", {}))
    report = Report(job, f"orders-{job.pk}-errors.csv", ("externalId", "line", "reason"))
    with job.input.open("rb") as source:
        lines = islice(order_lines(source), result.processed, None)
        while chunk := list(islice(lines, CHUNK)):
            refused = _take(job, chunk, result)
            length = report.write(refused)
            renew_job(
                job=job,
                at=clock.now(),
                cursor={"result": asdict(result), "report": length},
                progress_done=result.processed,
                result=asdict(result),
            )
    return asdict(result)


def _take(job: Job, chunk: list[tuple[int, bytes]], result: OrdersResult) -> list[tuple[str, int, str]]:
    """Take the orders of some lines in; answers those that were refused."""
    kind, _, who = job.actor.partition(":")
    orders: list[tuple[int, str, str, Callable[[Member], OrderDraft]]] = []
    refused: list[tuple[str, int, str]] = []
    for line, data in chunk:
        try:
            found = read_line(data)
            orders.append((line, str(found.get("externalId")), *read_order(found)))
        except InvalidInput as error:
            refused.append(("", line, error.message))
    placed = import_orders(
        organization_id=job.organization_id or 0,
        names=[name for _, _, name, _ in orders],
        drafts=[draft for _, _, _, draft in orders],
        actor=Actor(kind, who, job.actor_name),
        at=clock.now(),
    )
    for (line, external_id, _, _), one in zip(orders, placed, strict=True):
        if one.error is not None:
            refused.append((external_id, line, one.error.message))
    result.processed += len(chunk)
    result.failed += len(refused)
    result.skipped += sum(1 for one in placed if one.outcome == UNCHANGED)
    result.succeeded += sum(1 for one in placed if one.outcome not in (UNCHANGED, FAILED))
    return sorted(refused, key=lambda one: one[1])


def read_line(data: bytes) -> dict[str, Any]:
    """What a line says.

    :raises InvalidInput: a line that is no JSON object.
    """
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"The line is not JSON: {error}.") from error
    if not isinstance(found, dict) or b"\\u0000" in data:
        raise InvalidInput("The line is not a JSON object that can be kept.")
    return found
