"""Missions, and how far members are, in the core API (tags Missions and Organization Members, semantics 11)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import selectors, services
from campaigns.api.campaigns import LABEL_COLUMNS, LabelFilters
from campaigns.models import Mission
from campaigns.selectors.occasions import members_to_ask
from loyalty.kernel.api.fields import (
    CamelSerializer,
    Code,
    Count,
    Flag,
    Id,
    JsonObject,
    Moment,
    Tags,
    Text,
    WholeNumber,
    texts,
)
from loyalty.kernel.api.filters import FlagFilter, MomentFilter, TextFilter, WholeNumberFilter
from loyalty.kernel.api.resources import CoreViewSet, ResourceViewSet
from loyalty.kernel.errors import NotFound
from members.models import EventType, Member
from members.selectors import get_member


class Goal(Count):
    """A number of times, from 1."""

    least = 1


class MissionChanges(CamelSerializer):
    """What can be said of a mission again. Where `ledgerAccountId` is not named, points are of the ledger's default
    account, or of the program's main one.
    """

    loyaltyProgramId = Id(source="program_id")
    name = Text(max_length=255)
    shortDescription = texts(max_length=1000)
    description = texts(max_length=10_000)
    pictureUrl = texts(max_length=2000)
    customAttributes = JsonObject(required=False, allow_null=True)
    type = texts(max_length=100)
    audienceId = Id(required=False, allow_null=True)
    tags = Tags(required=False, allow_null=True)
    code = Code()
    active = Flag(required=False)
    validFrom = Moment(required=False, allow_null=True)
    validTo = Moment(required=False, allow_null=True)
    pointsAccrual = Count(required=False, allow_null=True, source="points")
    ledgerId = Id(required=False, allow_null=True)
    ledgerAccountId = Id(required=False, allow_null=True, source="account_id")
    eventType = serializers.ChoiceField(choices=EventType.choices)
    maxRepetitions = Goal(min_value=1)
    goalCount = Goal(min_value=1)
    matcherId = Id(required=False, allow_null=True, min_value=1)


class MissionInput(MissionChanges):
    """A new mission. `repetitionPeriod` is day, week, month or year, and said once."""

    repetitionPeriod = texts(max_length=100)
    periodLimit = Count(required=False, allow_null=True)


class MissionAnswer(CamelSerializer):
    """A mission as it is read."""

    missionId = WholeNumber(source="pk")
    missionKey = serializers.CharField(source="key")
    organizationId = WholeNumber()
    loyaltyProgramId = WholeNumber(source="program_id")
    name = serializers.CharField()
    shortDescription = serializers.CharField()
    description = serializers.CharField()
    pictureUrl = serializers.CharField()
    customAttributes = JsonObject()
    type = serializers.CharField()
    audienceId = WholeNumber(allow_null=True)
    tags = Tags()
    code = serializers.CharField()
    active = serializers.BooleanField()
    validFrom = Moment(allow_null=True)
    validTo = Moment(allow_null=True)
    repetitionPeriod = serializers.CharField()
    periodLimit = WholeNumber(allow_null=True)
    pointsAccrual = WholeNumber(source="points", allow_null=True)
    ledgerId = WholeNumber(allow_null=True)
    ledgerAccountId = WholeNumber(source="account_id", allow_null=True)
    eventType = serializers.CharField()
    maxRepetitions = WholeNumber()
    goalCount = WholeNumber()
    matcherId = WholeNumber(allow_null=True)
    createdAt = Moment()
    updatedAt = Moment()

    def to_representation(self, mission: Mission) -> dict[str, Any]:
        """The mission; texts it does not have are null."""
        answer = super().to_representation(mission)
        for name in ("shortDescription", "description", "pictureUrl", "type", "repetitionPeriod"):
            answer[name] = answer[name] or None
        return answer


ORDER_COLUMNS = {"missionId": "pk", **LABEL_COLUMNS}


class MissionViewSet(ResourceViewSet):
    """The organization's missions."""

    tag = "Missions"
    operations = {
        "list": "listMissions",
        "retrieve": "getMission",
        "create": "createMission",
        "update": "updateMission",
    }
    reads, writes = "campaigns:read", "campaigns:write"
    wrapper = "mission"
    queryset = Mission.objects.none()
    lookup_url_kwarg = "missionId"
    lookup_field = "pk"
    serializer_class = MissionAnswer
    inputs = {"create": MissionInput, "update": MissionChanges}
    filterset_class = LabelFilters
    order_columns = ORDER_COLUMNS

    def get_queryset(self) -> QuerySet[Mission]:
        """The organization's missions."""
        return selectors.list_missions(self.organization_id)

    def perform_create(self, fields: Mapping[str, Any]) -> Mission:  # type: ignore[override]
        """A new mission."""
        return services.create_mission(organization_id=self.organization_id, actor=self.actor, at=self.at, **fields)

    def perform_update(self, row: Mission, fields: Mapping[str, Any]) -> Mission:  # type: ignore[override]
        """The changed mission."""
        return services.update_mission(mission=row, changes=fields, actor=self.actor, at=self.at)


