"""Writes files of points of any length, the same for the same seed, in memory that grows with the members only.

`python -m tests.points_files 1000000 --members 100000 --format csv > points.csv`; the members are those that
`tests.crowds.make_members` makes. No row of such a file is refused: nobody spends more than the rows before gave.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import sys
import uuid
from array import array
from collections.abc import Callable, Iterator
from typing import IO
from xml.sax.saxutils import escape

import orjson

COLUMNS = ("customerEmail", "points", "type", "validityDuration", "comment")
FORMATS = ("csv", "xml", "jsonl")
_NAMESPACE = uuid.UUID("0b9d0d1e-6d0f-5f0c-8a51-2f4be8b0c9aa")
_BLOCK = 2000

Row = dict[str, str | int]


def email_of(number: int) -> str:
    """The email of the member with this number, from 1."""
    return f"member-{number:07d}@example.com"


def card_of(number: int) -> str:
    """Their loyalty card."""
    return f"4711{number:09d}"


def phone_of(number: int) -> str:
    """Their phone."""
    return f"+49151{number:08d}"


def customer_of(number: int) -> uuid.UUID:
    """How APIs that speak in UUIDs name them."""
    return uuid.uuid5(_NAMESPACE, str(number))


def points_rows(rows: int, *, members: int, seed: int = 1, spending: float = 0.0) -> Iterator[Row]:
    """So many rows about members 1 to `members`; `spending` is the share that takes points, where there are any."""
    chance = random.Random(seed)
    held = array("q", bytes(8 * members))
    for index in range(rows):
        # Everybody comes once before anybody comes again, so that a short file has its members too.
        place = index if index < members else chance.randrange(members)
        row: Row = {"customerEmail": email_of(place + 1)}
        if held[place] and chance.random() < spending:
            points = chance.randint(1, min(held[place], 200))
            held[place] -= points
            row |= {"points": points, "type": "spending", "comment": "Coffee machine"}
        else:
            points = chance.randint(1, 500)
            held[place] += points
            row |= {"points": points, "type": "adding", "comment": f"Receipt {chance.randrange(10**8):08d}"}
            if index % 4 == 0:
                row["validityDuration"] = chance.choice((30, 90, 365))
        yield row


def _csv(rows: Iterator[Row]) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row)
        if text.tell() > 100_000:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _xml(rows: Iterator[Row]) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<pointsTransfers>\n'
    for row in rows:
        parts = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in row.items())
        yield f"<pointsTransfer>{parts}</pointsTransfer>\n"
    yield "</pointsTransfers>\n"


def _jsonl(rows: Iterator[Row]) -> Iterator[str]:
    for row in rows:
        yield orjson.dumps(row).decode() + "\n"


_WRITERS: dict[str, Callable[[Iterator[Row]], Iterator[str]]] = {"csv": _csv, "xml": _xml, "jsonl": _jsonl}


def write_points(target: IO[bytes], rows: Iterator[Row], *, file_format: str = "csv") -> None:
    """Write the rows to an open file, as `csv`, `xml` or `jsonl`."""
    waiting: list[str] = []
    for part in _WRITERS[file_format](rows):
        waiting.append(part)
        if len(waiting) == _BLOCK:
            target.write("".join(waiting).encode())
            waiting.clear()
    target.write("".join(waiting).encode())


def main() -> None:
    """Write a file to standard output."""
    parser = argparse.ArgumentParser(description="Write a file of points to standard output.")
    parser.add_argument("rows", type=int)
    parser.add_argument("--members", type=int, default=1000, help="how many members the rows are about")
    parser.add_argument("--format", choices=FORMATS, default="csv")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--spending", type=float, default=0.0, help="share of rows that take points, from 0 to 1")
    asked = parser.parse_args()
    rows = points_rows(asked.rows, members=asked.members, seed=asked.seed, spending=asked.spending)
    write_points(sys.stdout.buffer, rows, file_format=asked.format)


if __name__ == "__main__":
    main()
