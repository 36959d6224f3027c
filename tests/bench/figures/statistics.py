"""An account's statistics of a year, at ten thousand transactions and at ten million (semantics 14)."""

from __future__ import annotations

import time
from datetime import timedelta
from statistics import median

from ledger import selectors
from loyalty.kernel import clock
from loyalty.kernel.windows import Window
from tests.bench.histories import history
from tests.bench.measuring import Bench, Figure, Measure
from tests.bench.places import Place, working_on
from tests.bench.stage import Stage

MOST_TIMES = 1.5


def _milliseconds(place: Place, stage: Stage, window: Window, rounds: int) -> float:
    """How long the account's statistics take, the median of so many.

    :raises RuntimeError: where nothing was minted.
    """
    with working_on(place):
        took = []
        for _ in range(rounds):
            start = time.perf_counter()
            account = selectors.get_account(stage.organization_id, stage.account.pk)
            moved = selectors.moved_in(account, window)
            selectors.account_totals([account.pk])
            took.append(time.perf_counter() - start)
            if moved.minted <= 0:
                raise RuntimeError("nothing was minted")
        return median(took) * 1000


def _take(bench: Bench) -> list[Figure]:
    scale = bench.scale
    figures: list[Figure] = []
    today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    few_rows, many_rows = scale.history_small, scale.counted
    with history(bench, "few", few_rows) as (few, small), history(bench, "many", many_rows) as (many, large):
        for name, title, cut in (
            ("year-stats", "statistics of a year in whole days", timedelta(0)),
            ("cut-year-stats", "... from one noon to another", timedelta(hours=12)),
        ):
            window = Window(today - timedelta(days=350) + cut, today - timedelta(days=1) + cut, "UTC")
            samples = bench.alternate(
                lambda _, window=window: _milliseconds(few, small, window, scale.lists),
                lambda _, window=window: _milliseconds(many, large, window, scale.lists),
            )
            if cut:
                # Two halves of a day are counted row by row: that is as much as a day has, whatever the history.
                figures.append(Figure(name, title, "ms", samples["candidate"]))
            else:
                figures.append(Figure(name, title, "ms", **samples, at_most=MOST_TIMES))
    figures[0].sides = (
        f"what the API's account statistics ask of the ledger, without HTTP; {many_rows:,} transactions in a year"
        f" beside {few_rows:,} in another database; a sample is the median of {scale.lists}."
    )
    return figures


STATISTICS = Measure("statistics", _take)
