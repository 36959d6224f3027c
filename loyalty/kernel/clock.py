"""The one place that asks what time it is; doors take it once and hand it down as `at`."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import overload
from zoneinfo import ZoneInfo, available_timezones

# Stands for "does not happen": a lot that never expires, a balance with nothing due. A date rather than null, so
# that "what is due" and "what comes first" are one comparison and one index on every database. It is a year away
# from the largest date, so that no time zone can carry it over the edge.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)


def or_none(moment: datetime | None) -> datetime | None:
    """`moment` as people read it: nothing where it stands for never."""
    return None if moment is None or moment >= NEVER else moment


@lru_cache(maxsize=8192)
def _aware(value: datetime | str) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


@overload
def aware(value: None) -> None: ...
@overload
def aware(value: datetime | str) -> datetime: ...
def aware(value: datetime | str | None) -> datetime | None:
    """A moment as a raw query reads it (as text, or without its zone on the embedded database), with its zone."""
    return None if value is None else _aware(value)


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Every IANA time zone name this machine knows."""
    return frozenset(available_timezones())


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """The time zone called `name`."""
    return ZoneInfo(name)


@lru_cache(maxsize=8192)
def local_day(moment: datetime, zone: str) -> date:
    """The calendar day of `moment` in the time zone called `zone`."""
    try:
        return moment.astimezone(zone_of(zone)).date()
    except OverflowError:  # the first and last day of the calendar
        return moment.date()


@lru_cache(maxsize=8192)
def end_of_local_day(moment: datetime, zone: str, *, days: int = 0, months: int = 0) -> datetime:
    """The last second of the local day that lies `months` and then `days` after `moment`; 31 January plus one month
    is the last of February. A day past the calendar's end answers NEVER.
    """
    day = local_day(moment, zone)
    try:
        if months:
            count = day.year * 12 + day.month - 1 + months
            year, month = count // 12, count % 12 + 1
            day = day.replace(year=year, month=month, day=min(day.day, calendar.monthrange(year, month)[1]))
        last = datetime.combine(day + timedelta(days=days), time(23, 59, 59), zone_of(zone))
        return min(last.astimezone(UTC), NEVER)
    except (OverflowError, ValueError):
        return NEVER
