"""Reads of portals."""

from __future__ import annotations

from django.db.models import QuerySet

from loyalty.kernel.errors import NotFound
from members.models import Portal


def list_portals(organization_id: int) -> QuerySet[Portal]:
    """The organization's portals."""
    return Portal.objects.filter(organization_id=organization_id)


def get_open_portal(public_id: str) -> Portal:
    """The active portal with this public id, whosever it is.

    :raises NotFound: where there is none, or it is not active.
    """
    portal = Portal.objects.filter(public_id=public_id, active=True).first()
    if portal is None:
        raise NotFound("There is no such portal.")
    return portal
