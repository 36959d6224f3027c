"""Makes partnerships of two organizations, ends them and begins them again (semantics 4.1)."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from coupons.models import CouponBook
from coupons.services import set_links_open
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.models import Organization
from loyalty.kernel.services import apply_changes, record
from partners.errors import PartnershipExists
from partners.models import Partnership


@transaction.atomic
def create_partnership(
    *, organization: Organization, partner: Organization, actor: Actor, at: datetime, reason: str = ""
) -> Partnership:
    """Let the two organizations offer each other coupon books.

    :raises InvalidInput: an organization with itself.
    :raises PartnershipExists: they have a partnership already, whichever of them was named first.
    """
    if organization.pk == partner.pk:
        raise InvalidInput("A partnership is of two different organizations.", field="partner")
    try:
        with transaction.atomic():
            made = Partnership.objects.create(
                organization=organization, partner_organization=partner, created_at=at, updated_at=at
            )
    except IntegrityError as error:
        raise PartnershipExists from error
    # Of neither side alone: what belongs to one organization names people that the other does not know.
    record(
        actor=actor,
        at=at,
        action="partnership.created",
        target=made,
        organization_id=None,
        after={"organization": organization.name, "partner": partner.name},
        reason=reason,
    )
    return made


@transaction.atomic
def set_partnership_active(
    *, partnership: Partnership, active: bool, actor: Actor, at: datetime, reason: str = ""
) -> Partnership:
    """End a partnership, or begin it again. While it has ended nothing is offered or accepted in it, and nothing more
    is given from the books that were; what was given stays. The same again changes nothing.
    """
    locked = lock_partnership(partnership.pk)
    changed = apply_changes(
        locked,
        {"active": active},
        actor=actor,
        at=at,
        action="partnership.updated",
        organization_id=None,
        reason=reason,
    )
    if changed:
        accepted = locked.offerings.filter(status="accepted").values("accepted_book")
        set_links_open(books=list(CouponBook.objects.filter(pk__in=accepted)), is_open=active)
    return locked


def lock_partnership(partnership_id: int) -> Partnership:
    """The partnership as it is now: what is offered and decided in it happens one after the other."""
    rows = Partnership.objects.select_related("organization", "partner_organization")
    return rows.select_for_update(of=("self",), no_key=True).get(pk=partnership_id)
