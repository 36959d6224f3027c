"""Reads of coupon books and of their content in a language."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from django.db.models import BigIntegerField, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from coupons.models import BookContent, BookTally, Coupon, CouponBook
from loyalty.kernel.errors import NotFound
from loyalty.kernel.kept import KeptRead
from loyalty.kernel.selectors import holding


def list_books(organization_id: int) -> QuerySet[CouponBook]:
    """The organization's books, each with its organization and contents at hand, and what its tallies come to:
    `codes`, `assigned` and `used`.
    """
    books = CouponBook.objects.filter(organization_id=organization_id).select_related("organization")
    return with_stock(with_totals(books.prefetch_related("contents")))


def with_stock(books: QuerySet[CouponBook]) -> QuerySet[CouponBook]:
    """The same books, those that are linked each with its source at hand, which knows its organization, its sums and
    whether it has a code left; where none is linked, no query is made for it.
    """
    sources = with_codes_left(with_totals(CouponBook.objects.select_related("organization")))
    return books.prefetch_related(Prefetch("source_book", queryset=sources))


def with_totals(books: QuerySet[CouponBook]) -> QuerySet[CouponBook]:
    """The same books, each with what its tallies come to: `codes`, `assigned` and `used`."""
    tallies = BookTally.objects.filter(book=OuterRef("pk")).order_by().values("book")
    sums = {
        name: Coalesce(Subquery(tallies.annotate(total=Sum(name)).values("total")), 0)
        for name in ("codes", "assigned", "used")
    }
    return books.annotate(**sums)


def get_book(organization_id: int, book_id: int) -> CouponBook:
    """One of the organization's books.

    :raises NotFound: where it has no such book.
    """
    book = list_books(organization_id).filter(pk=book_id).first()
    if book is None:
        raise NotFound("There is no such coupon book.")
    return book


def get_book_to_use(organization_id: int, book_id: int) -> CouponBook:
    """One of the organization's books as whoever gives and uses its coupons needs it: with its program at hand, and
    without its sums and contents.

    :raises NotFound: where it has no such book.
    """
    book = _TO_USE.first(organization_id, book_id)
    if book is None:
        raise NotFound("There is no such coupon book.")
    return book


def _to_use(organization: int, pk: int) -> QuerySet[CouponBook]:
    books = CouponBook.objects.filter(organization_id=organization, pk=pk).select_related("organization", "program")
    if connection.vendor == "postgresql":
        # What tells whether the row is still the one that was read.
        version = RawSQL("coupons_couponbook.xmin::text::bigint", (), BigIntegerField())
        books = books.annotate(row_version=version)
    return books


_TO_USE = KeptRead(_to_use, int, int)


def with_words(books: QuerySet[CouponBook], text: str) -> QuerySet[CouponBook]:
    """Books with this in their name, description or external id, whatever its case (semantics 0.1)."""
    return books.filter(Q(name__icontains=text) | Q(description__icontains=text) | Q(external_id__icontains=text))


def with_tags(books: QuerySet[CouponBook], tags: Sequence[str]) -> QuerySet[CouponBook]:
    """Books with all of these tags (semantics 0.1)."""
    for tag in tags:
        books = holding(books, "tags", [tag])
    return books


def with_audiences(books: QuerySet[CouponBook], keys: Sequence[str]) -> QuerySet[CouponBook]:
    """Books for any of these audiences."""
    return holding(books, "audience_keys", keys) if keys else books


def with_codes_left(books: QuerySet[CouponBook]) -> QuerySet[CouponBook]:
    """The same books, each saying whether its list has a code that nobody has (`has_free_code`)."""
    free = Coupon.objects.filter(book=OuterRef("pk"), assigned=0)
    return books.annotate(has_free_code=Exists(free))


def is_schema_used(content_schema_id: int) -> bool:
    """Whether any book's content follows this content schema."""
    return CouponBook.objects.filter(content_schema=content_schema_id).exists()


def locale_chain(book: CouponBook, asked: str | None) -> list[str]:
    """In which languages a book's content is looked for (semantics 3.11): as asked, its language alone, the book's
    own, the organization's.
    """
    chain = [asked, asked.partition("-")[0]] if asked else []
    chain += [book.default_locale, book.organization.default_locale]
    return [locale for locale in chain if locale]


def find_content(book: CouponBook, asked: str | None) -> BookContent | None:
    """The book's content in the best language there is, the oldest where none fits; none where it has none. A
    language's case does not matter. The contents should be at hand.
    """
    rows = sorted(book.contents.all(), key=lambda row: row.pk)
    by_locale = {row.locale.lower(): row for row in rows}
    found = (by_locale.get(locale.lower()) for locale in locale_chain(book, asked))
    return next((row for row in found if row is not None), rows[0] if rows else None)