# --- of one member ---------------------------------------------------------------------------------------------------
class MemberMissionAnswer(MissionAnswer):
    """A mission, and how far the member is: `counterCount` in the present period, `timesAchieved` in all."""

    counterCount = WholeNumber()
    timesAchieved = WholeNumber()
    completed = serializers.BooleanField()
    available = serializers.BooleanField()
    inProgress = serializers.BooleanField()
    lastAchievedAt = Moment(allow_null=True)


class MemberMissionFilters(LabelFilters):
    """What a list of a member's missions is narrowed by; of `validFrom` and `validTo` those that are valid at some time
    between.
    """

    minTimesAchieved = WholeNumberFilter(field_name="times_achieved", lookup_expr="gte", min_value=0)
    minCounterCount = WholeNumberFilter(field_name="counter_count", lookup_expr="gte", min_value=0)
    available = FlagFilter()
    inProgress = FlagFilter(field_name="in_progress")
    active = FlagFilter()
    validFrom = MomentFilter(method="from_then")
    validTo = MomentFilter(method="until_then")
    missionKey = TextFilter(field_name="key")

    def from_then(self, queryset: QuerySet[Any], name: str, value: datetime) -> QuerySet[Any]:
        """Those that are not over then."""
        return queryset.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=value))

    def until_then(self, queryset: QuerySet[Any], name: str, value: datetime) -> QuerySet[Any]:
        """Those that have begun then."""
        return queryset.filter(Q(valid_from__isnull=True) | Q(valid_from__lt=value))


class MemberMissionViewSet(ResourceViewSet):
    """The missions, and how far one member is with each."""

    tag = "Organization Members"
    operations = {"list": "listMemberMissions"}
    reads = "members:read"
    queryset = Mission.objects.none()
    serializer_class = MemberMissionAnswer
    filterset_class = MemberMissionFilters
    order_columns = {**ORDER_COLUMNS, "counterCount": "counter_count", "timesAchieved": "times_achieved"}

    def get_queryset(self) -> QuerySet[Any]:
        """The missions with the member's progress.

        :raises NotFound: there is no such member.
        """
        member = _member(self.organization_id, self.kwargs["memberId"])
        return selectors.missions_of_member(member, member.organization.timezone, at=self.at)


def _member(organization_id: int, member_id: int) -> Member:
    """The member with all that missions ask about."""
    member = members_to_ask(organization_id).select_related("organization").filter(pk=member_id).first()
    if member is None:
        raise NotFound("There is no such member.")
    return member


class IncrementInput(CamelSerializer):
    """How often the mission is counted; 0 counts nothing."""

    amount = Count(min_value=0)
    systemUniqueKey = Text(required=False, allow_null=True, max_length=255, source="unique_key")
    externalId = texts(max_length=255)
    tags = Tags(required=False, allow_null=True)
    description = texts(max_length=1000)
    externalEventDate = Moment(required=False, allow_null=True, source="external_event_at")


class BalanceAnswer(CamelSerializer):
    """How far the member is, after it was counted."""

    balance = JsonObject()


class IncrementViewSet(CoreViewSet):
    """Counts a mission for a member."""

    tag = "Organization Members"
    operations = {"increment": "incrementMemberMission"}
    writes = "campaigns:write"
    serializer_class = BalanceAnswer
    inputs = {"increment": IncrementInput}

    def increment(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Count it, and tell how far the member is. The same key and content again answer as the first time, with
        status 200.
        """
        fields = self.read_input()
        member = get_member(self.organization_id, kwargs["memberId"])
        mission = selectors.get_mission(self.organization_id, kwargs["missionId"])
        done = services.increment_mission(mission=mission, member=member, actor=self.actor, at=self.at, **fields)
        return self.answer(done, status=200 if done.replayed else 201)
