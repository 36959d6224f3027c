"""What happened, how missions went, and what surveys came to (tag Stats, semantics 14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from campaigns import selectors
from loyalty.kernel.api.fields import CamelSerializer, WholeNumber
from loyalty.kernel.api.filters import RowsFilter
from loyalty.kernel.api.stats import QueryFilters, StatsViewSet, TaggedFilters
from loyalty.kernel.errors import NotFound
from members.api.stats import DayCountAnswer
from members.selectors import events_happened


class StatusCountsAnswer(CamelSerializer):
    """How many events stand how."""

    pending = WholeNumber()
    running = WholeNumber()
    failed = WholeNumber()
    success = WholeNumber()


class EventStatsAnswer(CamelSerializer):
    """How many events of a type there were: in all, by how the work on them stands, and on each day."""

    total = WholeNumber()
    byStatus = StatusCountsAnswer()
    byDate = DayCountAnswer(many=True)


class EventStatsViewSet(StatsViewSet):
    """How many events of a type there were."""

    operations = {"retrieve": "getEventStats"}
    reads = "members:read"
    wrapper = "result"
    serializer_class = EventStatsAnswer

    def figures(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """By the day they happened.

        :raises NotFound: a type there is not.
        """
        if selectors.find_event_type(self.organization_id, self.kwargs["eventType"]) is None:
            raise NotFound("There is no such type of event.")
        found = events_happened(self.organization_id, self.kwargs["eventType"], self.window(asked))
        days = [{"date": day, "count": count} for day, count in found.by_date]
        return {"total": found.total, "by_status": found.by_status, "by_date": days}


class NpsStatsAnswer(CamelSerializer):
    """How many answered 9 or 10, 7 or 8, and less; and the score: percent of the first less percent of the last."""

    promoters = WholeNumber()
    passives = WholeNumber()
    detractors = WholeNumber()
    total = WholeNumber()
    score = serializers.FloatField(allow_null=True)


class NpsStatsViewSet(StatsViewSet):
    """What the answers to a survey come to. The address names no organization; the survey does."""

    operations = {"retrieve": "getNpsSurveyStats"}
    reads = "members:read"
    wrapper = "result"
    serializer_class = NpsStatsAnswer
    filterset_class = None

    def organization_of_path(self) -> int:
        """The organization the survey belongs to."""
        self.survey = selectors.get_survey(self.kwargs["surveyId"])
        return self.survey.organization_id

    def figures(self, asked: Mapping[str, Any]) -> selectors.NetPromoters:
        """All answers there are."""
        return selectors.net_promoters(self.survey)


class MissionStatsAnswer(CamelSerializer):
    """Of one mission: members who began it in that time, achievements, and members something was counted of."""

    missionId = WholeNumber()
    started = WholeNumber()
    achieved = WholeNumber()
    members = WholeNumber()


class MissionStatsViewSet(StatsViewSet):
    """How each mission went."""

    operations = {"retrieve": "getMissionStats"}
    reads = "campaigns:read"
    serializer_class = MissionStatsAnswer
    filterset_class = TaggedFilters

    def figures(self, asked: Mapping[str, Any]) -> list[selectors.MissionFigures]:
        """Every mission with the tag, by number."""
        return selectors.figures_of_missions(self.organization_id, self.window(asked), tag=asked["tag"])


class MissionTotalsAnswer(CamelSerializer):
    """The same of all missions; each member once among the members."""

    started = WholeNumber()
    achieved = WholeNumber()
    members = WholeNumber()
    pointsAccrued = WholeNumber()


class MissionTotalsViewSet(StatsViewSet):
    """How missions went, all in all."""

    operations = {"retrieve": "getMissionTotals"}
    reads = "campaigns:read"
    wrapper = "result"
    serializer_class = MissionTotalsAnswer
    filterset_class = TaggedFilters

    def figures(self, asked: Mapping[str, Any]) -> dict[str, int]:
        """The sums over every mission with the tag."""
        window = self.window(asked)
        found = selectors.figures_of_missions(self.organization_id, window, tag=asked["tag"])
        missions = [one.mission_id for one in found]
        return {
            "started": sum(one.started for one in found),
            "achieved": sum(one.achieved for one in found),
            "members": selectors.members_on_missions(self.organization_id, window, missions),
            "points_accrued": sum(one.points for one in found),
        }


class TopFilters(TaggedFilters):
    """The time, a tag of missions, and how many members."""

    limit = RowsFilter()


class TopMemberAnswer(CamelSerializer):
    """A member, and how often the member achieved a mission."""

    memberId = WholeNumber()
    loyaltyMemberId = serializers.CharField()
    completions = WholeNumber()


class TopMembersViewSet(StatsViewSet):
    """Who achieved most."""

    operations = {"retrieve": "getMissionTopMembers"}
    reads = "campaigns:read"
    serializer_class = TopMemberAnswer
    filterset_class = TopFilters

    def figures(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The first of them; among equals by number."""
        found = selectors.top_members(self.organization_id, self.window(asked), tag=asked["tag"], most=asked["limit"])
        return [
            {"member_id": member.pk, "loyalty_member_id": member.loyalty_member_id, "completions": count}
            for member, count in found
        ]


class CompletionFilters(QueryFilters):
    """How many rows."""

    limit = RowsFilter()


class CompletionsAnswer(CamelSerializer):
    """How many members achieved so many missions."""

    completions = WholeNumber()
    members = WholeNumber()


class CompletionsViewSet(StatsViewSet):
    """How many members achieved how many missions, since there are any."""

    operations = {"retrieve": "getMissionCompletionsByMember"}
    reads = "campaigns:read"
    serializer_class = CompletionsAnswer
    filterset_class = CompletionFilters

    def figures(self, asked: Mapping[str, Any]) -> list[dict[str, int]]:
        """From those who achieved least."""
        found = selectors.members_by_completions(self.organization_id, most=asked["limit"])
        return [{"completions": completions, "members": members} for completions, members in found]
