"""Reads queries: seconds since 1970, pages, the numbers that ids stand for."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from loyalty.kernel.errors import InvalidInput, NotFound
from loyalty.kernel.numbered import number_of
from partners.selectors import PROGRAM

TRANSACTION, CONNECTION, HISTORY, CLIENT = "exchange", "connection", "history", "client"
PAGE_SIZE, MOST_A_PAGE = 25, 5000
_SECONDS = re.compile(r"[0-9]{10}")
_PAGE = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows are asked for."""

    start: int
    stop: int


def read_number(kind: str, given: str) -> int | None:
    """The row an id stands for, or None where it is no id of this kind."""
    try:
        return number_of(kind, uuid.UUID(given))
    except ValueError:
        return None


def read_moment(query: Mapping[str, str], name: str, *, required: bool = False) -> datetime | None:
    """The instant given as ten digits of seconds.

    :raises InvalidInput: anything else, or nothing where it is required.
    """
    given = query.get(name, "")
    if not given and not required:
        return None
    if not _SECONDS.fullmatch(given):
        raise InvalidInput(f"{name} must be seconds since 1970, in ten digits.", field=name)
    return datetime.fromtimestamp(int(given), UTC)


def read_span(query: Mapping[str, str], *, required: bool) -> tuple[datetime | None, datetime | None]:
    """From when to when, both inclusive (contract cosmopoints P12).

    :raises InvalidInput: where one is no instant, or the end comes before the start.
    """
    start, end = (read_moment(query, name, required=required) for name in ("startDate", "endDate"))
    if start is not None and end is not None and end < start:
        raise InvalidInput("endDate must not be before startDate.", field="endDate")
    return start, end


def read_page(query: Mapping[str, str]) -> Page:
    """The page asked for: the first is 1, 25 rows unless more are asked for, at most 5,000 (contract cosmopoints P7).

    :raises InvalidInput: where page or size is none.
    """
    page, size = (_whole(query, name, fallback) for name, fallback in (("page", 1), ("pageSize", PAGE_SIZE)))
    if page < 1:
        raise InvalidInput("page must be a whole number from 1.", field="page")
    if not 1 <= size <= MOST_A_PAGE:
        raise InvalidInput(f"pageSize must be a whole number from 1 to {MOST_A_PAGE}.", field="pageSize")
    return Page((page - 1) * size, page * size)


def _whole(query: Mapping[str, str], name: str, fallback: int) -> int:
    given = query.get(name, "")
    if not given:
        return fallback
    if not _PAGE.fullmatch(given):
        raise InvalidInput(f"{name} must be a whole number.", field=name)
    return int(given)


def read_program(query: Mapping[str, str]) -> int | None:
    """The program a list is narrowed to, or None for all.

    :raises NotFound: where no program can have this id.
    """
    given = query.get("programId", "")
    number = read_number(PROGRAM, given) if given else None
    if given and number is None:
        raise NotFound("There is no such program.")
    return number
