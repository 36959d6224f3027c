"""The import of points as the command does it, beside COPY of the rows it makes."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings

from loyalty.kernel import clock
from tests import factories
from tests.bench.children import Ran, manage
from tests.bench.measuring import Bench, Figure, Measure, rate
from tests.bench.places import Place
from tests.crowds import make_members
from tests.house import House
from tests.points_files import points_rows, write_points

MOST_MB = 300
MORE_MB = 32
_COLUMNS = (
    "id, organization_id, account_id, kind, from_wallet_id, to_wallet_id, amount, effective_at, external_event_at,"
    " created_at, key_kind, unique_key, content_hash, external_id, description, tags, source, actor, answers_id"
)
_TOOK = re.compile(r"in ([0-9.]+) s")
_seeds = count(1)


def _file(rows: int, members: int, file_format: str) -> Path:
    """A file that was never imported before."""
    path = Path(settings.VAR_DIR) / f"points.{file_format}"
    with path.open("wb") as target:
        write_points(target, points_rows(rows, members=members, seed=next(_seeds)), file_format=file_format)
    return path


def _import(place: Place, house: House, rows: int, members: int, file_format: str = "csv") -> Ran:
    """Import so many rows.

    :raises RuntimeError: where not all of them were booked.
    """
    path = _file(rows, members, file_format)
    ran = manage(place, "import_points", str(path), "--organization", str(house.id))
    if f"{rows} rows: {rows} booked" not in ran.said:
        raise RuntimeError(ran.said)
    return ran


def _import_rate(place: Place, house: House, rows: int, members: int, file_format: str = "csv") -> float:
    """Rows a second, by the command's own clock: everything but the start of the interpreter."""
    found = _TOOK.search(_import(place, house, rows, members, file_format).said)
    assert found is not None
    return rows / float(found.group(1))


def _prepare_copy(place: Place, rows: int) -> Path:
    """A file of the newest transactions as COPY writes them, with numbers and keys nobody has used."""
    path = Path(settings.VAR_DIR) / "transactions.copy"
    mark = f"copied-{next(_seeds)}-"
    selected = _COLUMNS.replace("id,", "nextval('ledger_transaction_id_seq'),", 1).replace(
        "unique_key", f"'{mark}' || unique_key"
    )
    query = f"SELECT {selected} FROM (SELECT * FROM ledger_transaction ORDER BY id DESC LIMIT {rows}) t"
    with (
        psycopg.connect(place.url) as connection,
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({query}) TO STDOUT") as copy,
        path.open("wb") as target,
    ):
        for block in copy:
            target.write(block)
    return path


def _copy_rate(place: Place, rows: int) -> float:
    """Rows a second of COPY into the same table with all its indexes and constraints, committed."""
    path = _prepare_copy(place, rows)

    def work() -> None:
        with (
            psycopg.connect(place.url) as connection,
            connection.cursor() as cursor,
            cursor.copy(f"COPY ledger_transaction ({_COLUMNS}) FROM STDIN") as copy,
            path.open("rb") as source,
        ):
            while block := source.read(1 << 18):
                copy.write(block)

    return rate(rows, work)


def _house(members: int) -> House:
    house = factories.build_house("Bench")
    make_members(organization_id=house.id, count=members, at=clock.now())
    return house


def _take(bench: Bench) -> list[Figure]:
    scale = bench.scale
    with bench.places.fresh("memory") as place:
        house = _house(scale.members)
        place.tidy()
        small = _import(place, house, scale.import_small, scale.members)
        large = _import(place, house, scale.import_large, scale.members)
    with bench.places.fresh("import") as place:
        house = _house(scale.members)
        place.tidy()
        # The first import makes the balances, as a shop's first file does; the limit needs rows to copy.
        _import(place, house, max(scale.members, scale.import_rows), scale.members)
        samples: dict[str, Any] = bench.alternate(
            lambda _: _copy_rate(place, scale.import_rows),
            lambda _: _import_rate(place, house, scale.import_rows, scale.members),
        )
    whole = f"{scale.import_large:,} rows"
    return [
        Figure(
            "import",
            f"import_points, {scale.rounds * scale.import_rows:,} rows",
            "/s",
            **samples,
            at_least=0.20,
            sides=f"{scale.rounds} files of {scale.import_rows:,} rows in turns with COPY of as many, by the command's"
            f" own clock; {scale.members:,} members by email; limit: COPY of the transactions such a file makes into"
            " the same table with its indexes and constraints, with new numbers and keys.",
            note=f"One file of {whole} took {large.seconds:.0f} s: {scale.import_large / large.seconds:,.0f} a second.",
        ),
        Figure(
            "import-memory",
            f"memory of import_points, {whole}",
            "MB",
            [large.peak_mb],
            at_most=MOST_MB,
            sides="largest resident set of the command's process.",
        ),
        Figure(
            "import-memory-growth",
            f"... more than for {scale.import_small:,} rows",
            "MB",
            [large.peak_mb - small.peak_mb],
            at_most=MORE_MB,
        ),
    ]


def _embedded(bench: Bench) -> dict[str, list[float]]:
    scale = bench.scale
    with bench.places.fresh("import") as place:
        house = _house(scale.members)
        return {"import": [_import_rate(place, house, scale.import_rows, scale.members) for _ in range(scale.rounds)]}


def _take_xml(bench: Bench) -> list[Figure]:
    scale = bench.scale
    with bench.places.fresh("xml") as place:
        house = _house(scale.members)
        place.tidy()
        large = _import(place, house, scale.import_large, scale.members, "xml")
        samples = bench.alternate(
            lambda _: _import_rate(place, house, scale.import_rows, scale.members),
            lambda _: _import_rate(place, house, scale.import_rows, scale.members, "xml"),
        )
    whole = f"{scale.import_large:,} rows"
    return [
        Figure(
            "xml",
            f"import_points of XML, {scale.rounds * scale.import_rows:,} rows",
            "/s",
            **samples,
            at_least=0.80,
            sides="limit: the same rows as CSV, in turns, by the command's own clock.",
            note=f"One file of {whole} took {large.seconds:.0f} s: {scale.import_large / large.seconds:,.0f} a second.",
        ),
        Figure("xml-memory", f"memory of import_points of XML, {whole}", "MB", [large.peak_mb], at_most=MOST_MB),
    ]


IMPORT = Measure("import", _take, _embedded)
XML = Measure("xml", _take_xml)
