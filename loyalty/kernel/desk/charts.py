"""Charts of the console: what moved on each day."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyalty.kernel.desk.base import Panel

_GRAY = "#9ca3af"
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
