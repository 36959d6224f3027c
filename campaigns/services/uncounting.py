"""Takes back what orders counted for missions and no achievement has used up yet (semantics 8.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from campaigns.models import WHOLE_TIME, MissionStep
from campaigns.selectors.mission_weighing import quantity_of
from campaigns.selectors.occasions import Occasion
from campaigns.services.counting import Spot
from campaigns.services.mission_stage import mission_row
from campaigns.services.running import RETURNED, Row, Run
from loyalty.expressions import EvaluationError, compile_text, prepared
from members.errors import MemberGone
from members.models import PurchaseOrder
from members.selectors import order_document


def steps_of(orders: Sequence[PurchaseOrder]) -> list[MissionStep]:
    """What was counted for these orders and is not taken back yet; one query."""
    rows = MissionStep.objects.filter(order_id__in=[order.pk for order in orders], taken__lt=F("amount"))
    return list(rows.select_related("mission", "member", "event").order_by("-pk"))


def lock_steps(steps: Sequence[MissionStep], *, run: Run) -> None:
    """Lock the progress that these steps are part of: before any balance."""
    run.counts.lock(spot for step in steps for spot in (_spot(step), _spot(step)._replace(first_day=WHOLE_TIME)))


def uncount(
    steps: Sequence[MissionStep], orders: Mapping[int, PurchaseOrder], found: dict[int, list[Row]], *, run: Run
) -> None:
    """Take back what the orders, as they are in hand now, do not count for any more; what an achievement has used up
    stays, the oldest first. Of an order that is not over something goes back only by what its items are.
    """
    wanted = {step.pk: step.amount - step.taken - _kept(step, orders[step.order_id or 0], run.zone) for step in steps}
    due = [step for step in steps if wanted[step.pk] > 0]
    if not due:
        return
    newer = dict(_with_newer(due).values_list("pk", "newer"))
    changed = []
    before: dict[Spot, int] = {}
    for step in due:
        try:
            counter = before.setdefault(_spot(step), run.counts.standing(_spot(step)).counter)
        except MemberGone:
            continue
        left = min(step.amount - step.taken, max(0, counter - newer[step.pk]))
        take = min(wanted[step.pk], left)
        if not take:
            continue
        run.counts.uncount(_spot(step), take)
        step.taken += take
        changed.append(step)
        more: dict[str, Any] = {"amount": take, "kept": step.amount - step.taken}
        found[step.order_id or 0].append(mission_row(_Named(step), result=RETURNED, **more))
    MissionStep.objects.bulk_update(changed, ["taken"], batch_size=500)
    run.counts.save()


class _Named:
    """The mission of a step, as lines of results name it."""

    def __init__(self, step: MissionStep) -> None:
        self.id, self.code = step.mission_id, step.mission.code


def _spot(step: MissionStep) -> Spot:
    return Spot(step.member_id, step.mission_id, step.first_day)


def _kept(step: MissionStep, order: PurchaseOrder, zone: str) -> int:
    """How much of a step the order still counts for, before what was taken already."""
    if order.is_over:
        return 0
    left = step.amount - step.taken
    if not step.rule or step.event is None:
        return left
    document = prepared(order_document(order))
    values = Occasion(step.event, step.member, step.created_at, document).values
    try:
        return min(left, quantity_of(compile_text(step.rule, zone), document, values) or 0)
    except EvaluationError:
        return left


def _with_newer(steps: Sequence[MissionStep]) -> QuerySet[Any]:
    """The steps, each with what was counted in the same period after it."""
    later = MissionStep.objects.filter(
        member=OuterRef("member"),
        mission=OuterRef("mission"),
        first_day=OuterRef("first_day"),
        pk__gt=OuterRef("pk"),
    )
    sums = later.order_by().values("member").annotate(net=Sum(F("amount") - F("taken"))).values("net")
    return MissionStep.objects.filter(pk__in=[step.pk for step in steps]).annotate(newer=Coalesce(Subquery(sums), 0))
