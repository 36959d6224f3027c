"""Postings through the service in one process, one at a time and a thousand at a time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import count

from ledger.services import Move, mint, post_batch, post_transactions
from loyalty.kernel import clock
from tests.bench.limits import PlainPostings
from tests.bench.measuring import Bench, Figure, Measure, rate
from tests.bench.stage import Stage, make_stage
from tests.house import TESTER

BATCH_SIZE = 1000


class ServicePostings:
    """The same mints through the service."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def _move(self, wallet_id: int, amount: int, key: str) -> Move:
        return mint(account_id=self.stage.account.pk, wallet_id=wallet_id, amount=amount, unique_key=key)

    def mint(self, wallet_id: int, amount: int, key: str) -> None:
        """One posting."""
        post_transactions(
            organization_id=self.stage.organization_id,
            moves=[self._move(wallet_id, amount, key)],
            actor=TESTER,
            at=clock.now(),
        )

    def mint_batch(self, wallet_ids: Sequence[int], amount: int, keys: Sequence[str]) -> None:
        """A batch, each by itself."""
        outcomes = post_batch(
            organization_id=self.stage.organization_id,
            groups=[[self._move(wallet_id, amount, key)] for wallet_id, key in zip(wallet_ids, keys, strict=True)],
            actor=TESTER,
            at=clock.now(),
        )
        if any(outcome.error for outcome, _ in outcomes):
            raise RuntimeError("a posting of the batch was refused")


class _Load:
    """Does so many mints into wallets by chance, each with a key of its own."""

    def __init__(self, stage: Stage) -> None:
        self.wallets = stage.wallets
        self.chance = random.Random(7)
        self.keys = count()

    def singles(self, side: PlainPostings | ServicePostings, postings: int) -> float:
        """Postings a second, one at a time."""
        wallets = self.chance.choices(self.wallets, k=postings)

        def work() -> None:
            for wallet_id in wallets:
                side.mint(wallet_id, 100, f"one-{next(self.keys)}")

        return rate(postings, work)

    def batches(self, side: PlainPostings | ServicePostings, batches: int) -> float:
        """Postings a second, a thousand at a time."""
        asked = [
            (
                self.chance.choices(self.wallets, k=BATCH_SIZE),
                [f"batch-{next(self.keys)}" for _ in range(BATCH_SIZE)],
            )
            for _ in range(batches)
        ]

        def work() -> None:
            for wallet_ids, keys in asked:
                side.mint_batch(wallet_ids, 100, keys)

        return rate(batches * BATCH_SIZE, work)


def _take_posting(bench: Bench) -> list[Figure]:
    scale = bench.scale
    with bench.places.fresh("posting") as place:
        stage = make_stage(scale.wallets)
        load, plain, service = _Load(stage), PlainPostings(place.url, stage), ServicePostings(stage)
        place.tidy()
        for side in (plain, service):
            load.singles(side, scale.postings // 4)
        samples = bench.alternate(
            lambda _: load.singles(plain, scale.postings), lambda _: load.singles(service, scale.postings)
        )
        plain.close()
    return [
        Figure(
            "posting",
            "one posting through the service, one process",
            "/s",
            **samples,
            at_least=0.40,
            sides=f"mints with a unique key into {scale.wallets:,} wallets, {scale.postings} a sample; limit: SELECT"
            " FOR UPDATE, UPDATE, INSERT transaction, INSERT lot, COMMIT in psycopg with its prepared statements.",
        )
    ]


def _take_batch(bench: Bench) -> list[Figure]:
    scale = bench.scale
    with bench.places.fresh("batch") as place:
        stage = make_stage(scale.wallets)
        load, plain, service = _Load(stage), PlainPostings(place.url, stage), ServicePostings(stage)
        place.tidy()
        for side in (plain, service):
            load.batches(side, 1)
        samples = bench.alternate(
            lambda _: load.batches(plain, scale.batches), lambda _: load.batches(service, scale.batches)
        )
        plain.close()
    return [
        Figure(
            "batch",
            "batch of 1,000 postings through the service",
            "/s",
            **samples,
            at_least=0.35,
            sides="mints with unique keys, transactions and lots on both sides; limit: lock in key order, INSERT from"
            " unnest, grouped UPDATE, 1,000 a commit.",
        )
    ]


def _embedded_posting(bench: Bench) -> dict[str, list[float]]:
    with bench.places.fresh("posting"):
        stage = make_stage(bench.scale.wallets)
        load, service = _Load(stage), ServicePostings(stage)
        load.singles(service, 50)
        return {"posting": [load.singles(service, bench.scale.postings) for _ in range(bench.scale.rounds)]}


def _embedded_batch(bench: Bench) -> dict[str, list[float]]:
    with bench.places.fresh("batch"):
        stage = make_stage(bench.scale.wallets)
        load, service = _Load(stage), ServicePostings(stage)
        return {"batch": [load.batches(service, bench.scale.batches) for _ in range(bench.scale.rounds)]}


POSTING = Measure("posting", _take_posting, _embedded_posting)
BATCH = Measure("batch", _take_batch, _embedded_batch)
