"""Asks missions about events, and counts those that want it (semantics 11.1 to 11.3): the stage behind campaigns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from campaigns.errors import MissionCompleted, MissionPeriodFull
from campaigns.models import MissionStep
from campaigns.selectors.mission_plays import PlayMission
from campaigns.selectors.mission_weighing import WeighedMission, weigh_missions
from campaigns.selectors.occasions import Occasion
from campaigns.selectors.playbook import INCREMENT, Playbook
from campaigns.services.counting import Counted, Wish
from campaigns.services.running import RETURNED, UNDONE, Row, Run
from loyalty.kernel.errors import DomainError

# What a full mission says, as a condition.
_FULL: dict[type[DomainError], str] = {MissionCompleted: "maxRepetitions", MissionPeriodFull: "periodLimit"}


@dataclass(slots=True)
class MissionPlan:
    """What missions have to do with one occasion: those that hear it, and those that effects of campaigns may count."""

    counts: list[WeighedMission]
    named: list[PlayMission]


class Missions:
    """Missions, as the second thing that is asked."""

    def weigh(self, book: Playbook, occasions: Sequence[Occasion]) -> list[MissionPlan]:
        """What the conditions of the missions that hear an occasion say of it."""
        found = weigh_missions(book.missions, occasions)
        return [MissionPlan(counts, _named(book, occasion)) for counts, occasion in zip(found, occasions, strict=True)]

    def wants(self, plan: MissionPlan) -> bool:
        """Whether a mission is to be counted, or could not be asked."""
        return any(one.amount or one.error for one in plan.counts)

    def prepare(self, run: Run, pairs: Sequence[tuple[Occasion, MissionPlan]]) -> None:
        """Lock the progress, also what effects will count: nothing of it is locked behind a balance."""
        run.counts.lock(
            spot
            for occasion, plan in pairs
            for mission in [*(one.mission for one in plan.counts if one.amount), *plan.named]
            for spot in run.counts.spots_of(mission, occasion.member.pk, occasion.happened_at)
        )

    def do(self, run: Run, occasion: Occasion, plan: MissionPlan, earlier: Sequence[Row]) -> list[Row]:
        """Count what is to be counted."""
        said = [row for row in earlier if row["result"] not in (*UNDONE, RETURNED) and row.get("campaignId") is None]
        done = {row.get("missionId") for row in said}
        return [row for one in plan.counts if one.mission.id not in done for row in _rows(run, occasion, one)]


def _named(book: Playbook, occasion: Occasion) -> list[PlayMission]:
    caused = bool(occasion.event.depth)
    return [mission for play, all in book.counting if play.hears(occasion.types, caused=caused) for mission in all]


def mission_row(mission: Any, **more: Any) -> Row:
    """A line of an event's results about a mission."""
    return {
        "effectType": INCREMENT,
        "campaignId": None,
        "actionId": None,
        "missionId": mission.id,
        "missionCode": mission.code,
        **more,
    }


def _rows(run: Run, occasion: Occasion, one: WeighedMission) -> list[Row]:
    mission = one.mission
    if one.error:
        error = {"code": "RULE_FAILED", "message": one.error}
        return [mission_row(mission, result="failed", error=error)]
    if one.failed is not None:
        return [mission_row(mission, result="not-matched", condition=one.failed, held=one.held)]
    if not one.amount:
        return [mission_row(mission, result="nothing", amount=0)]
    try:
        counted = run.counts.count(_wish(occasion, one), run.accounts)
    except (MissionCompleted, MissionPeriodFull) as error:
        return [mission_row(mission, result="not-matched", condition=_FULL[type(error)], held=one.held)]
    except DomainError as error:
        return [mission_row(mission, result="failed", error={"code": error.code, "message": error.message})]
    rows = [mission_row(mission), *(mission_row(mission, effectType="mint-points") for _ in counted.paid)]
    counted.tell = lambda: _fill(rows, counted)
    if counted.is_settled:
        counted.tell()
    return rows


def _wish(occasion: Occasion, one: WeighedMission) -> Wish:
    matcher = one.mission.matcher
    return Wish(
        mission=one.mission,
        member=occasion.member,
        amount=one.amount,
        happened_at=occasion.happened_at,
        kind=MissionStep.Kind.EVENT,
        event=occasion.event,
        order_id=occasion.order_id,
        external_event_at=occasion.event.external_event_at,
        words={"rule": matcher.text if matcher is not None else ""},
    )


def _fill(rows: Sequence[Row], counted: Counted) -> None:
    """Say what was counted, and of each achievement that is worth points what was given."""
    if counted.error is not None:
        for row in rows:
            row |= {"result": "failed", "error": {"code": counted.error.code, "message": counted.error.message}}
        return
    balance = counted.step.balance
    said = {name: balance[name] for name in ("counterCount", "goalCount", "timesAchieved", "completed")}
    rows[0].update(result="applied", amount=counted.step.amount, **said)
    for row, achievement in zip(rows[1:], counted.paid, strict=True):
        row |= {"result": "applied", "amount": achievement.points}
        row["ledgerTransactionId"] = str(achievement.transaction_id)
