"""Gives coupons to members (semantics 3.5, 3.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coupons.errors import PointsMissing
from coupons.models import Coupon, CouponBook, CouponUsage
from coupons.services.charging import charge, price_of
from coupons.services.choosing import Wish, check_wish, decide, refuse, take_codes
from coupons.services.locking import Place, enter, lock_book_to_give, lock_place
from coupons.services.marking import mark_given
from coupons.services.once import Given, act_once, check_keys, find_earlier, hash_of, new_usage_ids
from coupons.services.tallies import counting
from coupons.services.telling import tell
from ledger.errors import InsufficientBalance
from loyalty.kernel.actors import Actor
from loyalty.kernel.clock import NEVER
from loyalty.kernel.errors import DomainError, InvalidInput
from loyalty.kernel.kept import insert_rows, inserted, insertion
from members.models import Member

Kind, Status = CouponUsage.Kind, CouponUsage.Status


def assign_coupons(
    *,
    book: CouponBook,
    member: Member,
    actor: Actor,
    at: datetime,
    number: int = 1,
    amount: int = 1,
    codes: Sequence[str] = (),
    strict: bool = False,
    expires_at: datetime | None = None,
    hold_id: int | None = None,
    unique_keys: Sequence[str] = (),
    custom_attributes: Mapping[str, Any] | None = None,
    reason: str = "",
) -> Given:
    """Give the member `number` coupons of `amount` units each: the `codes` named, else free or new ones, oldest first.

    Where not `strict`, as many as possible, at least one. What they cost is burned, or paid by the hold. The same
    `unique_keys`, one for each coupon, with the same content answer as the first time (semantics 0.12). With a
    `reason` it stands in the history.

    :raises NotEligible: its first reason, and all of them in the details (semantics 3.6).
    :raises InvalidInput: a time that is over, codes or keys that cannot be meant.
    :raises NotFound: a code or hold that is not there.
    :raises HoldNotUsable: the hold cannot pay.
    :raises WalletInactive, AccountInactive: the points cannot be taken.
    :raises IdempotencyConflict: a key was used with other content.
    :raises MemberGone: the member was merged into another, or erased.
    :raises Busy: the book was changed in this very moment.
    """
    wish = Wish(number, amount, tuple(codes), strict)
    check_wish(book, wish)
    check_keys(unique_keys, number)
    asked = (book.pk, member.pk, wish, expires_at, hold_id, tuple(unique_keys), custom_attributes or {})
    content_hash = hash_of("assign", *asked)

    def act(*, entering: bool) -> Given:
        stand = _stand(book, member, unique_keys, number, entering=entering)
        earlier = (
            find_earlier(book.organization_id, Kind.ASSIGN, unique_keys, content_hash) if stand.may_repeat else None
        )
        if earlier is not None:
            return Given(earlier, replayed=True)
        if expires_at is not None and expires_at <= at:
            raise InvalidInput("The coupons would be expired already.", field="expiredAt")
        usages = choose(stand.book, member, stand.place, wish, actor=actor, at=at, ids=stand.ids)
        for usage, key in zip(usages, unique_keys, strict=False):
            usage.unique_key, usage.content_hash = key, content_hash
        for usage in usages:
            usage.expires_at = min(expires_at or NEVER, usage.expires_at)
            usage.custom_attributes = dict(custom_attributes or {})
        new_codes = made_for(stand.book, wish, usages)
        write(stand.book, member, usages, new_codes=new_codes, hold_id=hold_id, actor=actor, at=at)
        if reason:
            mark_given(usages, member=member, reason=reason, actor=actor, at=at)
        return Given(usages)

    try:
        return act_once(lambda: act(entering=True))
    except DomainError:
        if not unique_keys:
            raise
    # Somebody with the same key may have been waited for, and have taken what was refused.
    return act_once(lambda: act(entering=False))


@dataclass(frozen=True, slots=True)
class _Stand:
    """Where whoever gives stands when everything is locked: the book, the member's place in it, numbers for the lines
    where they are made already, and whether a line with the key may be there.
    """

    book: CouponBook
    place: Place
    ids: Sequence[int] | None
    may_repeat: bool


def _stand(book: CouponBook, member: Member, keys: Sequence[str], number: int, *, entering: bool) -> _Stand:
    """Lock what giving needs: at once where `entering` is wished and can be, else step by step."""
    if entering:
        entrance = enter(book, member.pk, kind=Kind.ASSIGN, key=keys[0] if keys else None, number=number)
        if entrance is not None:
            return _Stand(book, entrance.place, entrance.numbers, entrance.is_known or number > 1)
    locked = with_relations(lock_book_to_give(book), book)
    return _Stand(locked, lock_place(locked.pk, member.pk), None, may_repeat=True)


def with_relations(locked: CouponBook, book: CouponBook) -> CouponBook:
    """The locked book with what was read with it before: organizations keep their number, programs mostly."""
    locked.organization = book.organization
    if locked.program_id == book.program_id:
        locked.program = book.program
    return locked


def choose(
    book: CouponBook,
    member: Member,
    place: Place,
    wish: Wish,
    *,
    actor: Actor,
    at: datetime,
    ids: Sequence[int | None] | None = None,
) -> list[CouponUsage]:
    """The assignments the member gets, each with its code taken, numbered (by `ids`, where they are made already), not
    written yet.

    :raises NotEligible: its first reason, and all of them in the details.
    """
    allowed, reasons = decide(book, member, place, wish, actor=actor, at=at)
    refuse(reasons)
    coupons = take_codes(book.stock, member, allowed, wish, at)
    if ids is None:
        # What is paid for a line names it; where nothing is, the database numbers it.
        ids = new_usage_ids(len(coupons)) if book.assignment_required_points else [None] * len(coupons)
    return [_assignment(pk, book, member, coupon, wish.amount, at) for pk, coupon in zip(ids, coupons, strict=False)]


def made_for(book: CouponBook, wish: Wish, assignments: Sequence[CouponUsage]) -> int:
    """How many codes were made for the assignments."""
    return len(assignments) if book.type == CouponBook.Type.GENERATED and not wish.codes else 0


def _assignment(
    pk: int | None, book: CouponBook, member: Member, coupon: Coupon | None, amount: int, at: datetime
) -> CouponUsage:
    return CouponUsage(
        pk=pk,
        organization_id=book.organization_id,
        book=book,
        coupon=coupon,
        member=member,
        kind=Kind.ASSIGN,
        amount=amount,
        expires_at=book.stock_ends_at,
        status=Status.ASSIGNED,
        created_at=at,
    )


def write(
    book: CouponBook,
    member: Member,
    assignments: Sequence[CouponUsage],
    *,
    hold_id: int | None,
    actor: Actor,
    at: datetime,
    new_codes: int = 0,
    use: CouponUsage | None = None,
) -> None:
    """Charge for the assignments, and for a `use` of the only one of them, write them down, count them and announce
    them.
    """
    prices = {usage.pk: price_of(book.assignment_required_points, usage.amount) for usage in assignments}
    if use is not None:
        prices[use.pk] = price_of(book.usage_required_points)
    try:
        paid = charge(book=book, member=member, prices=prices, hold_id=hold_id, actor=actor, at=at)
    except InsufficientBalance as error:
        raise PointsMissing(exclusionReasons=[PointsMissing.code]) from error
    lines = [*assignments, *([use] if use is not None else [])]
    for line in lines:
        line.transaction_id = paid.get(line.pk)
    given, used = sum(usage.amount for usage in assignments), 0 if use is None else 1
    # Of all locks the last, since everybody counts.
    counts = counting(book, member.pk, codes=new_codes, assigned=given, used=used)
    if len(lines) == 1 and lines[0].pk is not None:
        counts.insert(0, insertion(lines[0]))
        inserted(lines[0], lines[0].pk)
    else:
        insert_rows(lines)
    tell(assignments, use, at=at, along=counts)
