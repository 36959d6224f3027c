"""Evaluates events: asks campaigns, then missions, then referrals, and writes down what came of it, once
(semantics 7.3).
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress
from typing import Any, Protocol

import structlog
from django.db import transaction

from campaigns.selectors.occasions import Occasion, Weighed, weigh
from campaigns.selectors.playbook import Playbook, playbook_of
from campaigns.services.hearing import causing
from campaigns.services.mission_stage import Missions
from campaigns.services.returning import lock_orders, take_back
from campaigns.services.rewarding import Referrals
from campaigns.services.running import RETURNED, UNDONE, Row, Run
from loyalty.kernel.actors import Actor
from loyalty.kernel.kept import update_row
from loyalty.kernel.services import create_job
from members.models import LoyaltyEvent, PurchaseOrder

Status = LoyaltyEvent.Status
RETRY = "retry_event"
log = structlog.get_logger(part=__name__)


class Stage(Protocol):
    """One thing that is asked about events."""

    def weigh(self, book: Playbook, occasions: Sequence[Occasion]) -> list[Any]:
        """What there is to do for each occasion; writes nothing."""

    def wants(self, plan: Any) -> bool:
        """Whether the plan may do anything."""

    def prepare(self, run: Run, pairs: Sequence[tuple[Occasion, Any]]) -> None:
        """Lock what the plans count, for all of them at once."""

    def do(self, run: Run, occasion: Occasion, plan: Any, earlier: Sequence[Row]) -> list[Row]:
        """Do it, but for what `earlier` rows tell was done; what waits in the run's purse is complete when that is
        flushed.
        """


class Campaigns:
    """Campaigns, as the first thing that is asked."""

    def weigh(self, book: Playbook, occasions: Sequence[Occasion]) -> list[list[Weighed]]:
        """What the conditions of the campaigns that hear an occasion say of it."""
        return weigh(book.plays, occasions, book.zone)

    def wants(self, plan: list[Weighed]) -> bool:
        """Whether a campaign applies and has an action."""
        return any(one.failed is None and one.play.actions for one in plan)

    def prepare(self, run: Run, pairs: Sequence[tuple[Occasion, list[Weighed]]]) -> None:
        """Lock the monthly limits."""
        run.lock_limits(pairs)

    def do(self, run: Run, occasion: Occasion, plan: list[Weighed], earlier: Sequence[Row]) -> list[Row]:
        """Run the actions."""
        mine = [row for row in earlier if "actionId" in row]
        open_ = {row["actionId"] for row in mine if row["result"] in UNDONE}
        done = {row["actionId"] for row in mine if row["result"] not in (*UNDONE, RETURNED)} - open_
        return run.do(occasion, plan, done)


STAGES: tuple[Stage, ...] = (Campaigns(), Missions(), Referrals())


@dataclass
class Plan:
    """Some occasions, and what each stage has to do for each of them."""

    book: Playbook
    occasions: list[Occasion]
    stages: list[list[Any]] = field(default_factory=list)

    def wants(self, index: int) -> bool:
        """Whether anything may be done for this occasion."""
        return any(stage.wants(plans[index]) for stage, plans in zip(STAGES, self.stages, strict=True))

    def without(self, idle: Sequence[bool]) -> Plan:
        """The same for those occasions that are not idle."""
        occasions, stages = (
            [list(compress(held, map(operator.not_, idle))) for held in columns]
            for columns in ([self.occasions], self.stages)
        )
        return Plan(self.book, occasions[0], stages)

    def idle_rows(self, index: int, run: Run) -> list[Row]:
        """What there is to say of an occasion for which nothing is to be done."""
        occasion = self.occasions[index]
        return [
            row
            for stage, plans in zip(STAGES, self.stages, strict=True)
            for row in stage.do(run, occasion, plans[index], ())
        ]


def plan_for(organization_id: int, occasions: Sequence[Occasion]) -> Plan:
    """What there is to do for these occasions of one organization; writes nothing."""
    if not occasions:
        return Plan(Playbook("UTC", ()), [], [[] for _ in STAGES])
    return plan_with(playbook_of(organization_id), occasions)


def plan_with(book: Playbook, occasions: Sequence[Occasion]) -> Plan:
    """The same, asked of this playbook."""
    return Plan(book, list(occasions), [stage.weigh(book, occasions) for stage in STAGES])


def close_idle(plan: Plan, *, actor: Actor, at: datetime) -> list[bool]:
    """Have the events for which nothing is to be done say so, before they are written; answers for each whether it is
    one of them. The others wait.
    """
    idle = []
    for index, occasion in enumerate(plan.occasions):
        waits = plan.wants(index)
        event = occasion.event
        event.status = Status.PENDING if waits else Status.SUCCESS
        if not waits:
            run = Run(event.organization_id, plan.book.zone, actor, at)
            event.execution_results = [*event.execution_results, *plan.idle_rows(index, run)]
        idle.append(not waits)
    return idle


def evaluate(plan: Plan, *, actor: Actor, at: datetime) -> None:
    """Do what the plan says for those of its events that wait, and then for the events that effects told. Each
    event is done once, whoever else tries; one that fails in a way that may pass is tried again later.
    """
    while plan.occasions:
        children = _evaluate_once(plan, actor=actor, at=at)
        plan = plan_for(plan.occasions[0].event.organization_id, children)


def _evaluate_once(plan: Plan, *, actor: Actor, at: datetime) -> list[Occasion]:
    try:
        with transaction.atomic():
            return _run(plan, actor=actor, at=at)
    except Exception:
        # Whatever it was, the events are there, and an answer is owed.
        log.exception("evaluation_broke", events=[occasion.event.pk for occasion in plan.occasions])
        _fail_all([occasion.event for occasion in plan.occasions], actor=actor, at=at)
        return []


def evaluate_written(plan: Plan, *, actor: Actor, at: datetime) -> list[Occasion]:
    """Do what the plan says, in the transaction that wrote its events and wrote or locked the orders behind them.
    Answers the events that effects told, which are to be asked about when that has committed.
    """
    if not plan.occasions:
        return []
    return _do(plan, list(range(len(plan.occasions))), {}, actor=actor, at=at)


def _run(plan: Plan, *, actor: Actor, at: datetime) -> list[Occasion]:
    mine = _claim(plan)
    return _do(plan, mine, lock_orders(plan.occasions[index] for index in mine), actor=actor, at=at)


def _do(
    plan: Plan, mine: Sequence[int], orders: Mapping[int, PurchaseOrder], *, actor: Actor, at: datetime
) -> list[Occasion]:
    """Do those of the plan's events that are `mine`; `orders` may have changed since their events told of them."""
    run = Run(plan.occasions[0].event.organization_id, plan.book.zone, actor, at)
    asked = list(zip(STAGES, plan.stages, strict=True))
    for stage, plans in asked:
        stage.prepare(run, [(plan.occasions[index], plans[index]) for index in mine])
    found: dict[int, list[Row]] = {}
    with causing([plan.occasions[index] for index in mine]):
        for index in mine:
            occasion = plan.occasions[index]
            earlier = occasion.event.execution_results
            found[index] = [row for row in earlier if row["result"] not in UNDONE]
            for stage, plans in asked:
                found[index] += stage.do(run, occasion, plans[index], earlier)
        run.finish()
    _catch_up(plan, mine, orders, run)
    for index, rows in found.items():
        event = plan.occasions[index].event
        retried = event.status == Status.FAILED
        event.execution_results = rows
        event.status = Status.FAILED if any(row["result"] == "failed" for row in rows) else Status.SUCCESS
        if not retried and any(_may_pass(row) for row in rows):
            try_again(event, actor=actor, at=at)
    _save([plan.occasions[index].event for index in mine])
    return run.children


