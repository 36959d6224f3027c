"""Decides what a member gets of a book: whether, how many, and which codes (semantics 3.4 to 3.6). The book and the
member's place in it are locked.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from coupons import errors
from coupons.models import Coupon, CouponBook
from coupons.selectors.codes import code_key
from coupons.selectors.eligibility import Reason, applicant_of, audiences_of, reasons_against
from coupons.services.charging import account_of, price_of
from coupons.services.locking import Place
from coupons.services.tallies import given_of
from ledger.errors import NoDefaultAccount
from ledger.services import available_balances
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput, NotFound
from loyalty.kernel.prepared import bind_list, fetch
from loyalty.kernel.services.keys import ALPHABET
from members.models import Member

Type = CouponBook.Type
# Of a code made here: more than anybody can guess, and few enough to read out.
LENGTH = 12


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: `number` coupons of `amount` units each, these `codes` where they are named, all of it or
    (not `strict`) as many as there are.
    """

    number: int = 1
    amount: int = 1
    codes: Sequence[str] = ()
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """How many coupons the limits leave, and which limit it is that leaves fewer than wanted."""

    number: int
    reason: Reason | None = None


def check_wish(book: CouponBook, wish: Wish) -> None:
    """That the wish can be meant.

    :raises InvalidInput: codes of a book without codes, one code twice, or another number than there are codes.
    """
    if not wish.codes:
        return
    if book.type == Type.CODELESS:
        raise InvalidInput("The coupons of this book have no codes.", field="codes")
    if len({code_key(code.strip()) for code in wish.codes}) < len(wish.codes):
        raise InvalidInput("A code stands twice in the list.", field="codes")
    if wish.number != len(wish.codes):
        raise InvalidInput("The number of codes is another than that of the codes named.", field="numberOfCodes")


