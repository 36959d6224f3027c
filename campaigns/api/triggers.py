"""Event triggers of the core API: webhooks (tag Event triggers, semantics 7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from campaigns import services
from campaigns.models import EventTrigger
from campaigns.selectors import list_triggers
from campaigns.tasks import ring_for_trigger
from loyalty.kernel.api.fields import CamelSerializer, Flag, JsonObject, Moment, Text, WholeNumber
from loyalty.kernel.api.filters import FlagFilter, TextFilter
from loyalty.kernel.api.resources import ResourceViewSet, read_input
from loyalty.kernel.roles import ADMIN


class SettingsInput(CamelSerializer):
    """What a webhook is told to do. Without `secret` the one there is stays, or one is made."""

    url = Text(max_length=2000)
    secret = Text(required=False, allow_null=True, max_length=255, trim_whitespace=False)
    headers = JsonObject(required=False)
    eventTypes = serializers.ListField(child=Text(max_length=100), required=False, max_length=100)


class EventTriggerInput(CamelSerializer):
    """A trigger. Its settings are given whole: headers and types that are not among them are none."""

    type = serializers.ChoiceField(choices=EventTrigger.Type.choices)
    name = Text(max_length=255)
    settings = JsonObject()
    active = Flag(required=False)

    def validate_settings(self, given: dict[str, Any]) -> dict[str, Any]:
        """The settings by their names."""
        return {"headers": {}, "event_types": [], **read_input(SettingsInput, given)}


class EventTriggerAnswer(CamelSerializer):
    """A trigger as it is read; the secret never is."""

    triggerId = WholeNumber(source="pk")
    organizationId = WholeNumber()
    type = serializers.CharField()
    name = serializers.CharField()
    active = serializers.BooleanField()
    settings = serializers.SerializerMethodField()
    createdAt = Moment()
    updatedAt = Moment()

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_settings(self, trigger: EventTrigger) -> dict[str, Any]:
        """Without the secret."""
        return {"url": trigger.url, "headers": trigger.headers, "eventTypes": trigger.event_types}


class EventTriggerFilters(django_filters.FilterSet):
    """What a list of triggers is narrowed by."""

    type = django_filters.ChoiceFilter(choices=EventTrigger.Type.choices)
    active = FlagFilter()
    name = TextFilter(field_name="name")


class EventTriggerViewSet(ResourceViewSet):
    """The organization's triggers."""

    tag = "Event triggers"
    operations = {
        "list": "listEventTriggers",
        "retrieve": "getEventTrigger",
        "create": "createEventTrigger",
        "update": "updateEventTrigger",
    }
    reads, writes = "campaigns:read", ADMIN
    wrapper = "trigger"
    noun = "event trigger"
    queryset = EventTrigger.objects.none()
    lookup_url_kwarg = "triggerId"
    lookup_field = "pk"
    serializer_class = EventTriggerAnswer
    inputs = {"create": EventTriggerInput, "update": EventTriggerInput}
    filterset_class = EventTriggerFilters
    order_columns = {"triggerId": "pk", "name": "name", "createdAt": "created_at", "updatedAt": "updated_at"}

    def get_queryset(self) -> QuerySet[EventTrigger]:
        """The organization's triggers."""
        return list_triggers(self.organization_id)

    def perform_create(self, fields: Mapping[str, Any]) -> EventTrigger:  # type: ignore[override]
        """A new trigger."""
        who: dict[str, Any] = {"organization_id": self.organization_id, "actor": self.actor, "at": self.at}
        return services.create_trigger(**who, **_said(fields)).trigger

    def perform_update(self, row: EventTrigger, fields: Mapping[str, Any]) -> EventTrigger:  # type: ignore[override]
        """The changed trigger; what waits for it is looked at anew."""
        changed = services.update_trigger(trigger=row, changes=_said(fields), actor=self.actor, at=self.at)
        ring_for_trigger(changed.pk)
        return changed


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What is said, in the services' words; the type is the only one there is."""
    said = {name: value for name, value in fields.items() if name in ("name", "active")}
    return {**said, **fields.get("settings", {})}
