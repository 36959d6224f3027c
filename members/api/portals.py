"""Portals of the core API (tag Portals, semantics 13.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.kernel.api.fields import CamelSerializer, Flag, Id, JsonObject, Moment, Text, WholeNumber
from loyalty.kernel.api.filters import TextFilter
from loyalty.kernel.api.resources import CoreViewSet, ResourceViewSet
from loyalty.kernel.roles import ADMIN
from members import services
from members.models import Portal
from members.selectors import get_open_portal, list_portals


class PortalInput(CamelSerializer):
    """What can be said of a portal. The dates are the house's own: what is sent for them is read and left."""

    name = Text(max_length=255)
    customAttributes = JsonObject(required=False)
    links = JsonObject(required=False)
    theme = JsonObject(required=False)
    forms = JsonObject(required=False)
    metadata = JsonObject(required=False)
    active = Flag()
    loyaltyProgramId = Id(required=False, allow_null=True, source="program_id")
    authRedirectUrl = Text(required=False, allow_null=True, allow_blank=True, max_length=2000)
    authValidScopes = serializers.ListField(child=Text(max_length=100), required=False, max_length=100)
    createdAt = Moment(required=False, allow_null=True)
    updatedAt = Moment(required=False, allow_null=True)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The fields given, without the dates."""
        fields: dict[str, Any] = super().to_internal_value(data)
        return {name: value for name, value in fields.items() if name not in ("created_at", "updated_at")}


class PortalUpdate(PortalInput):
    """A changed portal, with its public id as it is or shall be."""

    publicId = Text(max_length=22)


class PublicPortalAnswer(CamelSerializer):
    """A portal as its pages read it."""

    portalId = WholeNumber(source="pk")
    publicId = serializers.CharField()
    organizationId = WholeNumber()
    name = serializers.CharField()
    customAttributes = JsonObject()
    links = JsonObject()
    theme = JsonObject()
    forms = JsonObject()
    active = serializers.BooleanField()
    loyaltyProgramId = WholeNumber(source="program_id", allow_null=True)
    authRedirectUrl = serializers.SerializerMethodField()
    authValidScopes = serializers.ListField(child=serializers.CharField())
    createdAt = Moment()
    updatedAt = Moment()

    def get_authRedirectUrl(self, portal: Portal) -> str | None:
        """Null where there is none."""
        return portal.auth_redirect_url or None


class PortalAnswer(PublicPortalAnswer):
    """A portal as its organization reads it."""

    metadata = JsonObject()


class PortalFilters(django_filters.FilterSet):
    """What a list of portals is narrowed by."""

    publicId = TextFilter(field_name="public_id")


class PortalViewSet(ResourceViewSet):
    """The organization's portals."""

    tag = "Portals"
    operations = {
        "list": "listPortals",
        "retrieve": "getPortal",
        "create": "createPortal",
        "update": "updatePortal",
    }
    writes = ADMIN
    wrapper = "portal"
    queryset = Portal.objects.none()
    lookup_url_kwarg = "portalId"
    lookup_field = "pk"
    serializer_class = PortalAnswer
    inputs = {"create": PortalInput, "update": PortalUpdate}
    filterset_class = PortalFilters
    order_columns = {"portalId": "pk", "name": "name", "createdAt": "created_at"}

    def get_queryset(self) -> QuerySet[Portal]:
        """The organization's portals."""
        return list_portals(self.organization_id)

    def perform_create(self, fields: Mapping[str, Any]) -> Portal:  # type: ignore[override]
        """A new portal; its public id is made here."""
        return services.create_portal(organization_id=self.organization_id, actor=self.actor, at=self.at, **fields)

    def perform_update(self, row: Portal, fields: Mapping[str, Any]) -> Portal:  # type: ignore[override]
        """The changed portal."""
        return services.update_portal(portal=row, changes=fields, actor=self.actor, at=self.at)


class PublicPortalViewSet(CoreViewSet):
    """One portal, by the public id that its pages know. The address names no organization; the row does."""

    tag = "Portals"
    operations = {"retrieve": "getPortalByPublicId"}
    wrapper = "portal"
    serializer_class = PublicPortalAnswer

    def organization_of_path(self) -> int:
        """The organization the portal belongs to."""
        self.portal = get_open_portal(self.kwargs["publicId"])
        return self.portal.organization_id

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The portal, without its metadata; one that is not active does not exist."""
        return self.answer(self.portal)
