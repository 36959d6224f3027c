"""Uses coupons, one unit at a time (semantics 3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import F

from coupons.errors import BookNotPublished, BookNotValid, CodeNotOwned, CouponExpired, CouponUsedUp
from coupons.models import Coupon, CouponBook, CouponUsage
from coupons.services.assigning import choose, made_for, with_relations, write
from coupons.services.charging import charge, price_of
from coupons.services.choosing import Wish, lock_codes
from coupons.services.locking import Place, lock_book_to_give, lock_place
from coupons.services.once import Given, act_once, find_earlier, hash_of, new_usage_ids
from coupons.services.tallies import counting
from coupons.services.telling import tell
from loyalty.kernel.actors import Actor
from loyalty.kernel.clock import NEVER
from loyalty.kernel.errors import InvalidInput, NotFound
from loyalty.kernel.kept import insert_rows
from members.errors import MemberInactive
from members.models import Member

Kind, Status = CouponUsage.Kind, CouponUsage.Status


def use_coupon(
    *,
    book: CouponBook,
    member: Member,
    actor: Actor,
    at: datetime,
    code: str | None = None,
    assignment_id: int | None = None,
    hold_id: int | None = None,
    unique_key: str | None = None,
    custom_attributes: Mapping[str, Any] | None = None,
) -> Given:
    """Use one unit of the member's coupon with this `code`, else of the one of the book that expires first.

    Where the member has none to use, one is given and used in one step, and both prices are charged; the answer then
    holds both lines. With an `assignment_id` one unit of just that is used, and nothing is ever given. The same
    `unique_key` with the same content answers as the first time (semantics 0.12).

    :raises BookNotPublished, BookNotValid: nothing of the book can be used now.
    :raises MemberInactive: the member uses nothing.
    :raises CouponUsedUp, CouponExpired, CodeNotOwned: the code or assignment named is no longer, or not, the member's
        to use.
    :raises NotEligible: there is nothing to use, and nothing can be given (semantics 3.6).
    :raises NotFound: a code, assignment or hold that is not there.
    :raises InsufficientBalance, HoldNotUsable, AccountInactive: it cannot be paid.
    :raises IdempotencyConflict: the key was used with other content.
    :raises MemberGone: the member was merged into another, or erased.
    :raises Busy: the book was changed in this very moment.
    """
    if code is not None and book.type == CouponBook.Type.CODELESS:
        raise InvalidInput("The coupons of this book have no codes.", field="code")
    named = code.strip().casefold() if code is not None else None
    which = () if assignment_id is None else (assignment_id,)
    content_hash = hash_of("use", book.pk, member.pk, named, hold_id, custom_attributes or {}, *which)
    keys = [unique_key] if unique_key is not None else []

    def act() -> Given:
        locked = with_relations(lock_book_to_give(book), book)
        place = lock_place(locked.pk, member.pk)
        earlier = find_earlier(locked.organization_id, Kind.USE, keys, content_hash)
        if earlier is not None:
            return Given(_with_assignment(earlier[0]), replayed=True)
        own = _own_assignment(locked, member, assignment_id, at) if assignment_id is not None else None
        _check_usable(locked, member, at)
        coupon = lock_codes(locked.stock, [code])[0] if code is not None else None
        wish = Wish(codes=(code,) if code is not None else ())
        if own is None:
            assignment, is_new, number = _assignment_to_use(locked, member, place, coupon, wish, actor=actor, at=at)
        else:
            assignment, is_new, number = own, False, new_usage_ids(1)[0]
        use = _use_of(assignment, number, at, is_new, custom_attributes)
        if unique_key is not None:
            use.unique_key, use.content_hash = unique_key, content_hash
        _take_unit(locked, assignment, is_new=is_new)
        paid: dict[str, Any] = {"use": use, "hold_id": hold_id, "actor": actor, "at": at}
        if is_new:
            write(locked, member, [assignment], new_codes=made_for(locked, wish, [assignment]), **paid)
        else:
            _write_use(locked, member, **paid)
        return Given(_with_assignment(use))

    return act_once(act)


def _with_assignment(use: CouponUsage) -> list[CouponUsage]:
    """The use, after the assignment it made, where it made one."""
    return [use.assignment, use] if use.made_assignment and use.assignment is not None else [use]


def _check_usable(book: CouponBook, member: Member, at: datetime) -> None:
    """What is asked again when a coupon is used: what it was given for is not (semantics 3.6)."""
    if book.status not in CouponBook.HONORED:
        raise BookNotPublished(exclusionReasons=[BookNotPublished.code])
    if not book.is_valid_at(at):
        raise BookNotValid(exclusionReasons=[BookNotValid.code])
    if not member.active:
        raise MemberInactive


def _own_assignment(book: CouponBook, member: Member, assignment_id: int, at: datetime) -> CouponUsage:
    """The member's assignment of this number, of which something is left; the place is locked.

    :raises NotFound: it is not the member's, or was taken back.
    :raises CouponUsedUp, CouponExpired: nothing of it can be used any more.
    """
    rows = CouponUsage.objects.filter(pk=assignment_id, member=member, book=book, kind=Kind.ASSIGN)
    found = rows.exclude(status=Status.REVERTED).select_related("coupon").first()
    if found is None:
        raise NotFound("There is no such coupon.")
    found.book = book
    if found.status == Status.USED:
        raise CouponUsedUp
    if found.ends_at <= at:
        raise CouponExpired
    return found


def _find_open(book: CouponBook, member: Member, coupon: Coupon | None, at: datetime) -> CouponUsage | None:
    """The member's assignment that expires first of those with something left; the place is locked, so nobody else
    changes it.
    """
    rows = CouponUsage.objects.filter(
        member=member, book=book, kind=Kind.ASSIGN, status=Status.ASSIGNED, expires_at__gt=at
    )
    if coupon is not None:
        rows = rows.filter(coupon=coupon)
    found = rows.select_related("coupon").order_by("expires_at", "pk").first()
    if found is not None:
        found.book = book
    return found


def _assignment_to_use(
    book: CouponBook, member: Member, place: Place, coupon: Coupon | None, wish: Wish, *, actor: Actor, at: datetime
) -> tuple[CouponUsage, bool, int]:
    """The member's assignment of which a unit is used, or one that is given for it and not written yet; whether it is
    that; and the number of the use.

    :raises NotEligible: there is none, and none can be given.
    """
    found = _find_open(book, member, coupon, at)
    if found is not None:
        return found, False, new_usage_ids(1)[0]
    if coupon is not None:
        _check_own(book, member, coupon, at)
    mine, number = new_usage_ids(2)
    (given,) = choose(book, member, place, wish, actor=actor, at=at, ids=[mine])
    return given, True, number


def _check_own(book: CouponBook, member: Member, coupon: Coupon, at: datetime) -> None:
    """That a code which nobody can be given any more is at least not another's."""
    limit = book.limit_per_coupon
    if book.type == CouponBook.Type.SINGLE or limit is None or coupon.assigned < limit or coupon.assigned == 0:
        return
    own = CouponUsage.objects.filter(
        coupon=coupon, member=member, kind=Kind.ASSIGN, status__in=(Status.ASSIGNED, Status.USED)
    )
    last = own.order_by("-pk").first()
    if last is None:
        raise CodeNotOwned
    raise CouponUsedUp if last.status == Status.USED else CouponExpired


