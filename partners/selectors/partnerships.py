"""Reads of partnerships and of what is offered in them. Both sides read the same rows; whoever is neither, none."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from loyalty.kernel.errors import NotFound
from partners.models import CouponBookOffering, Partnership


def on_either_side(*organization_ids: int) -> Q:
    """Rows of two organizations of which one is one of these."""
    return Q(organization__in=organization_ids) | Q(partner_organization__in=organization_ids)


def list_partnerships(organization_id: int) -> QuerySet[Partnership]:
    """The organization's partnerships, each with both organizations at hand."""
    rows = Partnership.objects.filter(on_either_side(organization_id))
    return rows.select_related("organization", "partner_organization")


def get_partnership(organization_id: int, partnership_id: int) -> Partnership:
    """One of the organization's partnerships.

    :raises NotFound: where it has no such partnership.
    """
    found = list_partnerships(organization_id).filter(pk=partnership_id).first()
    if found is None:
        raise NotFound("There is no such partnership.")
    return found


def list_offerings(organization_id: int) -> QuerySet[CouponBookOffering]:
    """What the organization offered and what it was offered (semantics 4.4), each with both organizations and both
    books at hand.
    """
    return with_both_sides(CouponBookOffering.objects.filter(on_either_side(organization_id)))


def with_both_sides(offerings: QuerySet[CouponBookOffering]) -> QuerySet[CouponBookOffering]:
    """The same, each with both organizations and both books at hand."""
    return offerings.select_related("organization", "partner_organization", "offered_book", "accepted_book")


def get_received_offering(organization_id: int, offering_id: int) -> CouponBookOffering:
    """One of the offerings that the organization was made and so decides (semantics 4.3).

    :raises NotFound: where it was made no such offering.
    """
    offerings = list_offerings(organization_id).filter(partner_organization=organization_id)
    found = offerings.filter(pk=offering_id).first()
    if found is None:
        raise NotFound("There is no such offering for your organization to decide.")
    return found
