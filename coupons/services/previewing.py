"""Says what an import of codes would do, and does nothing of it: no row is locked, none is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import IO

from django.conf import settings

from coupons.models import CouponBook
from coupons.services.importing import CodesResult, Refused, read_codes, sort_out
from coupons.services.tallies import given_of
from members.errors import ImportRefused

SHOWN_LINES = 10
SHOWN_ERRORS = 100


@dataclass(slots=True)
class CodesPreview:
    """What a file would do: the counts, the first codes and the first refusals. `is_whole` is false where there are
    more lines than were looked at.
    """

    is_whole: bool = True
    result: CodesResult = field(default_factory=CodesResult)
    first: list[tuple[int, str]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def preview_code_import(*, book: CouponBook, source: IO[bytes], most_lines: int) -> CodesPreview:
    """What the import of the file would do with its first lines, as the book is now.

    :raises ImportRefused: where the file is not text in UTF-8, or has no lines.
    """
    source.seek(0)
    found, lines = CodesPreview(), read_codes(source)
    room = None if book.max_coupon_count is None else max(0, book.max_coupon_count - given_of(book.pk)[0])
    seen: set[str] = set()
    while chunk := list(islice(lines, min(settings.IMPORT_CHUNK_ROWS, most_lines - found.result.processed))):
        found.first += chunk[: SHOWN_LINES - len(found.first)]
        wanted, refused = sort_out(chunk)
        there = set(book.coupons.filter(code_key__in=list(wanted)).values_list("code_key", flat=True))
        new = [(key, wanted[key]) for key in wanted if key not in there and key not in seen]
        if room is not None:
            refused += [
                (line, f"The book may have {book.max_coupon_count} codes.", code) for _, (line, code) in new[room:]
            ]
            new = new[:room]
            room -= len(new)
        seen.update(key for key, _ in new)
        _count(found, len(chunk), len(new), refused)
    found.is_whole = next(lines, None) is None
    if not found.result.processed:
        raise ImportRefused("The file has no lines.")
    return found


def _count(found: CodesPreview, lines: int, added: int, refused: list[Refused]) -> None:
    found.result.processed += lines
    found.result.succeeded += added
    found.result.failed += len(refused)
    found.result.skipped += lines - added - len(refused)
    found.refused += sorted(refused)[: max(0, SHOWN_ERRORS - len(found.refused))]
