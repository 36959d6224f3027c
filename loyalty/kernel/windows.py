"""Stretches of time that are reported on, cut into the local days of an organization."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection

from loyalty.kernel.clock import local_day, zone_of

_ONE = timedelta(days=1)
_LEAST = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Part:
    """What of a local day lies in a window: from `since` up to before `until`. `is_whole`: all of it does."""

    day: date
    since: datetime
    until: datetime
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Window:
    """The moments from `since` up to before `until`; its days are those of the time zone called `zone`."""

    since: datetime
    until: datetime
    zone: str

    def days(self) -> list[Part]:
        """Its local days, oldest first, the first and the last perhaps in part; none where it is empty."""
        if self.since >= self.until:
            return []
        first, last = local_day(self.since, self.zone), local_day(self.until - _LEAST, self.zone)
        days = [first + timedelta(days=place) for place in range((last - first).days + 1)]
        edges = [start_of_local_day(day, self.zone) for day in (*days, last + _ONE)]
        return [
            Part(day, max(start, self.since), min(end, self.until), self.since <= start and end <= self.until)
            for day, start, end in zip(days, edges, edges[1:], strict=False)
        ]


def start_of_local_day(day: date, zone: str) -> datetime:
    """The first moment of `day` in the time zone called `zone`; where a clock change skips midnight, the change."""
    return datetime.combine(day, time(), zone_of(zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of each part of a window: a query that answers one number, over the moments from `days.since` up
    to before `days.until`.
    """

    query: str
    values: Sequence[Any] = ()


def by_day(window: Window, *questions: Question) -> list[tuple[date, list[int]]]:
    """Each local day of the window with the answers to `questions`, 0 where there is none; one query.

    A range of an index for each day, rather than one that is grouped by days: telling the day of a million moments
    takes longer than finding them.
    """
    parts = window.days()
    if not parts:
        return []
    moment = connection.ops.adapt_datetimefield_value
    values: list[Any] = []
    for place, part in enumerate(parts):
        values += (place, moment(part.since), moment(part.until))
    for question in questions:
        values += question.values
    asked = ", ".join(f"COALESCE(({question.query}), 0)" for question in questions)
    rows = ", ".join(["(%s, %s, %s)"] * len(parts))
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH days (place, since, until) AS (VALUES {rows}) SELECT place, {asked} FROM days ORDER BY place", values
        )
        return [(parts[place].day, list(map(int, numbers))) for place, *numbers in cursor.fetchall()]
