"""Proves the missions: counts again from their journal how far members are, and asks the ledger for what was paid."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from campaigns.models import WHOLE_TIME
from campaigns.models.triggers import MISSIONS
from ledger.services import Finding, Proof, prove

# What the journal says is counted and not used up, and how much is achieved, for each member, mission and period.
_JOURNAL = """
SELECT member_id, mission_id, first_day, SUM(counted) AS counted, SUM(achieved) AS achieved FROM (
  SELECT member_id, mission_id, first_day, amount - taken AS counted, 0 AS achieved FROM campaigns_missionstep
  UNION ALL
  SELECT member_id, mission_id, first_day, -spent, 1 FROM campaigns_missionachievement
) lines GROUP BY member_id, mission_id, first_day"""

PROOFS = (
    Proof(
        "mission-counters-equal-journal",
        "what is counted of the member's mission, or achieved in its period, differs from its journal",
        f"""
SELECT p.id, p.counter - COALESCE(j.counted, 0), 0
FROM campaigns_missionprogress p JOIN campaigns_mission m ON m.id = p.mission_id
LEFT JOIN ({_JOURNAL}) j ON j.member_id = p.member_id AND j.mission_id = p.mission_id AND j.first_day = p.first_day
WHERE {{organization}} AND (p.counter <> COALESCE(j.counted, 0)
  OR (p.first_day <> '{WHOLE_TIME}' AND p.achieved <> COALESCE(j.achieved, 0)))
ORDER BY p.id""",
    ),
    Proof(
        "mission-achievements-counted",
        "the number of the member's achievements differs from those there are",
        f"""
SELECT p.id, p.achieved - COALESCE(a.achieved, 0), 0
FROM campaigns_missionprogress p JOIN campaigns_mission m ON m.id = p.mission_id
LEFT JOIN (SELECT member_id, mission_id, COUNT(*) AS achieved FROM campaigns_missionachievement
           GROUP BY member_id, mission_id) a ON a.member_id = p.member_id AND a.mission_id = p.mission_id
WHERE {{organization}} AND p.first_day = '{WHOLE_TIME}' AND p.achieved <> COALESCE(a.achieved, 0)
ORDER BY p.id""",
    ),
    Proof(
        "mission-points-equal-ledger",
        "the achievement's points differ from what was minted for it",
        """
SELECT a.id, a.points - COALESCE(t.amount, 0), 0
FROM campaigns_missionachievement a JOIN campaigns_mission m ON m.id = a.mission_id
LEFT JOIN ledger_transaction t ON t.id = a.transaction_id AND t.kind = 'mint' AND t.unique_key = a.unique_key
WHERE {organization} AND a.points <> COALESCE(t.amount, 0)
ORDER BY a.id""",
    ),
    Proof(
        "missions-follow-merges",
        "the line belongs to a member who was merged into another",
        """
SELECT s.id, 0, 0
FROM members_member g JOIN campaigns_missionstep s ON s.member_id = g.id JOIN campaigns_mission m ON m.id = s.mission_id
WHERE {organization} AND g.merged_into_id IS NOT NULL
ORDER BY s.id""",
    ),
)


def check_missions(organization_id: int | None = None) -> Iterator[Finding]:
    """Every place where the missions of an organization (or of all) do not agree with their journal, or the ledger;
    nothing where they do. `check_books` runs it beside the ledger's own.
    """
    yield from prove(
        PROOFS,
        column="m.organization_id",
        organization_id=organization_id,
        missing=MISSIONS.missing(connection),
        guards="mission-journal-triggers",
    )
