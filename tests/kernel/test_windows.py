"""The time a statistic is asked for, cut into local days (semantics 14)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.kernel.api.stats import MOST_DAYS, window_of
from loyalty.kernel.clock import local_day
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.windows import Window

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
# In Cairo and Santiago clocks change at midnight; Apia once left a whole day out.
ZONES = ["UTC", BERLIN, NEW_YORK, "Asia/Kathmandu", "Africa/Cairo", "America/Santiago", "Pacific/Apia"]
NOON = datetime(2030, 3, 15, 12, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_without_dates_it_is_30_local_days_and_today_is_the_last() -> None:
    found = window_of(None, None, at=NOON, zone=BERLIN)
    assert (found.since, found.until) == (at("2030-02-13T23:00"), at("2030-03-15T23:00"))
    assert [part.day for part in found.days()] == [date(2030, 2, 14) + timedelta(days=n) for n in range(30)]
    assert all(part.is_whole for part in found.days())


@pytest.mark.parametrize(("moment", "today"), [("2030-03-15T22:59", 15), ("2030-03-15T23:00", 16)])
def test_today_is_the_organizations(moment: str, today: int) -> None:
    assert window_of(None, None, at=at(moment), zone=BERLIN).days()[-1].day == date(2030, 3, today)


def test_without_a_beginning_it_has_30_days_up_to_its_end() -> None:
    found = window_of(None, at("2030-03-10T12:00"), at=NOON, zone="UTC")
    assert found.since == at("2030-02-09T00:00")
    assert [part.is_whole for part in found.days()] == [True] * 29 + [False]
    assert window_of(None, at("2030-03-10T00:00"), at=NOON, zone="UTC").since == at("2030-02-08T00:00")


def test_without_an_end_it_ends_with_today() -> None:
    found = window_of(at("2030-03-14T05:00"), None, at=NOON, zone="UTC")
    assert (found.until, len(found.days())) == (at("2030-03-16T00:00"), 2)


def test_a_window_of_no_time_has_no_days() -> None:
    assert window_of(NOON, NOON, at=NOON, zone="UTC").days() == []


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (NOON, NOON - timedelta(microseconds=1)),
        (NOON + timedelta(days=2), None),
        (NOON - timedelta(days=MOST_DAYS, microseconds=1), NOON),
        (datetime.min.replace(tzinfo=UTC), None),
        (None, datetime.min.replace(tzinfo=UTC)),
        (datetime.max.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
        (None, datetime.max.replace(tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK])
def test_what_is_no_time_is_refused(since: datetime | None, until: datetime | None, zone: str) -> None:
    with pytest.raises(InvalidInput):
        window_of(since, until, at=NOON, zone=zone)


def test_ten_years_are_not_too_long() -> None:
    assert len(window_of(NOON - timedelta(days=MOST_DAYS), NOON, at=NOON, zone=BERLIN).days()) == MOST_DAYS + 1


def test_a_day_on_which_clocks_change_is_an_hour_shorter_or_longer() -> None:
    spring = Window(at("2030-03-30T23:00"), at("2030-03-31T22:00"), BERLIN)
    (day,) = spring.days()
    assert (day.day, day.until - day.since, day.is_whole) == (date(2030, 3, 31), timedelta(hours=23), True)
    autumn = Window(at("2030-10-26T22:00"), at("2030-10-27T23:00"), BERLIN)
    (day,) = autumn.days()
    assert (day.day, day.until - day.since, day.is_whole) == (date(2030, 10, 27), timedelta(hours=25), True)


def test_a_day_that_was_left_out_has_no_time() -> None:
    days = Window(at("2011-12-29T10:00"), at("2011-12-31T10:00"), "Pacific/Apia").days()
    assert [(part.day.day, part.until - part.since) for part in days] == [
        (29, timedelta(days=1)),
        (30, timedelta(0)),
        (31, timedelta(days=1)),
    ]


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(
    since=st.integers(946_684_800, 2_208_988_800).map(lambda second: datetime.fromtimestamp(second, UTC)),
    length=st.timedeltas(timedelta(0), timedelta(days=40)),
    zone=st.sampled_from(ZONES),
)
def test_its_days_are_all_of_it_and_nothing_twice(since: datetime, length: timedelta, zone: str) -> None:
    window = Window(since, since + length, zone)
    parts = window.days()
    if not length:
        assert parts == []
        return
    assert (parts[0].since, parts[-1].until) == (window.since, window.until)
    for part, following in pairwise(parts):
        assert part.until == following.since
        assert following.day - part.day == timedelta(days=1)
    for part in parts:
        if part.since < part.until:
            assert local_day(part.since, zone) == part.day
            assert local_day(part.until - timedelta(microseconds=1), zone) == part.day
    assert all(part.is_whole for part in parts[1:-1])
