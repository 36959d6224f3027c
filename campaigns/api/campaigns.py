"""Campaigns and their actions in the core API (tags Campaigns and Campaign Actions, semantics 9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers

from campaigns import selectors, services
from campaigns.models import Campaign, CampaignAction
from loyalty.kernel.api.fields import (
    CamelSerializer,
    Code,
    Count,
    Flag,
    Id,
    JsonObject,
    Moment,
    Money,
    Tags,
    Text,
    WholeNumber,
    texts,
)
from loyalty.kernel.api.filters import TextFilter, WholeNumberFilter, comma_list
from loyalty.kernel.api.parsing import TreeParser
from loyalty.kernel.api.resources import ResourceViewSet
from loyalty.kernel.selectors import holding


class CampaignInput(CamelSerializer):
    """What can be said of a campaign. `smartRewards` is kept, and does nothing (semantics 9.7)."""

    loyaltyProgramId = Id(required=False, allow_null=True, source="program_id")
    name = Text(max_length=255)
    description = texts(max_length=10_000)
    pictureUrl = texts(max_length=2000)
    customAttributes = JsonObject(required=False, allow_null=True)
    smartRewards = JsonObject(required=False, allow_null=True)
    type = texts(max_length=100)
    tags = Tags(required=False, allow_null=True)
    enabledTopics = Tags(required=False, allow_null=True)
    code = Code()
    active = Flag(required=False)
    audienceKeys = Tags(required=False, allow_null=True)
    pointsMonthlyLimitPerMember = Count(required=False, allow_null=True, source="monthly_limit")
    allowPartialApplicationOnLimit = Flag(required=False, source="allow_partial")
    daysOfWeek = Tags(required=False, allow_null=True)
    locationCodes = Tags(required=False, allow_null=True)
    eventType = texts(max_length=100)
    minSpendValue = Money(required=False, allow_null=True, source="min_spend")
    loyaltyTierKeys = Tags(required=False, allow_null=True, source="tier_keys")
    validFrom = Moment(required=False, allow_null=True)
    validTo = Moment(required=False, allow_null=True)


class CampaignAnswer(CamelSerializer):
    """A campaign as it is read."""

    campaignId = WholeNumber(source="pk")
    organizationId = WholeNumber()
    loyaltyProgramId = WholeNumber(source="program_id", allow_null=True)
    name = serializers.CharField()
    description = serializers.CharField()
    pictureUrl = serializers.CharField()
    customAttributes = JsonObject()
    smartRewards = JsonObject()
    type = serializers.CharField()
    tags = Tags()
    enabledTopics = Tags()
    code = serializers.CharField()
    active = serializers.BooleanField()
    audienceKeys = Tags()
    pointsMonthlyLimitPerMember = WholeNumber(source="monthly_limit", allow_null=True)
    allowPartialApplicationOnLimit = serializers.BooleanField(source="allow_partial")
    daysOfWeek = Tags()
    locationCodes = Tags()
    eventType = serializers.CharField()
    minSpendValue = Money(source="min_spend", allow_null=True)
    loyaltyTierKeys = Tags(source="tier_keys")
    validFrom = Moment(allow_null=True)
    validTo = Moment(allow_null=True)
    createdAt = Moment()
    updatedAt = Moment()

    def to_representation(self, campaign: Campaign) -> dict[str, Any]:
        """The campaign; texts it does not have are null."""
        answer = super().to_representation(campaign)
        for name in ("description", "pictureUrl", "type", "eventType"):
            answer[name] = answer[name] or None
        return answer


class LabelFilters(django_filters.FilterSet):
    """What a list of campaigns or missions is narrowed by."""

    loyaltyProgramId = WholeNumberFilter(field_name="program", min_value=1)
    type = TextFilter()
    tags = TextFilter(method="by_tags", max_length=2000)
    codes = TextFilter(method="by_codes", max_length=2000)

    def by_tags(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Those with all of these tags."""
        for tag in comma_list(value):
            queryset = holding(queryset, "tags", [tag])
        return queryset

    def by_codes(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Those of any of these codes."""
        return queryset.filter(code__in=comma_list(value))


# What lists of campaigns and missions may be ordered by, beside their numbers.
LABEL_COLUMNS = {
    "name": "name",
    "code": "code",
    "type": "type",
    "validFrom": "valid_from",
    "validTo": "valid_to",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
}


class CampaignViewSet(ResourceViewSet):
    """The organization's campaigns."""

    tag = "Campaigns"
    operations = {
        "list": "listCampaigns",
        "retrieve": "getCampaign",
        "create": "createCampaign",
        "update": "updateCampaign",
    }
    reads, writes = "campaigns:read", "campaigns:write"
    wrapper = "campaign"
    queryset = Campaign.objects.none()
    lookup_url_kwarg = "campaignId"
    lookup_field = "pk"
    serializer_class = CampaignAnswer
    inputs = {"create": CampaignInput, "update": CampaignInput}
    filterset_class = LabelFilters
    order_columns = {"campaignId": "pk", **LABEL_COLUMNS}

    def get_queryset(self) -> QuerySet[Campaign]:
        """The organization's campaigns."""
        return selectors.list_campaigns(self.organization_id)

    def perform_create(self, fields: Mapping[str, Any]) -> Campaign:  # type: ignore[override]
        """A new campaign."""
        return services.create_campaign(organization_id=self.organization_id, actor=self.actor, at=self.at, **fields)

    def perform_update(self, row: Campaign, fields: Mapping[str, Any]) -> Campaign:  # type: ignore[override]
        """The changed campaign."""
        return services.update_campaign(campaign=row, changes=fields, actor=self.actor, at=self.at)


class ActionInput(CamelSerializer):
    """An action: `rules` is `{expression | ast, matcherKey}`, each of which may be missing, `effects` is
    `{effects: [{type, params}]}`.
    """

    actionIndex = WholeNumber(required=False, allow_null=True)
    abortEvaluationIfFalse = Flag(required=False, source="abort_if_false")
    abortEvaluationOnError = Flag(required=False, source="abort_on_error")
    name = Text(max_length=255)
    rules = JsonObject(required=False, allow_null=True)
    effects = JsonObject()
    status = serializers.ChoiceField(choices=CampaignAction.Status.choices)


class ActionAnswer(CamelSerializer):
    """An action as it is read."""

    actionId = WholeNumber(source="pk")
    campaignId = WholeNumber()
    actionIndex = WholeNumber(allow_null=True)
    abortEvaluationIfFalse = serializers.BooleanField(source="abort_if_false")
    abortEvaluationOnError = serializers.BooleanField(source="abort_on_error")
    name = serializers.CharField()
    rules = JsonObject()
    effects = JsonObject()
    status = serializers.CharField()
    createdAt = Moment()
    updatedAt = Moment()


class ActionFilters(django_filters.FilterSet):
    """What a list of actions is narrowed by."""

    status = django_filters.ChoiceFilter(choices=CampaignAction.Status.choices)


class ActionViewSet(ResourceViewSet):
    """The actions of a campaign, in the order of their numbers."""

    tag = "Campaign Actions"
    operations = {
        "list": "listCampaignActions",
        "retrieve": "getCampaignAction",
        "create": "createCampaignAction",
        "update": "updateCampaignAction",
    }
    reads, writes = "campaigns:read", "campaigns:write"
    wrapper = "action"
    queryset = CampaignAction.objects.none()
    lookup_url_kwarg = "actionId"
    lookup_field = "pk"
    serializer_class = ActionAnswer
    # Rules and effects may hold trees.
    parser_classes = [TreeParser]
    inputs = {"create": ActionInput, "update": ActionInput}
    filterset_class = ActionFilters
    order_columns = {
        "actionId": "pk",
        "actionIndex": "action_index",
        "name": "name",
        "createdAt": "created_at",
        "updatedAt": "updated_at",
    }

    def campaign(self) -> Campaign:
        """The campaign of the path."""
        return selectors.get_campaign(self.organization_id, self.kwargs["campaignId"])

    def get_queryset(self) -> QuerySet[CampaignAction]:
        """The campaign's actions."""
        return selectors.list_actions(self.campaign())

    def perform_create(self, fields: Mapping[str, Any]) -> CampaignAction:  # type: ignore[override]
        """A new action."""
        return services.create_action(campaign=self.campaign(), actor=self.actor, at=self.at, **fields)

    def perform_update(self, row: CampaignAction, fields: Mapping[str, Any]) -> CampaignAction:  # type: ignore[override]
        """The changed action."""
        return services.update_action(action=row, changes=fields, actor=self.actor, at=self.at)
