"""Missions go along with their member: in a merge, an export, an erasure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from campaigns.models import MissionAchievement, MissionProgress, MissionStep
from members.models import Member
from members.services import Belongings

_JOIN = """
INSERT INTO campaigns_missionprogress (mission_id, member_id, first_day, counter, achieved)
SELECT mission_id, %s, first_day, counter, achieved FROM campaigns_missionprogress WHERE member_id = %s
ON CONFLICT (member_id, mission_id, first_day) DO UPDATE
  SET counter = campaigns_missionprogress.counter + excluded.counter,
      achieved = campaigns_missionprogress.achieved + excluded.achieved
"""


def move_missions(kept: Member, merged: Member) -> None:
    """Make every line of the merged member's journal, and every achievement, the kept one's, and add up how far both
    are. A goal that both have reached together is achieved when the mission is counted next; what both achieved
    together may be more than one member can.

    Whoever counts waits for the members.
    """
    rows = MissionProgress.objects.select_for_update(no_key=True).filter(member__in=(kept, merged))
    list(rows.order_by("member_id", "mission_id", "first_day").values_list("pk", flat=True))
    MissionStep.objects.filter(member=merged).update(member=kept)
    MissionAchievement.objects.filter(member=merged).update(member=kept)
    with connection.cursor() as cursor:
        cursor.execute(_JOIN, [kept.pk, merged.pk])
    MissionProgress.objects.filter(member=merged).update(counter=0, achieved=0)


def parts_of_missions(member: Member) -> Iterator[dict[str, Any]]:
    """Every line of the member's journal, and every achievement, oldest first."""
    for step in MissionStep.objects.filter(member=member).select_related("mission").order_by("pk").iterator():
        yield {
            "part": "missionStep",
            "mission": step.mission.name,
            "kind": step.kind,
            "counted": step.amount,
            "takenBack": step.taken,
            "externalId": step.external_id,
            "description": step.description,
            "tags": step.tags,
            "happenedAt": step.happened_at,
            "at": step.created_at,
        }
    achieved = MissionAchievement.objects.filter(member=member).select_related("mission").order_by("pk")
    for achievement in achieved.iterator():
        yield {
            "part": "missionAchievement",
            "mission": achievement.mission.name,
            "number": achievement.number,
            "points": achievement.points,
            "transactionId": achievement.transaction_id,
            "happenedAt": achievement.happened_at,
            "at": achievement.created_at,
        }


def forget_missions(member: Member) -> None:
    """Blank what callers wrote beside what they counted; that it was counted stays."""
    written = ~Q(description="") | ~Q(external_id="") | ~Q(tags=[])
    MissionStep.objects.filter(written, member=member).update(description="", external_id="", tags=[])


def count_missions(member: Member, at: datetime) -> int:
    """How many missions the member has begun."""
    begun = MissionProgress.objects.filter(Q(counter__gt=0) | Q(achieved__gt=0), member=member)
    return begun.values("mission").distinct().count()


MISSIONS = Belongings("Missions", move_missions, parts_of_missions, forget_missions, count_missions)
