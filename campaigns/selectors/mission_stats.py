"""Who began and achieved missions in a stretch of time; what a return took back wholly was never counted (14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, QuerySet, Sum

from campaigns.models import WHOLE_TIME, Mission, MissionAchievement
from campaigns.selectors.missions import list_missions
from loyalty.kernel.selectors import holding
from loyalty.kernel.windows import Window
from members.models import Member

# Of whom something was counted in the time, each once in a mission.
_SEEN = """
SELECT DISTINCT mission_id, member_id FROM campaigns_missionstep
WHERE organization_id = %s AND taken < amount AND happened_at >= %s AND happened_at < %s"""

_BY_MISSION = f"""
SELECT mission_id, COUNT(*), SUM(CASE WHEN EXISTS (
    SELECT 1 FROM campaigns_missionstep AS earlier
    WHERE earlier.member_id = seen.member_id AND earlier.mission_id = seen.mission_id
      AND earlier.taken < earlier.amount AND earlier.happened_at < %s
) THEN 0 ELSE 1 END) FROM ({_SEEN}) AS seen GROUP BY mission_id"""

_MEMBERS = "SELECT COUNT(DISTINCT member_id) FROM ({seen}) AS seen WHERE mission_id IN ({missions})"

_COMPLETIONS = """
SELECT completions, COUNT(*) FROM (
    SELECT SUM(achieved) AS completions FROM campaigns_missionprogress
    WHERE mission_id IN ({missions}) AND first_day = %s AND achieved > 0 GROUP BY member_id
) AS done GROUP BY completions ORDER BY completions LIMIT %s"""


@dataclass(frozen=True, slots=True)
class MissionFigures:
    """Of one mission: how many members something was counted of, of how many of them for the first time, and how often
    it was achieved, for how many points in smallest units.
    """

    mission_id: int
    started: int = 0
    achieved: int = 0
    members: int = 0
    points: int = 0


def missions_tagged(organization_id: int, tag: str) -> list[int]:
    """The numbers of the organization's missions, of those with the tag where one is named."""
    missions: QuerySet[Mission] = list_missions(organization_id)
    return list((holding(missions, "tags", [tag]) if tag else missions).order_by("pk").values_list("pk", flat=True))


def figures_of_missions(organization_id: int, window: Window, *, tag: str = "") -> list[MissionFigures]:
    """The figures of each mission (with the tag), by number; three queries."""
    seen = {mission: (int(members), int(started)) for mission, members, started in _seen(organization_id, window)}
    done = _achieved(organization_id, window).values_list("mission").annotate(count=Count("*"), points=Sum("points"))
    achieved = {mission: (count, int(points)) for mission, count, points in done}
    found = []
    for pk in missions_tagged(organization_id, tag):
        (members, started), (count, points) = seen.get(pk, (0, 0)), achieved.get(pk, (0, 0))
        found.append(MissionFigures(pk, started, count, members, points))
    return found


def members_on_missions(organization_id: int, window: Window, mission_ids: Sequence[int]) -> int:
    """How many members something was counted of in any of the missions; one query."""
    if not mission_ids:
        return 0
    values = [organization_id, *_edges(window), *mission_ids]
    query = _MEMBERS.format(seen=_SEEN, missions=", ".join(["%s"] * len(mission_ids)))
    return int(_rows(query, values)[0][0])


def top_members(organization_id: int, window: Window, *, tag: str, most: int) -> list[tuple[Member, int]]:
    """Who achieved most in the missions (with the tag), and how often; among equals by number. Two queries, and
    one more for a tag.
    """
    achieved = _achieved(organization_id, window)
    if tag:
        achieved = achieved.filter(mission__in=missions_tagged(organization_id, tag))
    counts = achieved.values_list("member").annotate(count=Count("*")).order_by("-count", "member")[:most]
    found = dict(counts)
    members = Member.objects.only("loyalty_member_id").in_bulk(found)
    return [(members[pk], count) for pk, count in found.items()]


def members_by_completions(organization_id: int, *, most: int) -> list[tuple[int, int]]:
    """How many members achieved something once, twice and so on, over all missions and the whole time: the first `most`
    such numbers. Two queries.
    """
    missions = missions_tagged(organization_id, "")
    if not missions:
        return []
    query = _COMPLETIONS.format(missions=", ".join(["%s"] * len(missions)))
    return [(int(completions), members) for completions, members in _rows(query, [*missions, WHOLE_TIME, most])]


def _achieved(organization_id: int, window: Window) -> QuerySet[MissionAchievement]:
    mine = MissionAchievement.objects.filter(organization=organization_id)
    return mine.filter(happened_at__gte=window.since, happened_at__lt=window.until).order_by()


def _seen(organization_id: int, window: Window) -> list[Any]:
    since, until = _edges(window)
    return _rows(_BY_MISSION, [since, organization_id, since, until])


def _edges(window: Window) -> list[Any]:
    return [connection.ops.adapt_datetimefield_value(moment) for moment in (window.since, window.until)]


def _rows(query: str, values: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
