"""Clients of the service in processes of their own, each with its own connection, that post when they are told to.

`python -m tests.bench.workers` reads one line of JSON for each load and answers with one: how many it posted.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from tests.bench.places import Place

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True)
class Mints:
    """Mints into wallets by chance for so many seconds; wallet n belongs to one of the accounts, in turns."""

    organization_id: int
    account_ids: list[int]
    first_wallet: int
    wallets: int
    seconds: float
    seed: str = ""


def post(asked: Mints) -> int:
    """Post until the time is over; answers how many."""
    from ledger.services import mint, post_transactions
    from loyalty.kernel import clock
    from loyalty.kernel.actors import system

    chance = random.Random(asked.seed)
    end = time.perf_counter() + asked.seconds
    for number in count():
        if time.perf_counter() >= end:
            return number
        place = chance.randrange(asked.wallets)
        move = mint(
            account_id=asked.account_ids[place % len(asked.account_ids)],
            wallet_id=asked.first_wallet + place,
            amount=100,
            unique_key=f"{asked.seed}-{number}",
        )
        post_transactions(organization_id=asked.organization_id, moves=[move], actor=system("bench"), at=clock.now())
    raise AssertionError


class Workers:
    """Some processes that wait for orders."""

    def __init__(self, processes: Sequence[subprocess.Popen[str]]) -> None:
        self.processes = processes
        self.runs = count()
        for process in processes:
            self._read(process)

    @staticmethod
    def _read(process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("a client of the service ended")
        return line

    def rate(self, asked: Mints) -> float:
        """Postings a second, all together."""
        run = next(self.runs)
        for number, process in enumerate(self.processes):
            assert process.stdin is not None
            process.stdin.write(json.dumps(asdict(asked) | {"seed": f"run-{run}-{number}"}) + "\n")
            process.stdin.flush()
        return sum(int(self._read(process)) for process in self.processes) / asked.seconds


@contextmanager
def working(place: Place, *, processes: int = 8) -> Iterator[Workers]:
    """Clients of the service at the place, while the block runs."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bench.workers"],
            cwd=ROOT,
            env=place.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(processes)
    ]
    try:
        yield Workers(started)
    finally:
        for process in started:
            process.kill()
            process.communicate()


def main() -> None:
    """Do what is told, line by line."""
    import django

    django.setup()
    print("ready", flush=True)
    for line in sys.stdin:
        print(post(Mints(**json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