def _catch_up(plan: Plan, mine: Sequence[int], orders: Mapping[int, PurchaseOrder], run: Run) -> None:
    """An order may have changed before what was to be given for it was given: what that took was too little."""
    late = {}
    for occasion in (plan.occasions[index] for index in mine):
        order = orders.get(occasion.order_id or 0)
        if order is not None and order.updated_at != occasion.order_event.created_at:
            late[order.pk] = order
    if late:
        take_back(list(late.values()), run=run)
        for order in late.values():
            order.save(update_fields=["shortfall"])


def _save(events: Sequence[LoyaltyEvent]) -> None:
    if len(events) > 1:
        LoyaltyEvent.objects.bulk_update(events, ["status", "execution_results"], batch_size=500)
        return
    for event in events:
        update_row(event, ("status", "execution_results"))


def _claim(plan: Plan) -> list[int]:
    """Take the events that nobody has done yet, and lock them; answers which. Those somebody else has done are read
    again, so that they can be answered.
    """
    rows = {occasion.event.pk: index for index, occasion in enumerate(plan.occasions)}
    waiting = LoyaltyEvent.objects.filter(pk__in=list(rows), status__in=[Status.PENDING, Status.FAILED])
    if waiting.update(status=Status.RUNNING) == len(rows):
        return list(rows.values())
    mine = []
    for event in LoyaltyEvent.objects.filter(pk__in=list(rows)):
        if event.status == Status.RUNNING:
            mine.append(rows[event.pk])
        else:
            known = plan.occasions[rows[event.pk]].event
            known.status, known.execution_results = event.status, event.execution_results
    return sorted(mine)


def _may_pass(row: Row) -> bool:
    """Whether it failed in a way that may pass; a rule that cannot be asked will not."""
    return bool(row["result"] == "failed" and row["error"]["code"] != "RULE_FAILED")


def try_again(event: LoyaltyEvent, *, actor: Actor, at: datetime) -> None:
    """Have a worker ask about an event again that failed."""
    create_job(
        kind=RETRY,
        organization_id=event.organization_id,
        actor=actor,
        at=at,
        unique_key=str(event.pk),
        params={"event_id": event.pk},
        progress_total=1,
    )


@transaction.atomic
def _fail_all(events: Sequence[LoyaltyEvent], *, actor: Actor, at: datetime) -> None:
    for event in events:
        event.status = Status.FAILED
        if LoyaltyEvent.objects.filter(pk=event.pk, status=Status.PENDING).update(status=Status.FAILED):
            try_again(event, actor=actor, at=at)
