"""Reads the three file formats as a stream of rows, in memory that does not grow with the file.

XML is Open Loyalty's; CSV and JSON lines have the same names. Documents with a DTD or entities are refused.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import IO, Any, NamedTuple
from xml.etree.ElementTree import ParseError

import orjson
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from members.errors import ImportRefused

FORMATS = ("xml", "csv", "jsonl")
COLUMNS = (
    "customerId",
    "customerEmail",
    "customerPhoneNumber",
    "customerLoyaltyCardNumber",
    "points",
    "type",
    "validityDuration",
    "comment",
    "rowKey",
    "validFrom",
    "validTo",
    "source",
)
REQUIRED_COLUMNS = ("points", "type")
# No honest row is longer; without a limit one endless value would be read into memory whole.
LONGEST_ROW = 1_000_000
_DEEPEST = 3


class RawRow(NamedTuple):
    """One row as the file has it: where, and the texts that are not empty. `problem` where it is not even a row."""

    line: int
    fields: dict[str, str]
    problem: str = ""


def format_of(name: str, given: str | None = None) -> str:
    """The format of a file: as given, else by its name.

    :raises ImportRefused: where it is none of ours.
    """
    ending = (given or name.rpartition(".")[2]).lower()
    found = {"ndjson": "jsonl", "json": "jsonl"}.get(ending, ending)
    if found not in FORMATS:
        raise ImportRefused("The format must be xml, csv or jsonl.", field="format")
    return found


def read_rows(source: IO[bytes], file_format: str) -> Iterator[RawRow]:
    """The rows of a file, in order.

    :raises ImportRefused: where it stops being a file of the format; what came before was fine.
    """
    return {"xml": _read_xml, "csv": _read_csv, "jsonl": _read_jsonl}[file_format](source)


class _Guarded:
    """A file that refuses to be read further when no row has ended for too long."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source = source
        self.since_row = 0

    def read(self, size: int = -1) -> bytes:
        data = self.source.read(size)
        self.since_row += len(data)
        if self.since_row > LONGEST_ROW:
            raise ImportRefused(f"A row is longer than {LONGEST_ROW} bytes.")
        return data


def _read_xml(source: IO[bytes]) -> Iterator[RawRow]:
    guarded = _Guarded(source)
    depth = number = 0
    root: Any = None
    try:
        for event, element in iterparse(guarded, events=("start", "end"), forbid_dtd=True):
            if event == "start":
                depth += 1
                if root is None:
                    root = element
                    if element.tag != "pointsTransfers":
                        raise ImportRefused(f"The root must be pointsTransfers, not {element.tag[:60]!r}.")
                if depth > _DEEPEST:
                    raise ImportRefused(f"Element {element.tag[:60]!r} is nested too deep.")
                continue
            depth -= 1
            if depth != 1:
                continue
            number += 1
            fields = {child.tag: text for child in element if (text := (child.text or "").strip())}
            problem = "" if element.tag == "pointsTransfer" else f"{element.tag[:60]!r} is not pointsTransfer"
            yield RawRow(number, fields, problem)
            root.clear()
            guarded.since_row = 0
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise ImportRefused(f"The XML cannot be read after row {number}: {type(error).__name__} {error}") from error


def _read_csv(source: IO[bytes]) -> Iterator[RawRow]:
    text = io.TextIOWrapper(source, encoding="utf-8-sig", newline="")
    line = 1
    try:
        header = text.readline(LONGEST_ROW)
        delimiter = ";" if ";" in header and "," not in header else ","
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter, strict=True), [])]
        _check_columns(names)
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        for values in reader:
            line = reader.line_num + 1
            if not values:
                continue
            fields = {name: value for name, value in zip(names, map(str.strip, values), strict=False) if value}
            problem = "" if len(values) == len(names) else f"{len(values)} values where the header has {len(names)}"
            yield RawRow(line, fields, problem)
    except UnicodeDecodeError as error:
        raise ImportRefused(f"The file is not UTF-8 text after line {line}.") from error
    except csv.Error as error:
        raise ImportRefused(f"The CSV cannot be read after line {line}: {error}.") from error
    finally:
        if not source.closed:
            text.detach()


def _check_columns(names: list[str]) -> None:
    unknown = sorted(set(names) - set(COLUMNS))
    missing = [name for name in REQUIRED_COLUMNS if name not in names]
    if unknown or missing or len(set(names)) < len(names):
        wrong = [f"unknown: {', '.join(unknown)[:200]}"] if unknown else []
        wrong += [f"missing: {', '.join(missing)}"] if missing else []
        wrong += ["a column is there twice"] if len(set(names)) < len(names) else []
        raise ImportRefused(f"The columns are not those of a points file ({'; '.join(wrong)}).")


def _read_jsonl(source: IO[bytes]) -> Iterator[RawRow]:
    line = 0
    while data := source.readline(LONGEST_ROW + 1):
        line += 1
        if len(data) > LONGEST_ROW:
            raise ImportRefused(f"Line {line} is longer than {LONGEST_ROW} bytes.")
        if not data.strip():
            continue
        try:
            value = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            yield RawRow(line, {}, f"not a JSON object: {error}")
            continue
        if not isinstance(value, dict):
            yield RawRow(line, {}, "not a JSON object")
            continue
        odd = [name for name, held in value.items() if isinstance(held, dict | list | bool)]
        fields = {name: str(held) for name, held in value.items() if held not in (None, "") and name not in odd}
        yield RawRow(line, fields, f"{odd[0]!r} is not a text or number" if odd else "")
