"""Charts of the console: what moved on each day."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from loyalty.kernel.clock import local_day, zone_of
from loyalty.kernel.desk.base import Panel
from loyalty.kernel.desk.display import number

DAYS = 30
_GRAY = "#9ca3af"
# Of the first figures of a day, and of the second.
_COLORS = ("var(--color-primary-600)", "#d97706")
GRID = {"ticks": {"color": _GRAY}, "grid": {}, "border": {"width": 0}}
# The bars of what moved stand on top of each other, before nothing and behind every line.
BAR = {"type": "bar", "maxBarThickness": 12, "order": 2, "stack": "moved"}


@dataclass(frozen=True, slots=True)
class Chart:
    """What the theme draws: its data and its options as JSON, and what it says to who cannot see it."""

    data: str
    options: str
    says: str


def options(**scales: Mapping[str, Any]) -> str:
    """How every chart looks; `scales` are further ones beside days and amounts."""
    return json.dumps(
        {
            "animation": False,
            "responsive": True,
            "maintainAspectRatio": False,
            "interaction": {"mode": "index", "intersect": False},
            "plugins": {
                "legend": {
                    "display": True,
                    "align": "end",
                    "labels": {"color": _GRAY, "boxWidth": 8, "boxHeight": 8, "usePointStyle": True},
                }
            },
            "scales": {
                "x": {
                    **GRID,
                    "grid": {"display": False},
                    "ticks": {"color": _GRAY, "maxTicksLimit": 10, "maxRotation": 0},
                },
                "y": {**GRID, "beginAtZero": True},
                **scales,
            },
        }
    )


def chart_of(labels: Sequence[str], sets: Sequence[Mapping[str, Any]], *, says: str) -> Chart:
    """A chart with one name for each day, and sets of as many figures."""
    return Chart(json.dumps({"labels": labels, "datasets": sets}), options(), says)


def chart_panel(title: str, chart: Chart, headers: Sequence[str], rows: Sequence[Sequence[Any]], note: str) -> Panel:
    """A chart on a reading page; its figures stand in a table under it."""
    return Panel(title, headers, rows, note=note, template="admin/chart_panel.html", context=chart)


@dataclass(frozen=True, slots=True)
class LastDays:
    """The last DAYS days in a time zone, today among them."""

    days: Sequence[date]
    since: datetime


def last_days(at: datetime, zone: str) -> LastDays:
    """Those that end with the day of `at`."""
    today = local_day(at, zone)
    days = [today - timedelta(days=place) for place in reversed(range(DAYS))]
    return LastDays(days, datetime(days[0].year, days[0].month, days[0].day, tzinfo=zone_of(zone)))


def days_panel(days: Sequence[date], figures: Mapping[str, Mapping[date, int]], *, says: str, note: str) -> Panel:
    """Two figures of each day, by their names, as bars side by side, and in a table with the newest day first."""
    columns = {name: [found.get(day, 0) for day in days] for name, found in figures.items()}
    sets = [
        {"label": name, "data": data, "backgroundColor": color, **BAR, "stack": name.lower()}
        for (name, data), color in zip(columns.items(), _COLORS, strict=True)
    ]
    chart = chart_of([f"{day:%d %b}" for day in days], sets, says=says)
    rows = [(f"{day:%d %b %Y}", *map(number, told)) for day, *told in zip(days, *columns.values(), strict=True)]
    return chart_panel(f"The last {DAYS} days", chart, ("Day", *columns), rows[::-1], note)
