"""Audiences of the core API (tag Audiences): who is meant, and which of them a member document belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.kernel.api.fields import CamelSerializer, Flag, Id, JsonObject, Moment, Text, WholeNumber
from loyalty.kernel.api.filters import TextFilter
from loyalty.kernel.api.parsing import TreeParser
from loyalty.kernel.api.resources import CoreViewSet, ResourceViewSet
from members import selectors, services
from members.models import Audience
from members.tasks import ring_for_audience

MOST_MATCHED = 1000


class MatcherType(serializers.ChoiceField):
    """How members are found."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=[kind.value for kind in Audience.MatcherType], **kwargs)


class AudienceUpdate(CamelSerializer):
    """What can be said of an audience. When it was counted, and how many they were, is not for clients to say."""

    active = Flag(required=False)
    organizationId = Id(required=False)
    name = Text(required=False, max_length=255)
    description = Text(required=False, allow_null=True, allow_blank=True, max_length=10_000)
    matcherType = MatcherType(required=False)
    matcher = JsonObject(required=False, allow_null=True)
    segmentKey = Text(required=False, allow_null=True, allow_blank=True, max_length=255)
    refreshedAt = Moment(required=False, allow_null=True)
    memberCount = WholeNumber(required=False, allow_null=True)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The fields given, without those that are only read (semantics 0.10)."""
        fields: dict[str, Any] = super().to_internal_value(data)
        for name in ("refreshed_at", "member_count"):
            fields.pop(name, None)
        return fields


class AudienceInput(AudienceUpdate):
    """A new audience."""

    active = Flag()
    organizationId = Id()
    name = Text(max_length=255)
    matcherType = MatcherType()


class AudienceAnswer(CamelSerializer):
    """An audience as it is read."""

    audienceId = WholeNumber(source="pk")
    audienceKey = serializers.CharField(source="key")
    organizationId = WholeNumber()
    active = serializers.BooleanField()
    name = serializers.CharField()
    description = serializers.CharField()
    matcherType = serializers.CharField()
    matcher = JsonObject()
    segmentKey = serializers.CharField()
    refreshedAt = Moment(allow_null=True)
    memberCount = WholeNumber()
    createdAt = Moment()
    updatedAt = Moment()


class AudiencesAnswer(CamelSerializer):
    """Audiences a member belongs to."""

    audiences = AudienceAnswer(many=True)


class MatchAnswer(CamelSerializer):
    """Whether a member belongs to an audience."""

    match = serializers.BooleanField()


class MatchesInput(CamelSerializer):
    """Some audiences, and a member document that need be nobody's."""

    audienceIds = serializers.ListField(child=Id(), max_length=MOST_MATCHED)
    member = JsonObject()


class MatchesAnswer(CamelSerializer):
    """Those of the audiences that match, in the order they were asked."""

    audienceIds = serializers.ListField(child=WholeNumber())


class AudienceFilters(django_filters.FilterSet):
    """What a list of audiences is narrowed by."""

    matcherType = django_filters.ChoiceFilter(field_name="matcher_type", choices=Audience.MatcherType.choices)
    search = TextFilter(method="by_words")

    def by_words(self, queryset: QuerySet[Audience], name: str, value: str) -> QuerySet[Audience]:
        """Audiences with this in their name or description."""
        return queryset.filter(Q(name__icontains=value) | Q(description__icontains=value))


class AudienceViewSet(ResourceViewSet):
    """The organization's audiences."""

    tag = "Audiences"
    operations = {
        "list": "listAudiences",
        "retrieve": "getAudience",
        "create": "createAudience",
        "update": "updateAudience",
    }
    reads, writes = "campaigns:read", "campaigns:write"
    wrapper = "audience"
    bare_create = True
    queryset = Audience.objects.none()
    lookup_url_kwarg = "audienceId"
    lookup_field = "pk"
    serializer_class = AudienceAnswer
    # A matcher may hold a tree.
    parser_classes = [TreeParser]
    inputs = {"create": AudienceInput, "update": AudienceUpdate}
    filterset_class = AudienceFilters
    order_columns = {
        "audienceId": "pk",
        "audienceKey": "key",
        "name": "name",
        "memberCount": "member_count",
        "createdAt": "created_at",
        "updatedAt": "updated_at",
    }

    def get_queryset(self) -> QuerySet[Audience]:
        """The organization's audiences."""
        return selectors.list_audiences(self.organization_id)

    def perform_create(self, fields: Mapping[str, Any]) -> Audience:  # type: ignore[override]
        """A new audience."""
        made = services.create_audience(organization_id=self.organization_id, actor=self.actor, at=self.at, **fields)
        ring_for_audience(made.pk)
        return made

    def perform_update(self, row: Audience, fields: Mapping[str, Any]) -> Audience:  # type: ignore[override]
        """The changed audience."""
        changed = services.update_audience(audience=row, changes=fields, actor=self.actor, at=self.at)
        ring_for_audience(changed.pk)
        return changed


class AudienceMatchesViewSet(CoreViewSet):
    """Asks audiences about a member document; only what stands in it is read (semantics 10.3)."""

    tag = "Audiences"
    operations = {"match": "matchMemberAudiences"}
    writes = "members:read"
    asks = ("match",)
    inputs = {"match": MatchesInput}
    answers = {"match": MatchesAnswer}

    def match(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Those of the audiences to which the member would belong, in the order asked."""
        fields = self.read_input()
        matching = selectors.matching_audiences(
            selectors.document_given(fields["member"]),
            selectors.get_audiences(self.organization_id, fields["audience_ids"]),
            at=self.at,
        )
        return Response({"audienceIds": [audience.pk for audience in matching]})
