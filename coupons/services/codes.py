"""Adds codes to books and corrects them (semantics 3.10)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from coupons.errors import BookFull, BookIsLinked, BookTakesNoCodes, CouponInUse
from coupons.models import Coupon, CouponBook
from coupons.selectors import export_codes as every_code
from coupons.selectors.codes import code_key
from coupons.services.locking import lock_book_shared, lock_book_wholly
from coupons.services.tallies import count, given_of
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import Busy, DuplicateValue, InvalidInput
from loyalty.kernel.services import apply_changes, record

LONGEST_CODE = 255

_HEAD = "INSERT INTO coupons_coupon (book_id, code, code_key, member_id, assigned, used, created_at)"
_TAIL = " ON CONFLICT (book_id, code_key) DO NOTHING RETURNING code"
_ADD = {
    "postgresql": f"{_HEAD} SELECT %s, c.value ->> 0, c.value ->> 1, NULL, 0, 0, %s"
    f" FROM json_array_elements(%s) WITH ORDINALITY AS c (value, place) ORDER BY c.place{_TAIL}",
    "sqlite": f"{_HEAD} SELECT %s, json_extract(c.value, '$[0]'), json_extract(c.value, '$[1]'), NULL, 0, 0, %s"
    f" FROM json_each(%s) AS c WHERE true ORDER BY c.key{_TAIL}",
}


def check_code(code: str) -> str:
    """A code as it is kept: without space around it, 1 to 255 characters (semantics 3.10).

    :raises InvalidInput: where it is none.
    """
    kept = code.strip()
    if not 1 <= len(kept) <= LONGEST_CODE or "\x00" in kept or not kept.isprintable():
        raise InvalidInput(f"A code has 1 to {LONGEST_CODE} characters, all of them visible.", field="codes")
    return kept


def check_own_codes(book: CouponBook) -> None:
    """:raises BookIsLinked: where the codes are those of the book it is linked to (semantics 4.3)."""
    if book.is_linked:
        raise BookIsLinked


def lock_book_for_codes(book: CouponBook) -> CouponBook:
    """The book, locked as adding codes to it needs: wholly, where the number of its codes is limited.

    :raises BookIsLinked: its codes are those of another book.
    :raises BookTakesNoCodes: its codes are made when they are given, or it has none.
    :raises Busy: it was given a limit in this very moment: the same request again will see it.
    """
    check_own_codes(book)
    if book.type not in (CouponBook.Type.SINGLE, CouponBook.Type.LIST):
        raise BookTakesNoCodes
    if book.max_coupon_count is not None or book.type == CouponBook.Type.SINGLE:
        return lock_book_wholly(book.organization_id, book.pk)
    locked = lock_book_shared(book.organization_id, book.pk)
    if locked.max_coupon_count is not None:
        raise Busy
    return locked


@transaction.atomic
def add_codes(*, book: CouponBook, codes: Sequence[str], actor: Actor, at: datetime) -> list[str]:
    """Add codes to a book of type list, or its one code to a book of type single. Answers those that are new: what is
    there already, or twice in the list, whatever its case, is passed over (semantics 3.10).

    :raises BookTakesNoCodes: a book whose codes are made here, or that has none.
    :raises BookIsLinked: a book whose codes are those of another.
    :raises BookFull: more codes than the book may have; none is added.
    :raises InvalidInput: something that is no code.
    """
    locked = lock_book_for_codes(book)
    wanted: dict[str, str] = {}
    for kept in map(check_code, codes):
        wanted.setdefault(code_key(kept), kept)
    most = 1 if locked.type == CouponBook.Type.SINGLE else locked.max_coupon_count
    added = insert_codes(locked, list(wanted.values()), at)
    if most is not None and added and given_of(locked.pk)[0] + len(added) > most:
        raise BookFull(f"The coupon book may have {most} codes.")
    if added:
        record(
            actor=actor,
            at=at,
            action="couponbook.codes-added",
            target=locked,
            organization_id=locked.organization_id,
            after={"codes": len(added)},
        )
        count(locked.pk, codes=len(added))
    return added


def insert_codes(book: CouponBook, codes: Sequence[str], at: datetime) -> list[str]:
    """Write those of the codes that the book does not have, in one query however many, and answer them. Nothing is
    counted here.
    """
    if not codes:
        return []
    moment = connection.ops.adapt_datetimefield_value(at)
    pairs = json.dumps([[code, code_key(code)] for code in codes])
    with connection.cursor() as cursor:
        cursor.execute(_ADD[connection.vendor], [book.pk, moment, pairs])
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def update_code(*, coupon: Coupon, code: str, actor: Actor, at: datetime, reason: str = "") -> Coupon:
    """Write the code differently, as long as nobody used it (semantics 3.10).

    :raises BookIsLinked: it is read in a book that is linked to its own.
    :raises CouponInUse: it was used.
    :raises DuplicateValue: the book has another coupon with this code.
    :raises InvalidInput: something that is no code.
    """
    check_own_codes(coupon.book)
    kept = check_code(code)
    book = lock_book_wholly(coupon.book.organization_id, coupon.book_id)
    locked = Coupon.objects.select_for_update(no_key=True).get(pk=coupon.pk)
    locked.book = book
    if locked.usages.filter(kind="use", reverted_at__isnull=True).exists():
        raise CouponInUse
    try:
        with transaction.atomic():
            apply_changes(
                locked,
                {"code": kept, "code_key": code_key(kept)},
                actor=actor,
                at=at,
                action="coupon.updated",
                organization_id=book.organization_id,
                reason=reason,
            )
    except IntegrityError as error:
        raise DuplicateValue("The coupon book has this code already.", field="code") from error
    return locked


def export_codes(*, book: CouponBook, actor: Actor, at: datetime, reason: str = "") -> Iterator[Coupon]:
    """Every code of the book with how it stands, in constant memory; that it was asked for stands in the history.

    :raises BookIsLinked: where they are those of another book.
    """
    check_own_codes(book)
    record(
        actor=actor,
        at=at,
        action="couponbook.codes-exported",
        target=book,
        organization_id=book.organization_id,
        reason=reason,
    )
    return every_code(book)
