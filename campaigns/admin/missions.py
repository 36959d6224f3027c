"""Missions on the console: what members are to do, how far they are, and what it gave; and on a member's page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Case, Q, QuerySet, When
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from campaigns.admin.mission_acts import MISSION_ACTS, CountMission, CreateMission
from campaigns.models import Mission, MissionAchievement
from campaigns.selectors import missions_to_show
from campaigns.selectors.mission_numbers import (
    REACH,
    MissionNumbers,
    account_of_mission,
    count_achieved,
    count_begun,
    numbers_of_mission,
)
from ledger.admin import Figure, PointsAdmin, points, points_by_account
from ledger.errors import NoDefaultAccount
from ledger.models import LedgerAccount
from loyalty.kernel.desk import Act, Panel, link_to, number, seat_of, state, when
from loyalty.kernel.desk.charts import DAYS, days_panel, last_days
from loyalty.kernel.desk.display import NOTHING
from members.models import Member

SHOWN = 20


@admin.register(Mission)
class MissionAdmin(PointsAdmin):
    """Something members do several times, and are given points for."""

    reads = "campaigns:read"
    asked = frozenset({"active__exact"})
    list_display = ["name", "code", "stands", "program", "counts", "goal", "valid"]
    list_select_related = ["program"]
    list_filter = ["active"]
    search_fields = ["name", "code"]
    search_help_text = "A part of the name or the code"
    ordering = ("-pk",)
    creates = CreateMission
    acts = MISSION_ACTS
    says_empty = (
        "A mission is something members do several times, like buying ten coffees, and are given points for. Make the"
        " first one: say what counts, how many make it, and what it gives."
    )
    facts = (
        ("Mission", ("stands", "program", "code", "key", "type", "labels", "valid")),
        ("Counts", ("counts", "matcher", "audience", "goal", "most", "begins_anew", "in_period")),
        ("Gives", ("worth", "paid_in")),
        ("Told as", ("short_description", "description", "picture_url")),
    )

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a reading page speaks of."""
        related = ("organization", "program__main_account", "account", "audience", "matcher")
        return super().everything(request).select_related(*related)

    def find(self, request: HttpRequest, term: str, most: int) -> Iterable[Mission]:
        """By a part of the name, or by the code."""
        named = Q(code=term) | Q(name__icontains=term)
        return (
            super().get_queryset(request).filter(named).order_by(Case(When(code=term, then=0), default=1), "-pk")[:most]
        )

    # --- the reading page ---
    def figures(self, request: HttpRequest, target: Any, at: datetime) -> Sequence[Figure]:
        """How many began it, how often it was achieved, what was given."""
        since = last_days(at, target.organization.timezone).since
        target.numbers = numbers = numbers_of_mission(target, since=since)
        lately = [(f"in {DAYS} days", number(sum(numbers.achieved.values())))]
        figures = [
            Figure("Members who have begun", number(count_begun(target)), []),
            Figure("Achieved", number(count_achieved(target)), lately),
        ]
        if seat_of(request).may("ledgers:read", target.organization_id):
            figures.append(Figure("Points given", points_by_account(numbers.points), [("in", f"{DAYS} days")]))
        return figures

    def panels(self, request: HttpRequest, target: Any, at: datetime) -> Iterable[Panel]:
        """Its numbers over time, and who achieved it last."""
        yield _numbers_panel(target, target.numbers, at)
        if seat_of(request).may("members:read", target.organization_id):
            yield _newest_panel(target)

    # --- columns and facts ---
    @admin.display(description="State")
    def stands(self, mission: Mission) -> SafeString:
        """Whether it counts."""
        return state("active" if mission.active else "inactive")

    @admin.display(description="Counts")
    def counts(self, mission: Mission) -> str:
        """What is counted."""
        return mission.get_event_type_display()

    @admin.display(description="Goal")
    def goal(self, mission: Mission) -> SafeString:
        """How many are one achievement."""
        return number(mission.goal_count)

    @admin.display(description="Most achievements")
    def most(self, mission: Mission) -> SafeString:
        """How often a member can achieve it."""
        return number(mission.max_repetitions)

    @admin.display(description="Begins anew each")
    def begins_anew(self, mission: Mission) -> Any:
        """Its period."""
        return mission.get_repetition_period_display().lower() if mission.repetition_period else "never"

    @admin.display(description="Most in a period")
    def in_period(self, mission: Mission) -> Any:
        """How often in a period."""
        return number(mission.period_limit) if mission.period_limit is not None else "no limit"

    @admin.display(description="Valid")
    def valid(self, mission: Mission) -> Any:
        """From when to when."""
        ends = [when(moment) if moment else NOTHING for moment in (mission.valid_from, mission.valid_to)]
        return (
            format_html_join(" – ", "{}", ((end,) for end in ends))
            if mission.valid_from or mission.valid_to
            else "always"
        )

    @admin.display(description="Tags")
    def labels(self, mission: Mission) -> Any:
        """Its tags."""
        return ", ".join(mission.tags) or NOTHING

    @admin.display(description="Points for each achievement")
    def worth(self, mission: Mission) -> Any:
        """What it gives."""
        account = _account(mission)
        return NOTHING if not mission.points or account is None else points(mission.points, account)

    @admin.display(description="Given in")
    def paid_in(self, mission: Mission) -> Any:
        """The account."""
        return _account(mission) or NOTHING


def _account(mission: Mission) -> LedgerAccount | None:
    try:
        return account_of_mission(mission)
    except NoDefaultAccount:
        return None


def _numbers_panel(mission: Mission, numbers: MissionNumbers, at: datetime) -> Panel:
    """What was counted and achieved on each day."""
    note = "What was taken back does not count."
    if numbers.is_cut:
        note += f" Only the newest {REACH:,} lines were added up."
    days = last_days(at, mission.organization.timezone).days
    says = "Counted and achieved on each day; the table below has the figures."
    return days_panel(days, {"Counted": numbers.counted, "Achieved": numbers.achieved}, says=says, note=note)


def _newest_panel(mission: Mission) -> Panel:
    newest = MissionAchievement.objects.filter(mission=mission).select_related("member", "transaction__account")
    rows = [
        (
            link_to(one.member),
            number(one.number),
            points(one.points, one.transaction.account) if one.transaction is not None else NOTHING,
            when(one.happened_at),
        )
        for one in newest.order_by("-pk")[:SHOWN]
    ]
    return Panel("Achieved last", ("Member", "For the … time", "Points", "When"), rows, empty="Nobody has yet.")


class MissionsOnMembers:
    """What missions put on a member's page."""

    acts: Sequence[type[Act]] = (CountMission,)

    def panels(self, request: HttpRequest, member: Member, at: datetime) -> Iterable[Panel]:
        """The missions that count now and those the member has begun, for those who may see campaigns."""
        if not seat_of(request).may("campaigns:read", member.organization_id):
            return
        shown = missions_to_show(member, member.organization.timezone, at=at, most=SHOWN + 1)
        rows = [
            (
                link_to(mission),
                f"{mission.counter_count} of {mission.goal_count}",
                number(mission.times_achieved),
                when(mission.last_achieved_at) if mission.last_achieved_at else NOTHING,
                state("completed" if mission.completed else "active" if mission.available else "inactive"),
            )
            for mission in shown[:SHOWN]
        ]
        headers = ("Mission", "Counted", "Achieved", "Last", "State")
        note = f"The first {SHOWN}; there are more." if len(shown) > SHOWN else ""
        yield Panel("Missions", headers, rows, empty="There is no mission for this member now.", note=note)
