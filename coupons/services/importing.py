"""Imports a file of codes as a job: chunk by chunk, each committed together with how far it is."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.base import File
from django.db import connection, transaction

from coupons.errors import BookTakesNoCodes
from coupons.models import CouponBook
from coupons.selectors import get_book_to_use
from coupons.selectors.codes import code_key
from coupons.services.codes import check_code, check_own_codes, insert_codes, lock_book_for_codes
from coupons.services.tallies import count, given_of
from loyalty.kernel import clock
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.models import Job
from loyalty.kernel.services import create_job, record, renew_job
from loyalty.kernel.services.reports import Report
from members.errors import ImportRefused

KIND = "import_codes"
# No honest code is longer; without a limit an endless line would be read into memory whole.
LONGEST_LINE = 2000
# Names that a first line may have, which then is no code.
HEADINGS = frozenset({"code", "codes", "coupon", "coupons", "couponcode"})


@dataclass(slots=True)
class CodesResult:
    """What an import did, over all its runs: every line is in exactly one of the last three. What the book had already
    is skipped.
    """

    processed: int = 0
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class CodesSurvey:
    """What a job has to know of its file: how many lines it has, and by what it is known again."""

    lines: int
    digest: str


def survey_codes(source: IO[bytes]) -> CodesSurvey:
    """Look through the file from its beginning; it takes as long as the file is.

    :raises ImportRefused: where the file is not text in UTF-8, or has no lines.
    """
    source.seek(0)
    lines = sum(1 for _ in read_codes(source))
    if not lines:
        raise ImportRefused("The file has no lines.")
    source.seek(0)
    return CodesSurvey(lines, hashlib.file_digest(source, "sha256").hexdigest())  # type: ignore[arg-type]


def start_code_import(
    *,
    book: CouponBook,
    source: IO[bytes],
    name: str,
    actor: Actor,
    at: datetime,
    worker: str = "",
    survey: CodesSurvey | None = None,
) -> Job:
    """Ask for a file of codes to be added to a book of type list: a code on each line, or the first column of a CSV,
    with or without a heading. The same file for the same book is one job, whatever its name. `survey` is what was
    found in it, where somebody looked already.

    :raises BookTakesNoCodes: a book of another type.
    :raises BookIsLinked: a book whose codes are those of another.
    :raises ImportRefused: where the file is not text in UTF-8, or has no lines.
    """
    check_own_codes(book)
    if book.type != CouponBook.Type.LIST:
        raise BookTakesNoCodes
    found = survey or survey_codes(source)
    source.seek(0)
    return create_job(
        kind=KIND,
        organization_id=book.organization_id,
        actor=actor,
        at=at,
        unique_key=f"{found.digest}:{book.pk}",
        params={"book_id": book.pk, "name": name},
        input_file=File(source, name=Path(name).name),
        progress_total=found.lines,
        worker=worker,
    )


def read_codes(source: IO[bytes]) -> Iterator[tuple[int, str]]:
    """The lines of a file that are not empty: the number of each, and the text in its first column.

    :raises ImportRefused: where the file stops being text.
    """
    line = 0
    while data := source.readline(LONGEST_LINE + 1):
        line += 1
        if len(data) > LONGEST_LINE:
            raise ImportRefused(f"Line {line} is longer than {LONGEST_LINE} bytes.")
        try:
            text = data.decode("utf-8-sig" if line == 1 else "utf-8").strip("\r\n")
        except UnicodeDecodeError as error:
            raise ImportRefused(f"The file is not UTF-8 text in line {line}.") from error
        first = _first_column(text).strip()
        if first and not (line == 1 and first.lower() in HEADINGS):
            yield line, first


def _first_column(text: str) -> str:
    delimiter = ";" if ";" in text and "," not in text else ","
    if delimiter not in text and '"' not in text:
        return text
    try:
        return next(csv.reader([text], delimiter=delimiter), [""])[0]
    except csv.Error:
        return text


def run_code_import(job: Job) -> dict[str, Any]:
    """Do the job from where it stopped to its end; answers the result it will have.

    :raises JobLost: where another worker has taken it.
    :raises NotFound: the book is not there.
    """
    book = get_book_to_use(job.organization_id or 0, job.params["book_id"])
    result = CodesResult(**job.cursor.get("result", {}))
    report = Report(job, f"codes-{job.pk}-errors.csv", ("code", "line", "reason"))
    with job.input.open("rb") as source:
        lines = islice(read_codes(source), result.processed, None)
        while chunk := list(islice(lines, settings.IMPORT_CHUNK_ROWS)):
            with transaction.atomic():
                added, refused = _add_chunk(book, chunk, clock.now())
                result.processed += len(chunk)
                result.succeeded += added
                result.failed += len(refused)
                result.skipped += len(chunk) - added - len(refused)
                length = report.write((code, line, reason) for line, reason, code in refused)
                renew_job(
                    job=job,
                    at=clock.now(),
                    cursor={"result": asdict(result), "report": length},
                    progress_done=result.processed,
                    result=asdict(result),
                )
    _refresh_statistics(result.succeeded)
    kind, _, who = job.actor.partition(":")
    record(
        actor=Actor(kind, who, job.actor_name),
        at=clock.now(),
        action="couponbook.codes-added",
        target=book,
        organization_id=book.organization_id,
        after={"codes": result.succeeded, "job": job.pk},
    )
    return asdict(result)


def _refresh_statistics(rows: int) -> None:
    """After a bulk that made the table much longer the planner knows too little of it; it would find out, but only
    minutes later.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'coupons_coupon'::regclass")
        if cursor.fetchall()[0][0] < 4 * rows:
            cursor.execute("ANALYZE coupons_coupon")


Refused = tuple[int, str, str]


def _add_chunk(book: CouponBook, chunk: list[tuple[int, str]], at: datetime) -> tuple[int, list[Refused]]:
    """Add the codes of some lines; answers how many were new, and the lines that are refused with the reasons."""
    locked = lock_book_for_codes(book)
    wanted, refused = sort_out(chunk)
    if locked.max_coupon_count is not None:
        wanted = _fitting(locked, wanted, refused)
    added = insert_codes(locked, [code for _, code in wanted.values()], at)
    if added:
        count(locked.pk, codes=len(added))
    return len(added), sorted(refused)


def sort_out(chunk: list[tuple[int, str]]) -> tuple[dict[str, tuple[int, str]], list[Refused]]:
    """The different codes of some lines, and the lines that are none."""
    wanted: dict[str, tuple[int, str]] = {}
    refused: list[Refused] = []
    for line, text in chunk:
        try:
            kept = check_code(text)
        except InvalidInput as error:
            refused.append((line, error.message, text))
        else:
            wanted.setdefault(code_key(kept), (line, kept))
    return wanted, refused


def _fitting(
    book: CouponBook, wanted: dict[str, tuple[int, str]], refused: list[Refused]
) -> dict[str, tuple[int, str]]:
    """Those of the codes the book has room for, the first of them; the others are refused. What is there already takes
    no room.
    """
    there = set(book.coupons.filter(code_key__in=list(wanted)).values_list("code_key", flat=True))
    new = [key for key in wanted if key not in there]
    room = max(0, (book.max_coupon_count or 0) - given_of(book.pk)[0])
    for key in new[room:]:
        line, code = wanted.pop(key)
        refused.append((line, f"The book may have {book.max_coupon_count} codes.", code))
    return wanted
