"""What a measure is made of: its scale, samples taken in turns, and the figure that comes of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tests.bench.places import Places

# The measures, in the order of the table.
NAMES = (
    "posting",
    "mint",
    "batch",
    "import",
    "expiry",
    "account",
    "wallet",
    "latency",
    "balance",
    "listing",
    "statistics",
    "books",
    "rules",
    "dialects",
    "bulk",
    "vendor-lists",
    "xml",
    "assign",
    "codes",
    "free-code",
    "order",
    "orders",
    "idle-event",
)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured. `rounds` is how many samples each median is of."""

    rounds: int = 5
    seconds: float = 4.0
    postings: int = 1000
    batches: int = 6
    wallets: int = 10_000
    members: int = 100_000
    import_rows: int = 200_000
    import_small: int = 100_000
    import_large: int = 1_000_000
    lots: int = 100_000
    accounts: int = 1000
    spread: int = 100_000
    history: int = 5_000_000
    history_small: int = 10_000
    counted: int = 10_000_000
    lists: int = 150
    decisions: int = 500_000
    codes: int = 1_000_000
    picks: int = 150


QUICK = Scale(
    seconds=0.7,
    postings=60,
    batches=1,
    wallets=500,
    members=2000,
    import_rows=6000,
    import_small=4000,
    import_large=20_000,
    lots=2000,
    accounts=20,
    spread=2000,
    history=50_000,
    history_small=2000,
    counted=50_000,
    lists=20,
    decisions=50_000,
    codes=20_000,
    picks=30,
)
# The embedded database beside them, for information: a small shop's sizes.
EMBEDDED = Scale(import_rows=20_000, lots=4000, postings=500, batches=3, seconds=2.0, members=20_000)


@dataclass(slots=True)
class Figure:
    """One figure: the median of the candidate's samples as a ratio to the median of the limit's.

    Without a limit the figure is the candidate's own median, in `unit`. `at_least` or `at_most` is what was asked for.
    """

    name: str
    title: str
    unit: str
    candidate: list[float]
    limit: list[float] = field(default_factory=list)
    at_least: float | None = None
    at_most: float | None = None
    sides: str = ""
    note: str = ""
    embedded: list[float] = field(default_factory=list)

    @property
    def value(self) -> float:
        """The ratio, or the candidate's median where there is no limit."""
        ours = median(self.candidate)
        return ours / median(self.limit) if self.limit else ours

    @property
    def reached(self) -> bool:
        """Whether the figure is what was asked for."""
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )


@dataclass(frozen=True, slots=True)
class Bench:
    """What every measure gets: where it may work, and how much it should do."""

    places: Places
    scale: Scale

    def alternate(self, limit: Callable[[int], float], candidate: Callable[[int], float]) -> dict[str, list[float]]:
        """Take a sample of each in turns, `rounds` times; answers them as a Figure takes them."""
        samples: dict[str, list[float]] = {"limit": [], "candidate": []}
        for turn in range(self.scale.rounds):
            for side, take in (("limit", limit), ("candidate", candidate)):
                samples[side].append(take(turn))
                say(f"    {turn + 1}/{self.scale.rounds} {side}: {samples[side][-1]:,.1f}")
        return samples


@dataclass(frozen=True, slots=True)
class Measure:
    """Some figures that are taken together. `embedded` gives samples by the figures' names, for information."""

    name: str
    take: Callable[[Bench], list[Figure]]
    embedded: Callable[[Bench], dict[str, list[float]]] | None = None


def say(text: str) -> None:
    """Tell whoever waits how far it is."""
    print(text, file=sys.stderr, flush=True)


def rate(count: int, work: Callable[[], Any]) -> float:
    """How many a second, where `work` does `count` of something."""
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)
