"""Reads of the codes of a book."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet, Sum, prefetch_related_objects
from django.db.models.functions import Coalesce

from coupons.models import BookTally, Coupon, CouponBook, CouponUsage
from loyalty.kernel.errors import NotFound

# How many codes are in memory at once where all of them are read.
CHUNK = 5000


def code_key(code: str) -> str:
    """A code as it is compared: without case (semantics 3.10)."""
    return code.casefold()


def list_coupons(book: CouponBook) -> QuerySet[Coupon]:
    """The book's codes; of a linked book those that were given from it: what else there is, is its source's to know."""
    if not book.is_linked:
        return Coupon.objects.filter(book=book)
    given = CouponUsage.objects.filter(book=book, kind=CouponUsage.Kind.ASSIGN, reverted_at__isnull=True)
    return Coupon.objects.filter(pk__in=given.filter(coupon__isnull=False).values("coupon"))


_IN_ORDER = {
    False: "SELECT * FROM coupons_coupon WHERE book_id = %s ORDER BY book_id, id + 0 LIMIT %s OFFSET %s",
    True: "SELECT * FROM coupons_coupon WHERE book_id = %s ORDER BY book_id DESC, id + 0 DESC LIMIT %s OFFSET %s",
}
_AFTER = "SELECT * FROM coupons_coupon WHERE book_id = %s AND id + 0 > %s ORDER BY book_id, id + 0 LIMIT %s"


def page_of_coupons(book: CouponBook, start: int, stop: int, *, newest_first: bool = False) -> list[Coupon]:
    """The book's codes from `start` to `stop` by their numbers, through the index of the book's own."""
    if book.is_linked:
        return list(list_coupons(book).order_by("-pk" if newest_first else "pk")[start:stop])
    return list(Coupon.objects.raw(_IN_ORDER[newest_first], [book.pk, stop - start, start]))


def count_codes(book: CouponBook) -> int:
    """How many codes the book has, as its tallies know it: counting a million rows would take longer than a page. Of a
    linked book, how many were given from it.
    """
    if book.is_linked:
        return list_coupons(book).count()
    return int(BookTally.objects.filter(book=book).aggregate(total=Sum("codes"))["total"] or 0)


def get_coupon(book: CouponBook, coupon_id: int) -> Coupon:
    """One of the book's codes, by its number.

    :raises NotFound: where it has no such code.
    """
    coupon = list_coupons(book).filter(pk=coupon_id).select_related("member").first()
    if coupon is None:
        raise NotFound("There is no such coupon.")
    coupon.book = book
    return coupon


def as_read(book: CouponBook, coupons: list[Coupon]) -> list[Coupon]:
    """Some of the book's codes as whoever may read the book sees them, with their members at hand."""
    prefetch_related_objects(coupons, "member")
    for coupon in coupons:
        coupon.book = book
    return [with_book_counts(book, coupon) for coupon in coupons]


def with_book_counts(book: CouponBook, coupon: Coupon) -> Coupon:
    """The coupon as it is read: the shared code of a single book tells what the book counts."""
    if book.type == CouponBook.Type.SINGLE:
        sums = BookTally.objects.filter(book=book).aggregate(assigned=Sum("assigned"), used=Sum("used"))
        coupon.assigned, coupon.used = int(sums["assigned"] or 0), int(sums["used"] or 0)
    return coupon


def find_coupon(book: CouponBook, code: str) -> Coupon | None:
    """One of the book's codes, by its text, whatever its case."""
    return list_coupons(book).filter(code_key=code_key(code.strip())).first()


def export_codes(book: CouponBook, after: int = 0) -> Iterator[Coupon]:
    """Every code of the book (`after` the one of this number), oldest first, with whoever has it, in constant memory:
    some thousands at a time, so that no connection is kept busy while somebody downloads slowly.
    """
    last = after
    while True:
        rows = list(Coupon.objects.raw(_AFTER, [book.pk, last, CHUNK]).prefetch_related("member"))
        for row in rows:
            row.book = book
        yield from rows
        if len(rows) < CHUNK:
            return
        last = rows[-1].pk


# A person who looks at a book is told how many are free up to so many.
MOST_FREE = 10_000


def count_free(book: CouponBook) -> int:
    """How many codes of the book nobody has, counted up to MOST_FREE by the index over the free ones."""
    return Coupon.objects.filter(book=book.stock, assigned=0)[:MOST_FREE].count()


def coupons_with_code(organization_id: int, code: str, most: int, *, linked: bool = False) -> list[int]:
    """The numbers of the organization's codes of this text, whatever its case, the newest first: one look into the
    index for each of its books. With `linked` also those its linked books give.
    """
    mine = CouponBook.objects.filter(organization=organization_id)
    books: QuerySet[Any] = mine.values(stock_id=Coalesce("source_book", "pk")) if linked else mine.values("pk")
    found = Coupon.objects.filter(book__in=books, code_key=code_key(code.strip()))
    return sorted(found.values_list("pk", flat=True)[:most], reverse=True)
