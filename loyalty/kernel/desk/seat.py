"""Who sits at the console: one operator, looking into one organization at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import structlog
from django.http import HttpRequest

from loyalty.kernel.actors import Actor
from loyalty.kernel.models import Membership, Operator, Organization
from loyalty.kernel.roles import ANY, Access

_CHOSEN = "organization"
_NOBODY = Access()


@dataclass(slots=True)
class Seat:
    """An operator, the organization chosen, and what the operator may do in each organization they belong to.

    `places` of a system administrator is empty: they may do everything everywhere. Somebody who has not signed in sits
    nowhere.
    """

    operator: Operator
    organization: Organization | None
    places: dict[int, Access] = field(default_factory=dict)
    organizations: dict[int, Organization] = field(default_factory=dict)
    request_id: str = ""

    @property
    def is_system_admin(self) -> bool:
        """Whether no organization is closed to them."""
        return bool(getattr(self.operator, "is_system_admin", False))

    @property
    def organization_id(self) -> int | None:
        """The number of the organization chosen."""
        return None if self.organization is None else self.organization.pk

    @property
    def actor(self) -> Actor:
        """The operator, as services and books know them."""
        return Actor("operator", self.operator.pk, str(self.operator), self.request_id)

    def access(self, organization_id: int | None) -> Access:
        """What the operator may do there."""
        if self.is_system_admin:
            return Access(is_system_admin=True, belongs=True)
        return self.places.get(organization_id, _NOBODY) if organization_id is not None else _NOBODY

    def may(self, role: str, organization_id: int | None = None) -> bool:
        """Whether the operator has `role` in an organization (the chosen one, where none is named)."""
        return self.access(self.organization_id if organization_id is None else organization_id).allows(role)

    def open_to(self, role: str) -> list[int]:
        """The organizations where the operator has `role`; not asked of system administrators, who have it in all."""
        return [pk for pk, access in self.places.items() if access.allows(role)]


def seat_of(request: HttpRequest) -> Seat:
    """The seat of this request; one or two queries, once a request."""
    known: Seat | None = getattr(request, "seat", None)
    if known is None:
        known = request.seat = _take_seat(request)  # type: ignore[attr-defined]
    return known


def choose_organization(request: HttpRequest, organization_id: int) -> bool:
    """Look into this organization from now on; False where the operator does not belong to it."""
    seat = seat_of(request)
    if not seat.may(ANY, organization_id) or not Organization.objects.filter(pk=organization_id).exists():
        return False
    request.session[_CHOSEN] = organization_id
    del request.seat  # type: ignore[attr-defined]
    return True


def _take_seat(request: HttpRequest) -> Seat:
    operator: Any = request.user
    chosen = request.session.get(_CHOSEN)
    request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    if not operator.is_authenticated:
        return Seat(operator, None)
    if operator.is_system_admin:
        found = Organization.objects.filter(pk=chosen).first() if chosen else None
        return Seat(operator, found or Organization.objects.order_by("pk").first(), request_id=request_id)
    memberships = list(
        Membership.objects.filter(operator=operator).select_related("organization").order_by("organization__name")
    )
    places = {
        place.organization_id: Access(is_admin=place.is_admin, roles=frozenset(place.roles), belongs=True)
        for place in memberships
    }
    organizations = {place.organization_id: place.organization for place in memberships}
    organization = organizations.get(int(chosen or 0)) or next(iter(organizations.values()), None)
    return Seat(operator, organization, places, organizations, request_id)
