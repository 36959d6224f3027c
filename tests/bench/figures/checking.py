"""The proof of the books: its speed beside one plain pass over the same tables, and its memory."""

from __future__ import annotations

import json
from typing import Any

import psycopg

from loyalty.kernel import clock
from tests.bench.children import Ran, manage
from tests.bench.histories import write_history
from tests.bench.limits import add_up, count_rows
from tests.bench.measuring import Bench, Figure, Measure, rate
from tests.bench.places import Place
from tests.bench.stage import make_stage

MOST_MB = 500


def _check(place: Place) -> tuple[Ran, float]:
    """One run of the command, and how long the check itself took in seconds.

    :raises RuntimeError: where the books do not balance (the command fails).
    """
    ran = manage(place, "check_books", "--json")
    said: dict[str, Any] = json.loads(ran.said)
    return ran, said["seconds"]


def _take(bench: Bench) -> list[Figure]:
    scale = bench.scale
    with bench.places.fresh("books_few") as place:
        stage = make_stage(max(20, scale.history_small // 50))
        write_history(place, stage, scale.history_small, until=clock.now())
        small, _ = _check(place)
    peaks = []
    with bench.places.fresh("books") as place:
        stage = make_stage(max(20, scale.history // 50))
        write_history(place, stage, scale.history, until=clock.now())
        with psycopg.connect(place.url) as plain:
            rows = count_rows(plain)

            def check(_: int) -> float:
                ran, seconds = _check(place)
                peaks.append(ran.peak_mb)
                return rows / seconds

            samples = bench.alternate(lambda _: rate(rows, lambda: add_up(plain)), check)
    return [
        Figure(
            "books",
            f"check_books over {rows:,} rows",
            "/s",
            **samples,
            at_least=0.20,
            sides="by the command's own clock; limit: SELECT sum(...) over each of the same tables, by a"
            " sequential scan.",
        ),
        Figure(
            "books-memory",
            "memory of check_books",
            "MB",
            peaks,
            at_most=MOST_MB,
            sides=f"largest resident set of the command's process; {small.peak_mb:.0f} MB over a history of"
            f" {scale.history_small:,} transactions.",
        ),
    ]


CHECKING = Measure("books", _take)
