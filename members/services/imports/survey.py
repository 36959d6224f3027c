"""Looks through a whole file before its first row is booked, so that a file that is broken books nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import IO

from members.errors import ImportRefused
from members.services.imports.reading import read_rows


@dataclass(frozen=True, slots=True)
class Survey:
    """A file that can be read to its end: its digest, its length, how many rows it has."""

    digest: str
    size: int
    rows: int


def survey_file(source: IO[bytes], file_format: str) -> Survey:
    """Read the file once, from its start; it is left at its start.

    :raises ImportRefused: where it cannot be read to its end as the format, or has no row.
    """
    digest, size = digest_of(source)
    rows = sum(1 for _ in read_rows(source, file_format))
    source.seek(0)
    if not rows:
        raise ImportRefused("The file has no rows.")
    return Survey(digest, size, rows)


def digest_of(source: IO[bytes]) -> tuple[str, int]:
    """The digest of a file and its length; no row of it is understood. It is left at its start."""
    source.seek(0)
    digest = hashlib.sha256()
    size = 0
    while block := source.read(1 << 20):
        digest.update(block)
        size += len(block)
    source.seek(0)
    return digest.hexdigest(), size