def _use_of(
    assignment: CouponUsage, pk: int, at: datetime, made: bool, custom_attributes: Mapping[str, Any] | None
) -> CouponUsage:
    return CouponUsage(
        pk=pk,
        organization_id=assignment.organization_id,
        book=assignment.book,
        coupon=assignment.coupon,
        member_id=assignment.member_id,
        kind=Kind.USE,
        assignment=assignment,
        amount=1,
        expires_at=NEVER,
        status=Status.USED,
        made_assignment=made,
        custom_attributes=dict(custom_attributes or {}),
        created_at=at,
    )


def _take_unit(book: CouponBook, assignment: CouponUsage, *, is_new: bool) -> None:
    """Count one unit of the assignment, and of its code, as used; an assignment not written yet only in memory."""
    assignment.amount_used += 1
    assignment.status = Status.USED if assignment.amount_used == assignment.amount else Status.ASSIGNED
    if not is_new:
        assignment.save(update_fields=["amount_used", "status"])
    if book.has_codes and assignment.coupon_id is not None:
        Coupon.objects.filter(pk=assignment.coupon_id).update(used=F("used") + 1)


def _write_use(
    book: CouponBook, member: Member, use: CouponUsage, *, hold_id: int | None, actor: Actor, at: datetime
) -> None:
    prices = {use.pk: price_of(book.usage_required_points)}
    paid = charge(book=book, member=member, prices=prices, hold_id=hold_id, actor=actor, at=at)
    use.transaction_id = paid.get(use.pk)
    insert_rows([use])
    # Of all locks the last, since everybody counts.
    tell((), use, at=at, along=counting(book, member.pk, used=1))
