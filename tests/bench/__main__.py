"""`python -m tests.bench`: every figure as a ratio to a limit of the same run; exit 0 where all are reached, else 1."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.measuring import EMBEDDED, NAMES, QUICK, Bench, Figure, Scale, say
from tests.bench.places import Places
from tests.bench.report import as_json, machine, table, write_json
from tests.find_postgresql import CANDIDATES, answers

ROOT = Path(__file__).resolve().parent.parent.parent
VAR = Path(os.environ.get("VAR_DIR", "").strip() or ROOT / "var").resolve()


def read_arguments() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure speed and size.")
    parser.add_argument("--only", action="append", default=[], choices=NAMES, help="only this measure; repeatable")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that everything runs")
    parser.add_argument("--json", type=Path, default=VAR / "bench.json", metavar="PATH", help="default: %(default)s")
    parser.add_argument("--database-url", default="", help="a PostgreSQL server; scratch databases are made on it")
    parser.add_argument("--no-embedded", action="store_true", help="leave the embedded database out")
    parser.add_argument("--embedded", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def find_server(given: str) -> str:
    """The server to measure on: as given, else TEST_DATABASE_URL, else one that answers here."""
    wanted = given or os.environ.get("TEST_DATABASE_URL", "")
    found = wanted if wanted and answers(wanted) else next(filter(answers, () if wanted else CANDIDATES), "")
    if not found:
        sys.exit("bench: no PostgreSQL answers that lets us make databases; name one with --database-url")
    return found


def take(places: Places, scale: Scale, only: Sequence[str]) -> list[Figure]:
    """Take the measures on PostgreSQL."""
    from tests.bench.figures import MEASURES

    figures: list[Figure] = []
    for measure in MEASURES:
        if not only or measure.name in only:
            start = time.perf_counter()
            say(f"{measure.name} ...")
            figures += measure.take(Bench(places, scale))
            say(f"  {time.perf_counter() - start:.0f} s")
    return figures


def take_embedded(places: Places, scale: Scale, only: Sequence[str]) -> dict[str, list[float]]:
    """The same on the embedded database, as far as it makes sense there."""
    from tests.bench.figures import MEASURES

    samples: dict[str, list[float]] = {}
    for measure in MEASURES:
        if measure.embedded is not None and (not only or measure.name in only):
            say(f"{measure.name} on the embedded database ...")
            samples |= measure.embedded(Bench(places, scale))
    return samples


def ask_embedded(asked: argparse.Namespace) -> dict[str, list[float]]:
    """What a process of its own measures on the embedded database: one process has one database."""
    words = [word for name in asked.only for word in ("--only", name)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--embedded", *(["--quick"] if asked.quick else []), *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    samples: dict[str, list[float]] = json.loads(done.stdout)
    return samples


def main() -> int:
    """Measure, print the table, write the JSON."""
    asked = read_arguments()
    start = time.perf_counter()
    var = VAR / f"bench-{os.getpid()}"
    if asked.embedded:
        with Places(None, var) as places:
            print(json.dumps(take_embedded(places, QUICK if asked.quick else EMBEDDED, asked.only)))
        return 0
    server = find_server(asked.database_url)
    scale = QUICK if asked.quick else Scale()
    embedded = {} if asked.no_embedded else ask_embedded(asked)
    with Places(server, var) as places:
        figures = take(places, scale, asked.only)
    for figure in figures:
        figure.embedded = embedded.get(figure.name, [])
    print(table(figures))
    facts = machine(server)
    write_json(asked.json, as_json(figures, scale=scale, facts=facts, seconds=time.perf_counter() - start))
    print(
        f"\n{facts['cores']} cores, PostgreSQL {facts['postgresql']}, Python {facts['python']};"
        f" every sample: {asked.json}"
    )
    return 0 if all(figure.reached for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
