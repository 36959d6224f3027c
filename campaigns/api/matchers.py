"""Matchers of the core API (tag Action Matchers, semantics 10.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import selectors, services
from campaigns.models import ActionMatcher
from loyalty.kernel.api.fields import CamelSerializer, Id, JsonObject, Moment, Text, WholeNumber
from loyalty.kernel.api.filters import TextFilter
from loyalty.kernel.api.parsing import TreeParser
from loyalty.kernel.api.resources import CoreViewSet, ResourceViewSet


class MatcherInput(CamelSerializer):
    """A matcher: `matcher` is `{expression}` or `{ast}` over item, order, member and now."""

    organizationId = Id(required=False)
    name = Text(max_length=255)
    type = serializers.ChoiceField(choices=ActionMatcher.Type.choices)
    matcher = JsonObject()


class MatcherAnswer(CamelSerializer):
    """A matcher as it is read."""

    matcherId = WholeNumber(source="pk")
    matcherKey = serializers.CharField(source="key")
    organizationId = WholeNumber()
    name = serializers.CharField()
    type = serializers.ChoiceField(choices=ActionMatcher.Type.choices)
    matcher = JsonObject()
    createdAt = Moment()
    updatedAt = Moment()


class MatcherFilters(django_filters.FilterSet):
    """What a list of matchers is narrowed by."""

    type = django_filters.ChoiceFilter(choices=ActionMatcher.Type.choices)
    matcherKey = TextFilter(field_name="key")


class MatcherViewSet(ResourceViewSet):
    """The organization's matchers."""

    tag = "Action Matchers"
    operations = {
        "list": "listMatchers",
        "retrieve": "getMatcher",
        "create": "createMatcher",
        "update": "updateMatcher",
    }
    reads, writes = "campaigns:read", "campaigns:write"
    wrapper = "matcher"
    bare_create = True
    queryset = ActionMatcher.objects.none()
    lookup_url_kwarg = "matcherId"
    lookup_field = "pk"
    serializer_class = MatcherAnswer
    # A matcher may hold a tree.
    parser_classes = [TreeParser]
    inputs = {"create": MatcherInput, "update": MatcherInput}
    filterset_class = MatcherFilters
    order_columns = {
        "matcherId": "pk",
        "matcherKey": "key",
        "name": "name",
        "createdAt": "created_at",
        "updatedAt": "updated_at",
    }

    def get_queryset(self) -> QuerySet[ActionMatcher]:
        """The organization's matchers."""
        return selectors.list_matchers(self.organization_id)

    @extend_schema(parameters=[OpenApiParameter("matcherId", {"type": "string"}, OpenApiParameter.PATH)])
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One matcher."""
        return super().retrieve(request, *args, **kwargs)

    def perform_create(self, fields: Mapping[str, Any]) -> ActionMatcher:  # type: ignore[override]
        """A new matcher."""
        return services.create_matcher(organization_id=self.organization_id, actor=self.actor, at=self.at, **fields)

    def perform_update(self, row: ActionMatcher, fields: Mapping[str, Any]) -> ActionMatcher:  # type: ignore[override]
        """The changed matcher."""
        return services.update_matcher(matcher=row, changes=fields, actor=self.actor, at=self.at)


class MatcherByKeyViewSet(CoreViewSet):
    """A matcher, by its key."""

    tag = "Action Matchers"
    operations = {"retrieve": "getMatcherByKey"}
    reads = "campaigns:read"
    wrapper = "matcher"
    serializer_class = MatcherAnswer

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One matcher."""
        return self.answer(selectors.get_matcher_by_key(self.organization_id, self.kwargs["matcherKey"]))
