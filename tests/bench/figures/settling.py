"""Expiry: how fast it is, and what mints feel of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg
from django.db import connection

from ledger.models import Lot
from ledger.services import check_books, settle_due
from loyalty.kernel import clock
from loyalty.kernel.actors import system
from tests.bench.figures.web import mints, rate_of
from tests.bench.histories import write_falling
from tests.bench.limits import expire_by_hand
from tests.bench.load import Requests, loading, send
from tests.bench.measuring import Bench, Figure, Measure, rate, say
from tests.bench.servers import HOUSE, how_served, serving
from tests.bench.stage import add_wallets, make_stage

MOST_TIMES = 3.0
_LONG = 600.0


def _settle(at: datetime, lots: int) -> float:
    """Lots a second of the service.

    :raises RuntimeError: where it expired another number.
    """
    expired: list[int] = []

    def work() -> None:
        expired.append(settle_due(actor=system("bench"), at=at).expired_lots)

    found = rate(lots, work)
    if expired != [lots]:
        raise RuntimeError(f"{expired} lots expired, {lots} were due")
    return found


def _first_due() -> datetime:
    return clock.now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=60)


def _take_expiry(bench: Bench) -> list[Figure]:
    scale = bench.scale
    with bench.places.fresh("expiry") as place:
        stage = make_stage(scale.rounds * scale.lots)
        days = write_falling(place, stage, slices=2 * scale.rounds, lots=scale.lots, first_due=_first_due())
        with psycopg.connect(place.url) as plain:
            samples = bench.alternate(
                lambda turn: rate(scale.lots, lambda: expire_by_hand(plain, days[2 * turn])),
                lambda turn: _settle(days[2 * turn + 1], scale.lots),
            )
        findings = list(check_books())
        if findings:
            raise RuntimeError(f"the two sides did not do the same: {findings[:3]}")
    return [
        Figure(
            "expiry",
            f"expiring {scale.rounds * scale.lots:,} lots by settle_due",
            "/s",
            **samples,
            at_least=0.40,
            sides=f"{scale.rounds} times {scale.lots:,} lots of {scale.lots // 2:,} wallets in turns, one process;"
            " limit: the same transactions, lot uses, lots, balances and day totals by one statement a table, in one"
            " commit. check_books finds the books in balance after both.",
        )
    ]


def _p99_while(asked: Requests, work: Callable[[], object]) -> float:
    """The 99th percentile of a request's time, in milliseconds, while the work is being done."""
    with loading(asked) as load:
        work()
        return load.answer(now=True).p99_ms


def _take_latency(bench: Bench) -> list[Figure]:
    scale = bench.scale
    with bench.places.fresh("latency") as place:
        stage = make_stage(scale.rounds * scale.lots // 2)
        days = write_falling(place, stage, slices=scale.rounds, lots=scale.lots, first_due=_first_due())
        # Mints go to other wallets, as most do; those would settle what is theirs themselves.
        busy = replace(stage, wallets=add_wallets(stage.house, scale.wallets))
        place.tidy()
        with serving(place, HOUSE) as port:
            asked = mints(port, busy)
            rate_of(asked, scale.seconds)
            samples = bench.alternate(
                lambda turn: send(replace(asked, seconds=scale.seconds, seed=f"quiet-{turn}")).p99_ms,
                lambda turn: _p99_while(
                    replace(asked, seconds=_LONG, seed=f"busy-{turn}"), lambda: _settle(days[turn], scale.lots)
                ),
            )
    return [
        Figure(
            "latency",
            f"99th percentile of a mint while settle_due expires {scale.rounds * scale.lots:,} lots",
            "ms",
            **samples,
            at_most=MOST_TIMES,
            sides=f"mints over HTTP, 8 clients, {how_served()}; {scale.rounds} times {scale.lots:,} lots, the load as"
            f" long as each takes; limit: the same load for {scale.seconds:g} s while nothing is settled.",
        )
    ]


def _embedded(bench: Bench) -> dict[str, list[float]]:
    """On the embedded database the engine makes the lots itself: a few thousand are enough there."""
    from tests.bench.figures.posting import ServicePostings

    scale = bench.scale
    with bench.places.fresh("expiry"):
        stage = make_stage(scale.lots // 2)
        service = ServicePostings(stage)
        rates = []
        for turn in range(scale.rounds):
            wallets = [*stage.wallets, *stage.wallets]
            service.mint_batch(wallets, 100, [f"lot-{turn}-{n}" for n in range(len(wallets))])
            due = clock.now() + timedelta(days=400 * (turn + 1))
            rates.append(_settle(due, len(wallets)))
        say(f"    {Lot.objects.count()} lots on {connection.vendor}")
        return {"expiry": rates}


EXPIRY = Measure("expiry", _take_expiry, _embedded)
LATENCY = Measure("latency", _take_latency)
