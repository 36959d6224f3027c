"""Missions as events are asked about them: compiled, and kept with the campaigns."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from campaigns.models import WHOLE_TIME, Mission
from loyalty.expressions import Rule, compile_text
from loyalty.kernel.clock import local_day

Period = Mission.Period


@dataclass(frozen=True, slots=True)
class PlayMission:
    """A mission, ready to be asked."""

    id: int
    key: str
    code: str
    name: str
    program_id: int
    event_type: str
    audience_id: int | None
    matcher: Rule | None
    valid_from: datetime | None
    valid_to: datetime | None
    goal: int
    most: int
    period: str
    period_limit: int | None
    points: int
    ledger_id: int | None
    account_id: int | None

    def hears(self, types: Collection[str]) -> bool:
        """Whether it counts events of these types."""
        return self.event_type in types

    def is_valid_at(self, at: datetime) -> bool:
        """Whether `at` is within its time."""
        return (self.valid_from is None or self.valid_from <= at) and (self.valid_to is None or at < self.valid_to)

    def first_day(self, at: datetime, zone: str) -> date:
        """The first local day of the period that `at` lies in."""
        return first_days(local_day(at, zone))[self.period]


def first_days(day: date) -> dict[str, date]:
    """The first days of the periods that a day lies in, by their names; without a period it is the whole time."""
    return {
        "": WHOLE_TIME,
        Period.DAY.value: day,
        Period.WEEK.value: day - timedelta(days=day.weekday()),
        Period.MONTH.value: day.replace(day=1),
        Period.YEAR.value: day.replace(month=1, day=1),
    }


def missions_of(organization_id: int, zone: str) -> tuple[PlayMission, ...]:
    """The organization's active missions, by number."""
    active = Mission.objects.filter(organization_id=organization_id, active=True).select_related("matcher")
    return tuple(mission_play(mission, zone) for mission in active.order_by("pk"))


def mission_play(mission: Mission, zone: str) -> PlayMission:
    """One mission; its matcher should be at hand."""
    return PlayMission(
        id=mission.pk,
        key=mission.key,
        code=mission.code,
        name=mission.name,
        program_id=mission.program_id,
        event_type=mission.event_type,
        audience_id=mission.audience_id,
        matcher=compile_text(mission.matcher.rule, zone) if mission.matcher is not None else None,
        valid_from=mission.valid_from,
        valid_to=mission.valid_to,
        goal=mission.goal_count,
        most=mission.max_repetitions,
        period=mission.repetition_period,
        period_limit=mission.period_limit,
        points=mission.points or 0,
        ledger_id=mission.ledger_id,
        account_id=mission.account_id,
    )
