"""What a mission did over time: how much was counted and achieved on each day, and the points given for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from campaigns.models import Mission, MissionAchievement, MissionProgress, MissionStep
from ledger.models import LedgerAccount
from loyalty.kernel.clock import zone_of
from members.selectors import resolve_account

# Whoever looks at a mission waits for it: of more than these only the newest are added up, or the first counted.
REACH = 50_000


@dataclass(frozen=True, slots=True)
class MissionNumbers:
    """What was counted (less what was taken back) and achieved by day, and points given by account. `is_cut`: there is
    more than was looked at.
    """

    counted: Mapping[date, int]
    achieved: Mapping[date, int]
    points: Mapping[int, int]
    is_cut: bool = False


def numbers_of_mission(mission: Mission, *, since: datetime) -> MissionNumbers:
    """The mission's numbers from `since` on, by the days of its organization's time zone; a few queries."""
    zone = zone_of(mission.organization.timezone)
    is_cut = False
    found: list[QuerySet[Any]] = []
    for model in (MissionStep, MissionAchievement):
        lines: Any = model._default_manager.filter(mission=mission)
        edge = list(lines.order_by("-pk").values_list("pk", "created_at")[REACH : REACH + 1])
        is_cut = is_cut or bool(edge and edge[0][1] >= since)
        newest = lines.filter(pk__gt=edge[0][0]) if edge else lines
        found.append(newest.filter(created_at__gte=since).order_by())
    by_day = (lines.annotate(day=TruncDate("created_at", tzinfo=zone)).values_list("day") for lines in found)
    counted, achieved = (dict(days.annotate(n=n)) for days, n in zip(by_day, (_NET, Count("pk")), strict=True))
    paid = found[1].filter(points__gt=0).values_list("transaction__account")
    return MissionNumbers(counted, achieved, dict(paid.annotate(total=Sum("points"))), is_cut)


_NET = Sum(F("amount") - F("taken"))


def count_begun(mission: Mission) -> int:
    """How many members have begun it, up to REACH."""
    begun = MissionProgress.objects.filter(Q(counter__gt=0) | Q(achieved__gt=0), mission=mission)
    return begun.order_by().values("member").distinct()[:REACH].count()


def count_achieved(mission: Mission) -> int:
    """How often it was achieved, up to REACH."""
    return MissionAchievement.objects.filter(mission=mission)[:REACH].count()


def account_of_mission(mission: Mission) -> LedgerAccount:
    """The account its points are of: the one named, else the main one of its program.

    :raises NoDefaultAccount: where none is named, and none is set.
    """
    if mission.account is not None:
        return mission.account
    if mission.ledger_id is None and mission.program.main_account is not None:
        return mission.program.main_account
    return resolve_account(mission.organization_id, ledger_id=mission.ledger_id or mission.program.ledger_id)
