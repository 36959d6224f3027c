"""Keeps what is counted: a book's tallies, and a member's place in it."""

from __future__ import annotations

import threading

from django.db import connection
from django.db.models import Sum

from coupons.models import BookTally, CouponBook
from loyalty.kernel.kept import Statement
from loyalty.kernel.prepared import fetch

# As many writers of one book do not wait for each other.
SLOTS = 16

_COUNT = """
INSERT INTO coupons_booktally (book_id, slot, codes, assigned, used) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (book_id, slot) DO UPDATE SET codes = coupons_booktally.codes + excluded.codes,
  assigned = coupons_booktally.assigned + excluded.assigned, used = coupons_booktally.used + excluded.used
RETURNING slot
"""
_COUNT_FOR_MEMBER = """
UPDATE coupons_bookmember SET assigned = assigned + %s, used = used + %s WHERE book_id = %s AND member_id = %s
RETURNING id
"""


def _slot() -> int:
    """This connection's slot. It is the same for all that one transaction counts, so that two that count in several
    books at once mostly meet nowhere.
    """
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        return int(connection.connection.info.backend_pid) % SLOTS
    return threading.get_ident() % SLOTS


def count(book_id: int, *, codes: int = 0, assigned: int = 0, used: int = 0) -> None:
    """Add to what the book counts; last of all locks of the book, and right before the end."""
    fetch(_COUNT, [book_id, _slot(), codes, assigned, used])


def count_for_member(book_id: int, member_id: int, *, assigned: int = 0, used: int = 0) -> None:
    """Add to what the member was given of the book and used. The place is locked."""
    fetch(_COUNT_FOR_MEMBER, [assigned, used, book_id, member_id])


def counting(book: CouponBook, member_id: int, *, codes: int = 0, assigned: int = 0, used: int = 0) -> list[Statement]:
    """What adds to both, as `count_units` and `count_for_member` do."""
    shares = [Statement(_COUNT, [book.pk, _slot(), 0 if book.is_linked else codes, assigned, used])]
    if book.is_linked:
        shares.insert(0, Statement(_COUNT, [book.source_book_id, _slot(), codes, assigned, used]))
    return [Statement(_COUNT_FOR_MEMBER, [assigned, used, book.pk, member_id]), *shares]


def count_units(book: CouponBook, *, codes: int = 0, assigned: int = 0, used: int = 0) -> None:
    """Add to what the book counts, and first to what the one counts that it is linked to, whose codes they are."""
    if book.source_book_id is not None:
        count(book.source_book_id, codes=codes, assigned=assigned, used=used)
        codes = 0
    count(book.pk, codes=codes, assigned=assigned, used=used)


def given_of(book_id: int) -> tuple[int, int]:
    """(codes, units given) of the book: exact where the book is locked wholly."""
    sums = BookTally.objects.filter(book=book_id).aggregate(codes=Sum("codes"), assigned=Sum("assigned"))
    return int(sums["codes"] or 0), int(sums["assigned"] or 0)
