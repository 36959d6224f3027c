"""The organization of the core API (tag Organizations). It stands here because an organization is read with its default
program, which the ground floor does not know.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.kernel.api.resources import CoreViewSet
from loyalty.kernel.models import Organization
from loyalty.kernel.roles import ADMIN
from loyalty.kernel.selectors import get_organization
from members.api import serializers as shapes
from members.selectors import default_program
from members.services import set_organization


class OrganizationViewSet(CoreViewSet):
    """The caller's organization."""

    tag = "Organizations"
    operations = {"retrieve": "getOrganization", "update": "updateOrganization"}
    writes = ADMIN
    wrapper = "organization"
    serializer_class = shapes.OrganizationAnswer
    inputs = {"update": shapes.OrganizationUpdate}

    def _answer(self, organization: Organization) -> Response:
        program = default_program(organization.pk)
        organization.default_loyalty_program_id = program.pk if program is not None else None  # type: ignore[attr-defined]
        return self.answer(organization)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The organization, by its number or its key."""
        return self._answer(get_organization(self.organization_id))

    @extend_schema(parameters=[OpenApiParameter("organizationId", {"type": "number"}, OpenApiParameter.PATH)])
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The changed organization; `customAttributes.timezone` sets its time zone."""
        organization = set_organization(
            organization=get_organization(self.organization_id),
            changes=self.read_input(),
            actor=self.actor,
            at=self.at,
        )
        return self._answer(organization)
