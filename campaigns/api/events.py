"""Takes events in over the core API (tag Loyalty Events, semantics 7.1)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import services
from loyalty.kernel.api.fields import CamelSerializer, Id, JsonObject, Moment, Tags, Text, texts
from loyalty.kernel.api.resources import CoreViewSet


@extend_schema_field({"type": "array", "items": {"type": "object", "additionalProperties": True}})
class Effects(serializers.ListField):
    """What came of an event: a line for each effect, and for each campaign and action that gave nothing the reason."""


class EventInput(CamelSerializer):
    """An event from outside."""

    systemUniqueKey = Text(min_length=3, max_length=255, source="unique_key")
    externalId = Text(required=False, allow_null=True, min_length=3, max_length=255)
    memberId = Id(min_value=1)
    eventType = Text(min_length=3, max_length=None)
    description = texts()
    payload = JsonObject(required=False, allow_null=True)
    organizationId = Id(min_value=1)
    externalEventDate = Moment(required=False, allow_null=True, source="external_event_at")
    tags = Tags(required=False, allow_null=True)

    def validate_description(self, value: str | None) -> str | None:
        """Not longer than it is kept."""
        if value is not None and len(value) > 1000:
            raise serializers.ValidationError("Ensure this field has no more than 1000 characters.")
        return value


class TrackedAnswer(CamelSerializer):
    """What came of an event."""

    systemUniqueKey = serializers.CharField(source="unique_key")
    effects = Effects(source="execution_results")


class EventViewSet(CoreViewSet):
    """Takes events in."""

    tag = "Loyalty Events"
    operations = {"create": "trackLoyaltyEvent"}
    writes = "members:write"
    serializer_class = TrackedAnswer
    inputs = {"create": EventInput}

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take one event in, and tell what came of it. The same key and content again answer as the first time, with
        status 200.
        """
        event, replayed = services.track_event(
            organization_id=self.organization_id, actor=self.actor, at=self.at, **self.read_input()
        )
        return self.answer(event, status=200 if replayed else 201)
