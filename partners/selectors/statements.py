"""Reads of statements and of what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, tzinfo

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from loyalty.kernel.numbered import uuid_of
from partners.models import ExchangeEntry, Partner, Statement, StatementTotal

PROGRAM = "partner-program"
_CHUNK = 2000


def program_number(program_id: int) -> str:
    """The id of a program that never changes, as the API knows it."""
    return str(uuid_of(PROGRAM, program_id))


def last_statement(partner: Partner) -> Statement | None:
    """The partner's newest statement."""
    return Statement.objects.filter(partner=partner).order_by("-number").first()


def list_statements(organization_id: int) -> QuerySet[Statement]:
    """The organization's statements, each with its partner."""
    return Statement.objects.filter(organization_id=organization_id).select_related("partner")


def entries_of(statement: Statement) -> Iterator[tuple[StatementTotal.Direction, ExchangeEntry]]:
    """What is in a statement: first what was issued in the partner's programs, then what its clients issued; each in
    the order it was booked.
    """
    rows = ExchangeEntry.objects.select_related("exchange__client").order_by("pk")
    for direction, found in (
        (StatementTotal.Direction.OUT, rows.filter(statement=statement)),
        (StatementTotal.Direction.IN, rows.filter(payer_statement=statement)),
    ):
        for entry in found.iterator(chunk_size=_CHUNK):
            yield direction, entry


def not_settled(partner: Partner, before: datetime) -> QuerySet[ExchangeEntry]:
    """What was booked in the partner's programs before an instant and is in no statement."""
    return ExchangeEntry.objects.filter(partner=partner, statement__isnull=True, created_at__lt=before)


def not_charged(partner: Partner, before: datetime) -> QuerySet[ExchangeEntry]:
    """What the partner's clients issued before an instant, and no statement has."""
    return ExchangeEntry.objects.filter(payer=partner, payer_statement__isnull=True, created_at__lt=before)


def volume_by_day(partner: Partner, zone: tzinfo, since: datetime) -> dict[date, tuple[int, int]]:
    """Points issued and reversed in the partner's programs on each day since an instant; days without any are left
    out.
    """
    booked = ExchangeEntry.objects.filter(program__partner=partner, created_at__gte=since).order_by()
    sums = (
        booked.annotate(day=TruncDate("created_at", tzinfo=zone))
        .values("day")
        .annotate(
            issued=Sum("points", filter=Q(kind="issue"), default=0),
            reversed=Sum("points", filter=Q(kind="reversal"), default=0),
        )
    )
    return {row["day"]: (row["issued"], row["reversed"]) for row in sums}