def room_for(book: CouponBook, place: Place, wish: Wish) -> Room:
    """What the limits leave, the codes of a list aside (semantics 3.4)."""
    found: list[tuple[int, Reason]] = [(wish.number, errors.OutOfStock)]
    if book.max_assigned_per_member is not None:
        found.append(((book.max_assigned_per_member - place.assigned) // wish.amount, errors.LimitPerMember))
    if book.has_codes and book.limit_per_coupon is not None and wish.amount > book.limit_per_coupon:
        found.append((0, errors.LimitPerCoupon))
    if book.type == Type.SINGLE:
        found.append((1, errors.OutOfStock))
    if book.limit_in_all is not None and not (wish.codes and book.type == Type.GENERATED):
        codes, assigned = given_of(book.stock.pk)
        left = book.limit_in_all - (codes if book.type == Type.GENERATED else assigned)
        found.append((left if book.type == Type.GENERATED else left // wish.amount, errors.OutOfStock))
    number, reason = min(found, key=lambda one: one[0])
    return Room(max(0, number), reason if number < wish.number else None)


def decide(
    book: CouponBook, member: Member, place: Place, wish: Wish, *, actor: Actor, at: datetime
) -> tuple[int, list[Reason]]:
    """How many coupons the member gets, codes of a list aside, and every reason why not, the first of them first."""
    audiences = audiences_of(book.organization_id, [book])
    zone = book.organization.timezone
    reasons = reasons_against(book, applicant_of(member), audiences, at=at, zone=zone)
    room = room_for(book, place, wish)
    if room.reason is not None and (wish.strict or room.number < 1):
        reasons.append(room.reason)
    if reasons:
        reasons += _further(book, member, wish, actor, at)
    return room.number, list(dict.fromkeys(reasons))


def _further(book: CouponBook, member: Member, wish: Wish, actor: Actor, at: datetime) -> list[Reason]:
    """What else would stand against it, asked only where something does."""
    found: list[Reason] = []
    if book.type == Type.LIST and not wish.codes:
        if not Coupon.objects.filter(book=book.stock, assigned=0).exists():
            found.append(errors.OutOfStock)
    elif book.type == Type.SINGLE and not Coupon.objects.filter(book=book.stock).exists():
        found.append(errors.OutOfStock)
    if lacks_points(book, member, wish.amount * (wish.number if wish.strict else 1), actor, at):
        found.append(errors.PointsMissing)
    return found


def lacks_points(book: CouponBook, member: Member, units: int, actor: Actor, at: datetime) -> bool:
    """Whether the member cannot pay for so many units."""
    price = price_of(book.assignment_required_points, units)
    if not price:
        return False
    try:
        account = account_of(book)
    except (NoDefaultAccount, NotFound):
        return True
    wallets = [member.wallet_id]
    words = {"organization_id": book.organization_id, "actor": actor, "at": at}
    found = available_balances(account_id=account.pk, wallet_ids=wallets, **words)  # type: ignore[arg-type]
    return found[member.wallet_id] < price


def refuse(reasons: Sequence[Reason]) -> None:
    """:raises NotEligible: the first of the reasons, telling all of them; nothing where there is none."""
    if reasons:
        raise reasons[0](exclusionReasons=[reason.code for reason in reasons])


# --- codes -----------------------------------------------------------------------------------------------------------
# In the order of the index over the free ones; what somebody else is about to take is passed over, not waited for.
_FREE = "SELECT id FROM coupons_coupon WHERE book_id = %s AND assigned = 0 ORDER BY book_id, id + 0 LIMIT %s"
_LOCK = " FOR NO KEY UPDATE SKIP LOCKED"
_COLUMNS = ("id", "book_id", "code", "code_key", "member_id", "assigned", "used")
_TAKE = {
    vendor: f"WITH free (number) AS ({_FREE}{lock}) UPDATE coupons_coupon SET assigned = %s, member_id = %s"
    f" {which} RETURNING {', '.join(_COLUMNS)}"
    for vendor, lock, which in (
        ("postgresql", _LOCK, "FROM free WHERE id = free.number"),
        ("sqlite", "", "WHERE id IN (SELECT number FROM free)"),
    )
}


def take_codes(book: CouponBook, member: Member, number: int, wish: Wish, at: datetime) -> list[Coupon | None]:
    """Up to `number` coupons for the member, counted as given; None stands for one without a code.

    :raises NotFound: a code that the book does not have.
    :raises OutOfStock, LimitPerCoupon: not enough of what was wished.
    """
    if book.type == Type.CODELESS:
        return [None] * number
    if wish.codes:
        return list(_take_named(book, member, number, wish))
    if book.type == Type.GENERATED:
        return list(_make_codes(book, member, number, wish.amount, at))
    if book.type == Type.SINGLE:
        shared = Coupon.objects.filter(book=book).first()
        if shared is None:
            refuse([errors.OutOfStock])
        return [shared]
    found = take_free(book, member, number, wish.amount)
    if not found or (wish.strict and len(found) < wish.number):
        refuse([errors.OutOfStock])
    return list(found)


def take_free(book: CouponBook, member: Member, number: int, amount: int) -> list[Coupon]:
    """Up to `number` codes that nobody has, the oldest first, counted as given to the member."""
    rows = fetch(_TAKE[connection.vendor], [book.pk, number, amount, member.pk])
    return [Coupon.from_db(connection.alias, _COLUMNS, row) for row in sorted(rows)]


def lock_codes(book: CouponBook, codes: Sequence[str]) -> list[Coupon]:
    """The book's codes of these names, in the order of the names, locked in that of their numbers.

    :raises NotFound: a code that the book does not have.
    """
    keys = [code_key(code.strip()) for code in codes]
    rows = Coupon.objects.filter(book=book, code_key__in=keys).order_by("pk")
    if book.type != Type.SINGLE:
        rows = rows.select_for_update(no_key=True)
    found = {row.code_key: row for row in rows}
    for key, code in zip(keys, codes, strict=True):
        if key not in found:
            raise NotFound(f"The coupon book has no code {code[:255]!r}.")
    return [found[key] for key in keys]


def _take_named(book: CouponBook, member: Member, number: int, wish: Wish) -> list[Coupon]:
    rows = lock_codes(book, wish.codes)
    if book.type == Type.SINGLE:
        return rows[:number]
    limit = book.limit_per_coupon
    fitting = [row for row in rows if limit is None or row.assigned + wish.amount <= limit]
    if not fitting or (wish.strict and len(fitting) < len(rows)):
        refuse([errors.LimitPerCoupon])
    _mark(fitting[:number], member, wish.amount)
    return fitting[:number]


_MARK = {
    vendor: "UPDATE coupons_coupon SET assigned = assigned + %s, member_id = COALESCE(member_id, %s) WHERE id IN"
    f" ({numbers}) RETURNING id"
    for vendor, numbers in (
        ("postgresql", "SELECT CAST(value AS bigint) FROM json_array_elements_text(%s) AS asked (value)"),
        ("sqlite", "SELECT CAST(value AS integer) FROM json_each(%s)"),
    )
}


def _mark(coupons: Sequence[Coupon], member: Member, amount: int) -> None:
    """Count the codes as given to the member."""
    numbers = bind_list([str(coupon.pk) for coupon in coupons])
    fetch(_MARK[connection.vendor], [amount, member.pk, numbers])


def _make_codes(book: CouponBook, member: Member, number: int, amount: int, at: datetime) -> list[Coupon]:
    """Codes that were not there before, given to the member."""
    made: dict[str, Coupon] = {}
    while len(made) < number:
        codes = {"".join(secrets.choice(ALPHABET) for _ in range(LENGTH)).upper() for _ in range(number - len(made))}
        taken = set(Coupon.objects.filter(book=book, code_key__in=map(code_key, codes)).values_list("code", flat=True))
        for code in codes - taken:
            made[code] = Coupon(
                book=book, code=code, code_key=code_key(code), member=member, assigned=amount, created_at=at
            )
    return Coupon.objects.bulk_create(made.values())
