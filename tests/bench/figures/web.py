"""A mint and a balance over HTTP, beside bare views on the same tables."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from itertools import count

from tests.bench.load import Requests, send
from tests.bench.measuring import Bench, Figure, Measure
from tests.bench.places import Place
from tests.bench.servers import BARE, HOUSE, how_served, serving
from tests.bench.stage import Stage, make_stage

BODY = '{"amount": 100, "systemUniqueKey": "{key}"}'
_seeds = count()


def mints(port: int, stage: Stage) -> Requests:
    """Mints through the core API, with everything on."""
    return Requests(
        port,
        "POST",
        stage.wallet_path() + "/mint",
        stage.wallets.start,
        len(stage.wallets),
        body=BODY,
        token=stage.token("ledgers:write"),
    )


def bare_mints(port: int, stage: Stage) -> Requests:
    """Mints by the bare view."""
    account = stage.account
    path = f"/mint/{stage.organization_id}/{account.pk}/{account.reserve_id}/{{wallet}}"
    return Requests(port, "POST", path, stage.wallets.start, len(stage.wallets), body=BODY)


def balance_reads(port: int, stage: Stage) -> Requests:
    """Reads of a balance through the core API."""
    return Requests(
        port,
        "GET",
        stage.wallet_path(),
        stage.wallets.start,
        len(stage.wallets),
        token=stage.token("ledgers:read"),
    )


def _bare_reads(port: int, stage: Stage) -> Requests:
    path = f"/balance/{stage.account.pk}/{{wallet}}"
    return Requests(port, "GET", path, stage.wallets.start, len(stage.wallets))


def rate_of(asked: Requests, seconds: float) -> float:
    """Requests a second."""
    return send(replace(asked, seconds=seconds, seed=f"web-{next(_seeds)}")).rate


def _fill(place: Place, stage: Stage, port: int, seconds: float) -> None:
    """Some mints first: no balance is read that never was anything, and every process has done it once."""
    rate_of(mints(port, stage), seconds)
    place.tidy()


def _take(
    bench: Bench,
    name: str,
    ours: Callable[[int, Stage], Requests],
    bare: Callable[[int, Stage], Requests],
) -> dict[str, list[float]]:
    seconds = bench.scale.seconds
    with bench.places.fresh(name) as place, ExitStack() as servers:
        stage = make_stage(bench.scale.wallets)
        house = servers.enter_context(serving(place, HOUSE))
        beside = servers.enter_context(serving(place, BARE))
        _fill(place, stage, house, seconds)
        limit, candidate = bare(beside, stage), ours(house, stage)
        for asked in (limit, candidate):
            rate_of(asked, 1.0)
        return bench.alternate(lambda _: rate_of(limit, seconds), lambda _: rate_of(candidate, seconds))


def _take_mint(bench: Bench) -> list[Figure]:
    return [
        Figure(
            "mint",
            "mint over HTTP, 8 clients, everything on",
            "/s",
            **_take(bench, "mint", mints, bare_mints),
            at_least=0.80,
            sides=f"both by {how_served()}, {bench.scale.seconds:g} s a sample; ours: token, role, unique key, lot, day"
            " totals, access log, metrics; limit: a DRF view without middleware, sign-in, lots or log:"
            " select_for_update, save, create in the same tables.",
        )
    ]


def _take_balance(bench: Bench) -> list[Figure]:
    return [
        Figure(
            "balance",
            "balance over HTTP, 8 clients",
            "/s",
            **_take(bench, "balance", balance_reads, _bare_reads),
            at_least=0.80,
            sides=f"both by {how_served()}; ours: token, role, what expires next, access log, metrics; limit: a DRF"
            " view without middleware, sign-in or log: one row by the ORM.",
        )
    ]


def _embedded(bench: Bench, name: str, ours: Callable[[int, Stage], Requests]) -> dict[str, list[float]]:
    seconds = bench.scale.seconds
    with bench.places.fresh(name) as place:
        stage = make_stage(bench.scale.wallets)
        with serving(place, HOUSE) as port:
            _fill(place, stage, port, seconds)
            asked = ours(port, stage)
            return {name: [rate_of(asked, seconds) for _ in range(bench.scale.rounds)]}


MINT = Measure("mint", _take_mint, lambda bench: _embedded(bench, "mint", mints))
BALANCE = Measure("balance", _take_balance, lambda bench: _embedded(bench, "balance", balance_reads))
