"""Says what was measured: a table for people, JSON with every sample for programs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from tests.bench.measuring import Figure, Scale

HEAD = ("figure", "candidate", "limit", "ratio", "asked", "", "embedded")


def amount(value: float, unit: str) -> str:
    """A number as a table shows it."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}".strip()


def row_of(figure: Figure) -> tuple[str, ...]:
    """The figure's row of the table."""
    asked = f">= {figure.at_least:g}" if figure.at_least is not None else ""
    asked = f"<= {figure.at_most:g}" if figure.at_most is not None else asked
    return (
        figure.title,
        amount(median(figure.candidate), figure.unit),
        amount(median(figure.limit), figure.unit) if figure.limit else "",
        f"{figure.value:.2f}" if figure.limit else "",
        asked,
        ("ok" if figure.reached else "MISSED") if asked else "",
        amount(median(figure.embedded), figure.unit) if figure.embedded else "",
    )


def table(figures: Sequence[Figure]) -> str:
    """All figures, a row each, and under the table what the two sides of each were."""
    rows = [HEAD, *map(row_of, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    notes = [f"{figure.title}: {figure.sides} {figure.note}".strip() for figure in figures if figure.sides]
    return "\n".join([*lines, "", *dict.fromkeys(notes)])


def machine(url: str) -> dict[str, Any]:
    """What the figures were taken on."""
    with psycopg.connect(url) as connection:
        version = connection.execute("SHOW server_version").fetchone()
        kept = {
            name: (connection.execute(f"SHOW {name}").fetchone() or ("",))[0]
            for name in ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_wal_size")
        }
    return {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "postgresql": version[0] if version else "",
        "settings": kept,
    }


def as_json(figures: Sequence[Figure], *, scale: Scale, facts: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Everything that was measured."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds),
        "machine": facts,
        "scale": {name: getattr(scale, name) for name in scale.__slots__},
        "reached": all(figure.reached for figure in figures),
        "figures": [
            {
                "name": figure.name,
                "title": figure.title,
                "sides": figure.sides,
                "note": figure.note,
                "unit": figure.unit,
                "candidate": {"median": median(figure.candidate), "samples": figure.candidate},
                "limit": {"median": median(figure.limit), "samples": figure.limit} if figure.limit else None,
                "ratio": figure.value if figure.limit else None,
                "value": figure.value,
                "at_least": figure.at_least,
                "at_most": figure.at_most,
                "reached": figure.reached,
                "embedded": {"median": median(figure.embedded), "samples": figure.embedded}
                if figure.embedded
                else None,
            }
            for figure in figures
        ],
    }


def write_json(path: Path, content: Any) -> None:
    """Write the file, and its folder where it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")
