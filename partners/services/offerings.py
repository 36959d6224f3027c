"""Offers coupon books to partners, and decides what is offered (semantics 4.2, 4.3)."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from coupons.models import CouponBook
from coupons.selectors import get_book_to_use
from coupons.services import link_book
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.services import apply_changes, record
from members.selectors import default_program
from partners.errors import AlreadyDecided, AlreadyOffered, BookNotOfferable, NoProgramYet, PartnershipInactive
from partners.models import CouponBookOffering, Partnership
from partners.selectors import get_partnership, with_both_sides
from partners.services.partnerships import lock_partnership

Status = CouponBookOffering.Status


@transaction.atomic
def offer_book(
    *,
    organization_id: int,
    partnership_id: int,
    book_id: int,
    actor: Actor,
    at: datetime,
    status: str = Status.PENDING,
    reason: str = "",
) -> CouponBookOffering:
    """Offer a published book of the organization's own to the other side of a partnership (semantics 4.2). An offering
    begins pending, whatever else a `status` may be.

    :raises NotFound: no such partnership or book of the organization's.
    :raises InvalidInput: another status.
    :raises PartnershipInactive: the partnership has ended.
    :raises BookNotOfferable: the book is not published, or one that a partner offered.
    :raises AlreadyOffered: the book waits for this partner's decision, or was accepted and is not archived since.
    """
    if status != Status.PENDING:
        raise InvalidInput("An offering begins pending.", field="status")
    partnership = lock_partnership(get_partnership(organization_id, partnership_id).pk)
    book = get_book_to_use(organization_id, book_id)
    if not partnership.active:
        raise PartnershipInactive
    if book.is_linked:
        raise BookNotOfferable("Whose book this is linked to offers it: you can offer your own.")
    if book.status != CouponBook.Status.PUBLISHED:
        raise BookNotOfferable("Publish the coupon book first.")
    if _in_force(partnership, book):
        raise AlreadyOffered
    try:
        with transaction.atomic():
            made = CouponBookOffering.objects.create(
                partnership=partnership,
                organization_id=organization_id,
                partner_organization_id=partnership.other_side(organization_id),
                offered_book=book,
                created_at=at,
                updated_at=at,
            )
    except IntegrityError as error:
        raise AlreadyOffered from error
    record(
        actor=actor,
        at=at,
        action="couponbookoffering.created",
        target=made,
        organization_id=organization_id,
        after={"book": book.name},
        reason=reason,
    )
    return with_both_sides(CouponBookOffering.objects.all()).get(pk=made.pk)


def _in_force(partnership: Partnership, book: CouponBook) -> bool:
    """Whether the book waits for a decision, or the partner has one that is linked to it and not archived."""
    living = Q(status=Status.PENDING) | Q(status=Status.ACCEPTED) & ~Q(accepted_book__status="archived")
    return partnership.offerings.filter(living, offered_book=book).exists()


@transaction.atomic
def decide_offering(
    *, offering: CouponBookOffering, approved: bool, actor: Actor, at: datetime, reason: str = ""
) -> CouponBookOffering:
    """Accept what was offered, which makes a draft of the partner's that is linked to it, or reject it (semantics 4.3).
    The same decision again changes nothing; two at once make one book.

    :raises AlreadyDecided: it was decided the other way.
    :raises PartnershipInactive: nothing is accepted in a partnership that has ended.
    :raises BookNotOfferable: the offered book is archived since.
    :raises NoProgramYet: the partner has no default program.
    """
    partnership = lock_partnership(offering.partnership_id)
    locked = with_both_sides(CouponBookOffering.objects.all()).get(pk=offering.pk)
    wanted = Status.ACCEPTED if approved else Status.REJECTED
    if locked.status == wanted:
        return locked
    if locked.status != Status.PENDING:
        raise AlreadyDecided
    changes: dict[str, object] = {"status": wanted}
    if approved:
        changes["accepted_book"] = _accept(locked, partnership, actor, at)
    apply_changes(
        locked,
        changes,
        actor=actor,
        at=at,
        action=f"couponbookoffering.{wanted}",
        organization_id=locked.partner_organization_id,
        reason=reason,
    )
    return locked


def _accept(offering: CouponBookOffering, partnership: Partnership, actor: Actor, at: datetime) -> CouponBook:
    if not partnership.active:
        raise PartnershipInactive
    if offering.offered_book.status == CouponBook.Status.ARCHIVED:
        raise BookNotOfferable("The offered coupon book was archived.")
    program = default_program(offering.partner_organization_id)
    if program is None:
        raise NoProgramYet
    return link_book(source=offering.offered_book, program=program, actor=actor, at=at)
