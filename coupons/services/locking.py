"""Locks, in the one order everybody takes them: the book (of a linked one its source before it), the member, the
member's place in the book, its codes by number, and last the balances that the ledger locks (semantics 0.16).

A book whose limits are counted over all members is locked wholly, so that one after the other looks at what is left.
Any other book is only kept from changing, by as many as come at once. The embedded database has one writer at a time
and needs none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from coupons.models import BookMember, CouponBook, CouponUsage
from coupons.selectors import get_usage
from loyalty.kernel.errors import Busy, NotFound
from loyalty.kernel.kept import KeptRead
from loyalty.kernel.prepared import fetch
from members.errors import MemberGone


def _book(lock: str) -> KeptRead[CouponBook]:
    return KeptRead(
        lambda organization, pk: CouponBook.objects.filter(organization_id=organization, pk=pk), int, int, lock=lock
    )


_WHOLLY_LOCKED, _SHARED_LOCKED = "FOR NO KEY UPDATE", "FOR SHARE"
_WHOLLY, _SHARED = _book(_WHOLLY_LOCKED), _book(_SHARED_LOCKED)


def _locked(organization_id: int, book_id: int, read: KeptRead[CouponBook]) -> CouponBook:
    book = read.first(organization_id, book_id)
    if book is None:
        raise NotFound("There is no such coupon book.")
    return book


def lock_book_wholly(organization_id: int, book_id: int) -> CouponBook:
    """The book as it is now; everybody who gives or uses something of it, or changes it, waits.

    :raises NotFound: where the organization has no such book.
    """
    return _locked(organization_id, book_id, _WHOLLY)


def lock_book_shared(organization_id: int, book_id: int) -> CouponBook:
    """The book as it is now, which nobody changes until this is over; others may do the same.

    :raises NotFound: where the organization has no such book.
    """
    return _locked(organization_id, book_id, _SHARED)


def lock_book_to_give(book: CouponBook) -> CouponBook:
    """The book as it is now, locked as much as its limits need it; a linked one has only to be kept from changing, and
    the limits are those of its source, which comes with it.

    :raises Busy: where the book was given a limit in this very moment: the same request again will see it.
    """
    if book.source_book is not None:
        source = lock_book_to_give(book.source_book)
        linked = lock_book_shared(book.organization_id, book.pk)
        linked.source_book = source
        return linked
    if book.limit_in_all is not None:
        return lock_book_wholly(book.organization_id, book.pk)
    locked = lock_book_shared(book.organization_id, book.pk)
    if locked.limit_in_all is not None:
        raise Busy
    return locked


@dataclass(frozen=True, slots=True)
class Place:
    """What a member was given of a book, and used; the row is locked."""

    assigned: int
    used: int


# The member is kept from changing first, as it is by then; the update changes nothing, but locks the row that is there,
# and answers it.
_PLACE = """
INSERT INTO coupons_bookmember (book_id, member_id, assigned, used)
SELECT %s, id, 0, 0 FROM members_member WHERE id = %s AND merged_into_id IS NULL AND erased_at IS NULL{lock}
ON CONFLICT (member_id, book_id) DO UPDATE SET assigned = coupons_bookmember.assigned
RETURNING assigned, used
"""


def lock_place(book_id: int, member_id: int) -> Place:
    """The member's place in the book, locked: of two requests for one member the second sees what the first did.

    :raises MemberGone: the member was merged into another, or erased.
    """
    lock = " FOR SHARE" if connection.features.has_select_for_update else ""
    rows = fetch(_PLACE.format(lock=lock), [book_id, member_id])
    if not rows:
        raise MemberGone
    return Place(int(rows[0][0]), int(rows[0][1]))


# The book first, if it is still as it was read, then the member, then the place, as everybody locks them.
_ENTER = """
WITH book AS (
  SELECT id FROM coupons_couponbook WHERE id = %s AND xmin::text::bigint = %s {lock}
), placed AS (
  INSERT INTO coupons_bookmember (book_id, member_id, assigned, used)
  SELECT book.id, m.id, 0, 0 FROM book CROSS JOIN LATERAL (
    SELECT id FROM members_member
    WHERE id = %s AND book.id IS NOT NULL AND merged_into_id IS NULL AND erased_at IS NULL FOR SHARE
  ) AS m
  ON CONFLICT (member_id, book_id) DO UPDATE SET assigned = coupons_bookmember.assigned
  RETURNING assigned, used
)
SELECT assigned, used,
  EXISTS (SELECT 1 FROM coupons_couponusage WHERE unique_key = %s AND organization_id = %s AND kind = %s),
  ARRAY(SELECT nextval(pg_get_serial_sequence('coupons_couponusage', 'id')) FROM generate_series(1, %s))
FROM placed
"""


@dataclass(frozen=True, slots=True)
class Entrance:
    """What whoever gives something found when everything was locked: the member's place, whether a line with the key
    was there before, and numbers for new lines.
    """

    place: Place
    is_known: bool
    numbers: Sequence[int]


def enter(book: CouponBook, member_id: int, *, kind: str, key: str | None, number: int) -> Entrance | None:
    """Lock the book and the member's place in it, look for the key and number the lines, all in one round trip. None
    where the book is linked, was read without its version or changed since, or the member is gone: then everything is
    to be locked and looked at step by step. Whether the key is known was seen before anybody was waited for.
    """
    version = getattr(book, "row_version", None)
    if version is None or book.is_linked:
        return None
    lock = _SHARED_LOCKED if book.limit_in_all is None else _WHOLLY_LOCKED
    asked = [book.pk, version, member_id, key, book.organization_id, kind, number]
    rows = fetch(_ENTER.format(lock=lock), asked)
    if not rows:
        return None
    assigned, used, is_known, numbers = rows[0]
    return Entrance(Place(assigned, used), is_known, numbers)


def lock_line(usage: CouponUsage) -> CouponUsage:
    """The line of the journal as it is now, with its book kept from changing and its member's place locked, whoever
    that is and whether or not they are still there.

    :raises NotFound: where there is no such line.
    :raises Busy: where its member was merged in this very moment: the same request again will see it.
    """
    lock_book_shared(usage.organization_id, usage.book_id)
    places = BookMember.objects.select_for_update(no_key=True)
    list(places.filter(book=usage.book_id, member=usage.member_id).values_list("pk"))
    row = get_usage(usage.organization_id, usage.pk)
    if row.member_id != usage.member_id:
        raise Busy
    return row
