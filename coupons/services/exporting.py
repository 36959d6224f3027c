"""Exports the codes of a book as a job: a file that grows chunk by chunk, each committed with how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction

from coupons.models import Coupon, CouponBook
from coupons.selectors import count_codes, export_codes, get_book_to_use
from coupons.services.codes import check_own_codes
from loyalty.kernel import clock
from loyalty.kernel.actors import Actor
from loyalty.kernel.models import Job
from loyalty.kernel.services import create_job, record, renew_job
from loyalty.kernel.services.reports import Report

KIND = "export_codes"
CHUNK = 5000
COLUMNS = ("code", "assigned", "used", "member", "created")


@dataclass(slots=True)
class ExportResult:
    """How many codes are in the file."""

    exported: int = 0


@transaction.atomic
def start_code_export(*, book: CouponBook, actor: Actor, at: datetime, reason: str = "") -> Job:
    """Ask for a file of every code of the book, with who of the organization's members has it; that it was asked for
    stands in the history.

    :raises BookIsLinked: where the codes are those of another book.
    """
    check_own_codes(book)
    record(
        actor=actor,
        at=at,
        action="couponbook.codes-exported",
        target=book,
        organization_id=book.organization_id,
        reason=reason,
    )
    return create_job(
        kind=KIND,
        organization_id=book.organization_id,
        actor=actor,
        at=at,
        params={"book_id": book.pk, "name": f"{book.key}.csv"},
        progress_total=count_codes(book),
    )


def run_code_export(job: Job) -> dict[str, Any]:
    """Do the job from where it stopped to its end; answers the result it will have.

    :raises JobLost: where another worker has taken it.
    :raises NotFound: the book is not there.
    """
    book = get_book_to_use(job.organization_id or 0, job.params["book_id"])
    result = ExportResult(**job.cursor.get("result", {}))
    report = Report(job, f"{book.key}-codes-{job.pk}.csv", COLUMNS)
    coupons = export_codes(book, after=job.cursor.get("last", 0))
    while chunk := list(islice(coupons, CHUNK)):
        with transaction.atomic():
            length = report.write(_rows(chunk))
            result.exported += len(chunk)
            renew_job(
                job=job,
                at=clock.now(),
                cursor={"result": asdict(result), "report": length, "last": chunk[-1].pk},
                progress_done=min(result.exported, job.progress_total),
                result=asdict(result),
            )
    return asdict(result)


def _rows(coupons: list[Coupon]) -> Iterator[tuple[Any, ...]]:
    for coupon in coupons:
        member = coupon.holder.loyalty_member_id if coupon.holder is not None else ""
        yield coupon.code, coupon.assigned, coupon.used, member, coupon.created_at.isoformat()
