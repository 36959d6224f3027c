"""Reads of missions, and how far members are with them (semantics 11.5)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    DateField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from campaigns.models import WHOLE_TIME, Mission, MissionAchievement, MissionProgress
from campaigns.selectors.mission_plays import first_days
from loyalty.kernel.clock import local_day
from loyalty.kernel.errors import NotFound
from members.models import Audience, Enrollment, Member
from members.selectors import belongs, list_audiences, matching_audiences, member_document


def list_missions(organization_id: int) -> QuerySet[Mission]:
    """The organization's missions."""
    return Mission.objects.filter(organization_id=organization_id)


def get_mission(organization_id: int, mission_id: int) -> Mission:
    """One of the organization's missions, with its organization and matcher.

    :raises NotFound: where it has no such mission.
    """
    missions = list_missions(organization_id).select_related("organization", "matcher")
    mission = missions.filter(pk=mission_id).first()
    if mission is None:
        raise NotFound("There is no such mission.")
    return mission


def missions_of_member(member: Member, zone: str, *, at: datetime) -> QuerySet[Any]:
    """The organization's missions, each with how far the member is at `at`: `counter_count` and `period_achieved` of
    the present period, `times_achieved`, `last_achieved_at`, whether it is `completed`, `in_progress` (something is
    counted towards the goal), and `available` (it would count now). One query, and one for the audiences asked.
    """
    belongs_there = Q(audience__isnull=True) | Q(audience__in=_audiences(member, at))
    rows: QuerySet[Any] = _with_progress(member, zone, at)
    available = _whether(_would_count(member, at) & belongs_there)
    found: QuerySet[Any] = rows.annotate(available=available)
    return found


def missions_to_show(member: Member, zone: str, *, at: datetime, most: int) -> list[Any]:
    """Of the member's missions those that would count now, or that were begun, what was achieved most often first; at
    most so many. One query, unless one of them asks for an audience.
    """
    begun = Q(counter_count__gt=0) | Q(times_achieved__gt=0)
    rows = _with_progress(member, zone, at).annotate(available=_whether(_would_count(member, at)))
    shown = rows.filter(begun | Q(available=True)).select_related("audience__organization")
    found = []
    for mission in shown.order_by("-times_achieved", "-counter_count", "pk")[:most]:
        if mission.available and mission.audience is not None:
            mission.available = belongs(member_document(member), mission.audience, at=at)
        if mission.available or mission.counter_count or mission.times_achieved:
            found.append(mission)
    return found


def _with_progress(member: Member, zone: str, at: datetime) -> QuerySet[Any]:
    days = first_days(local_day(at, zone))
    named = [When(repetition_period=period, then=Value(day)) for period, day in days.items() if period]
    this_period = Case(*named, default=Value(WHOLE_TIME), output_field=DateField())
    last = MissionAchievement.objects.filter(member=member, mission=OuterRef("pk")).order_by("-pk")
    rows = list_missions(member.organization_id).annotate(
        this_first_day=this_period,
        counter_count=_told(member, OuterRef("this_first_day"), "counter"),
        period_achieved=_told(member, OuterRef("this_first_day"), "achieved"),
        times_achieved=_told(member, WHOLE_TIME, "achieved"),
        last_achieved_at=Subquery(last.values("happened_at")[:1]),
    )
    return rows.annotate(
        completed=_whether(Q(times_achieved__gte=F("max_repetitions"))),
        in_progress=_whether(Q(counter_count__gt=0, counter_count__lt=F("goal_count"))),
    )


def _told(member: Member, first_day: date | OuterRef, name: str) -> Coalesce:
    rows = MissionProgress.objects.filter(member=member, mission=OuterRef("pk"), first_day=first_day)
    return Coalesce(Subquery(rows.values(name)[:1]), Value(0), output_field=IntegerField())


def _whether(condition: Q) -> ExpressionWrapper[Q]:
    return ExpressionWrapper(condition, output_field=BooleanField())


def _would_count(member: Member, at: datetime) -> Q:
    """By everything but the audience, and what only an event can say, its items."""
    places = Enrollment.objects.filter(
        member=member, member__active=True, program=OuterRef("program"), program__active=True
    )
    return (
        Q(active=True)
        & (Q(valid_from__isnull=True) | Q(valid_from__lte=at))
        & (Q(valid_to__isnull=True) | Q(valid_to__gt=at))
        & Q(Exists(places))
        & Q(times_achieved__lt=F("max_repetitions"))
        & (Q(period_limit__isnull=True) | Q(period_achieved__lt=F("period_limit")))
    )


def _audiences(member: Member, at: datetime) -> list[int]:
    """Those of the audiences that active missions ask for to which the member belongs."""
    asking = list_missions(member.organization_id).filter(active=True, audience=OuterRef("pk"))
    audiences: list[Audience] = list(list_audiences(member.organization_id).filter(Exists(asking)))
    # Of the member's places only rules speak.
    document = member_document(member) if audiences else {}
    return [audience.pk for audience in matching_audiences(document, audiences, at=at)]
