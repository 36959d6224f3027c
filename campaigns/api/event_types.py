"""The types of events in the core API (tag Loyalty Events, semantics 7.5)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import selectors, services
from campaigns.api.rows import UNDOCUMENTED, RowsViewSet
from campaigns.models import LoyaltyEventType
from loyalty.kernel.api.fields import CamelSerializer, Flag, JsonObject, Moment, Text, WholeNumber, texts
from loyalty.kernel.errors import NotFound


class EventTypeInput(CamelSerializer):
    """A type of event. A custom one has the JSON Schema of its payloads as `customAttributes.schema`."""

    name = Text(max_length=255)
    apiCode = Text(max_length=100, source="code")
    customAttributes = JsonObject(required=False, allow_null=True)
    description = texts(max_length=10_000)
    active = Flag(required=False)
    schemaType = serializers.ChoiceField(choices=LoyaltyEventType.SchemaType.values)


class EventTypeAnswer(CamelSerializer):
    """A type of event as it is read."""

    loyaltyEventTypeId = WholeNumber(source="pk", allow_null=True)
    apiCode = serializers.CharField(source="code")
    name = serializers.CharField()
    description = serializers.SerializerMethodField()
    schemaType = serializers.ChoiceField(choices=LoyaltyEventType.SchemaType.values)
    customAttributes = JsonObject()
    active = serializers.BooleanField()
    builtin = serializers.BooleanField()
    createdAt = Moment(allow_null=True)
    updatedAt = Moment(allow_null=True)

    @extend_schema_field({"type": "string", "nullable": True})
    def get_description(self, kind: selectors.KnownType) -> str | None:
        """What was said of it."""
        return kind.description or None


class EventTypeViewSet(RowsViewSet):
    """The built-in types of events, and the organization's own."""

    tag = "Loyalty Events"
    operations = {
        "list": "listLoyaltyEventTypes",
        "create": "createLoyaltyEventType",
        "put": "upsertLoyaltyEventType",
        "retrieve": "getLoyaltyEventTypeByApiCode",
    }
    reads, writes = "campaigns:read", "campaigns:write"
    wrapper, noun = "eventType", "event type"
    serializer_class = EventTypeAnswer
    inputs = {"create": EventTypeInput, "put": EventTypeInput}
    order_columns = {"apiCode": "code", "name": "name", "loyaltyEventTypeId": "pk", "createdAt": "created_at"}

    def get_rows(self) -> list[selectors.KnownType]:
        """Every type."""
        return selectors.list_event_types(self.organization_id)

    @extend_schema(parameters=UNDOCUMENTED)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One page of the types; the built-in ones come first."""
        return super().list(request, *args, **kwargs)

    def get_object(self) -> selectors.KnownType:
        """The type of the path."""
        found = selectors.find_event_type(self.organization_id, self.kwargs["apiCode"])
        if found is None:
            raise NotFound("There is no such event type.")
        return found

    def perform_create(self, fields: Any) -> selectors.KnownType:
        """A new type."""
        return services.create_event_type(organization_id=self.organization_id, actor=self.actor, at=self.at, **fields)

    def put(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A new type, or the one of this code, changed: absent fields stay, null clears."""
        fields = self.read_input()
        made = services.put_event_type(organization_id=self.organization_id, actor=self.actor, at=self.at, **fields)
        return self.answer(made)
