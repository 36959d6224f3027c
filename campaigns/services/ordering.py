"""Takes purchase orders in: written as a whole, what is no longer earned taken back, what is earned given (8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import IntegrityError, transaction

from campaigns.selectors.occasions import Occasion, members_to_ask
from campaigns.selectors.playbook import playbook_of
from campaigns.services.evaluating import Plan, close_idle, evaluate, evaluate_written, plan_for
from campaigns.services.returning import take_back
from campaigns.services.running import RETURNED, Row, Run
from campaigns.services.tracking import evaluate_event
from ledger.services import rehearse
from loyalty.expressions import prepared
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import DomainError, NotFound
from members.models import LoyaltyEvent, Member, PurchaseOrder
from members.selectors import told_of
from members.services.journal import record_events
from members.services.orders import OrderDraft, Put, put_orders, write_changed_orders, write_new_orders

CREATED, UPDATED, UNCHANGED, FAILED = "created", "updated", "unchanged", "failed"
MISSING = "There is no such member."
_TRIES = 3
log = structlog.get_logger(part=__name__)
# What an error names as its place.
_SOURCES = ("campaignId", "actionId", "missionId", "referralProgramId", "referralId")


@dataclass
class Placed:
    """What came of an order that was told: its row, and what its last change gave and took back, line by line."""

    outcome: str
    order: PurchaseOrder | None = None
    rows: list[Row] = field(default_factory=list)
    error: DomainError | None = None


def results_of(order: PurchaseOrder, rows: Sequence[Row]) -> dict[str, Any]:
    """What the last change of an order did (semantics 8.7)."""
    points = [row for row in rows if row["effectType"] == "mint-points"]
    return {
        "effects": list(rows),
        # What a campaign counted for a mission says itself what that gave.
        "pointsAwarded": sum(row["amount"] for row in points if row["result"] in ("applied", "limited"))
        + sum(row.get("pointsAwarded", 0) for row in rows),
        "pointsReturned": sum(row["amount"] for row in points if row["result"] == RETURNED),
        "shortfall": order.shortfall,
        "errors": [
            {**{name: row[name] for name in _SOURCES if name in row}, **row["error"]}
            for row in rows
            if row["result"] == "failed"
        ],
    }


def rows_of(orders: Sequence[PurchaseOrder]) -> dict[int, list[Row]]:
    """What the last change of each order did, line by line; one query."""
    return _rows(orders, told_of(orders))


def _rows(orders: Sequence[PurchaseOrder], told: Mapping[int, LoyaltyEvent]) -> dict[int, list[Row]]:
    return {order.pk: told[order.pk].execution_results if order.pk in told else order.returned for order in orders}


def put_order(*, organization_id: int, draft: OrderDraft, actor: Actor, at: datetime) -> Placed:
    """Take one order in as it is now. The same again does nothing and answers as before.

    :raises OrderOfAnother: it is another member's.
    :raises OrderStatusRefused: it cannot go this way.
    :raises MemberInactive: the member takes nothing; what takes back is taken in nevertheless.
    :raises InvalidInput: totals that do not fit, a future date, a program that is not the organization's.
    """
    (placed,) = place_orders(organization_id=organization_id, drafts=[draft], actor=actor, at=at)
    if placed.error is not None:
        raise placed.error
    return placed


def place_orders(*, organization_id: int, drafts: Sequence[OrderDraft], actor: Actor, at: datetime) -> list[Placed]:
    """Take orders in, each by itself as far as its caller can tell, in their order; one that is refused leaves the
    others. Orders of different members go together.
    """
    placed: dict[int, Placed] = {}
    for wave, numbers in enumerate(_waves(drafts)):
        # Of two changes of one order the second is later, if only a little.
        when = at + timedelta(microseconds=wave)
        some = _place_some(organization_id, [drafts[n] for n in numbers], actor=actor, at=when)
        placed.update(zip(numbers, some, strict=True))
    return [placed[n] for n in range(len(drafts))]


def import_orders(
    *,
    organization_id: int,
    names: Sequence[str],
    drafts: Sequence[Callable[[Member], OrderDraft]],
    actor: Actor,
    at: datetime,
) -> list[Placed]:
    """Take in orders of members who are named as the organization names them; the member goes into each draft."""
    members = {
        member.loyalty_member_id: member
        for member in members_to_ask(organization_id).filter(loyalty_member_id__in=set(names))
    }
    known = [n for n, name in enumerate(names) if name in members]
    some = place_orders(
        organization_id=organization_id,
        drafts=[drafts[n](members[names[n]]) for n in known],
        actor=actor,
        at=at,
    )
    placed = dict(zip(known, some, strict=True))
    missing = NotFound(MISSING)
    return [placed.get(n) or Placed(FAILED, error=missing) for n in range(len(names))]


def preview_order(*, organization_id: int, draft: OrderDraft, actor: Actor, at: datetime) -> list[Row]:
    """What a change of an order would take back, line by line; writes nothing.

    :raises DomainError: whatever `put_order` would raise.
    """

    def act() -> list[Row]:
        (put,), _ = _write(organization_id, [draft], actor=actor, at=at)
        if put.error is not None:
            raise put.error
        return list(put.order.returned) if put.is_changed else []

    return rehearse(act)


def _waves(drafts: Sequence[OrderDraft]) -> Iterator[list[int]]:
    """The numbers of the drafts, in as few lists as leave no two of one order or member in the same."""
    waves: list[list[int]] = []
    behind: dict[Any, int] = {}
    for number, draft in enumerate(drafts):
        names = (("member", draft.member_id), ("order", draft.external_id))
        wave = max(behind.get(name, -1) for name in names) + 1
        behind.update(dict.fromkeys(names, wave))
        if wave == len(waves):
            waves.append([])
        waves[wave].append(number)
    yield from waves


def _place_some(organization_id: int, drafts: Sequence[OrderDraft], *, actor: Actor, at: datetime) -> list[Placed]:
    try:
        puts, children = _written_and_done(organization_id, drafts, actor=actor, at=at)
        later = plan_for(organization_id, children)
    except Exception as error:
        # Somebody else wrote one of them, or held what is counted for too long, or a campaign broke. The orders are
        # written first then, and whatever keeps something from being given does not keep them from being there.
        log.info("orders_taken_in_steps", error=repr(error))
        puts, later = _written(organization_id, drafts, actor=actor, at=at)
    evaluate(later, actor=actor, at=at)
    unchanged = [put.order for put in puts if put.error is None and not put.is_changed]
    known = _told_again(unchanged, actor=actor, at=at)
    return [_placed(put, known) for put in puts]


def _told_again(orders: Sequence[PurchaseOrder], *, actor: Actor, at: datetime) -> dict[int, list[Row]]:
    """What orders that were told once more did before; what a call that was killed left undone is done."""
    told = told_of(orders)
    for event in told.values():
        if event.status == LoyaltyEvent.Status.PENDING:
            evaluate_event(event, actor=actor, at=at)
            event.refresh_from_db()
    return _rows(orders, told)


def _placed(put: Put, known: dict[int, list[Row]]) -> Placed:
    if put.error is not None:
        return Placed(FAILED, error=put.error)
    if not put.is_changed:
        return Placed(UNCHANGED, put.order, known[put.order.pk])
    rows = put.order.returned if put.event is None else put.event.execution_results
    return Placed(CREATED if put.is_new else UPDATED, put.order, rows)


@transaction.atomic
def _written_and_done(
    organization_id: int, drafts: Sequence[OrderDraft], *, actor: Actor, at: datetime
) -> tuple[list[Put], list[Occasion]]:
    """Write orders and do what they bring about, all of it or none; answers what is to be asked about afterwards."""
    puts, plan = _write(organization_id, drafts, actor=actor, at=at)
    return puts, evaluate_written(plan, actor=actor, at=at)


def _written(
    organization_id: int, drafts: Sequence[OrderDraft], *, actor: Actor, at: datetime
) -> tuple[list[Put], Plan]:
    """Write orders and what they tell, and take back; where somebody else wrote one of them at the same time, again."""
    for left in reversed(range(_TRIES)):
        try:
            with transaction.atomic():
                return _write(organization_id, drafts, actor=actor, at=at)
        except IntegrityError as error:
            if "order" not in str(error) or not left:
                raise
    raise AssertionError


def _write(organization_id: int, drafts: Sequence[OrderDraft], *, actor: Actor, at: datetime) -> tuple[list[Put], Plan]:
    puts = put_orders(organization_id, drafts, at=at)
    write_new_orders(puts)
    changed = [put.order for put in puts if put.is_changed and not put.is_new and put.order.is_counted]
    if changed:
        run = Run(organization_id, playbook_of(organization_id).zone, actor, at)
        taken = take_back(changed, run=run)
        for order in changed:
            order.returned = taken[order.pk]
    told = [put for put in puts if put.event is not None]
    for put in told:
        put.event.execution_results = [] if put.is_new else list(put.order.returned)  # type: ignore[union-attr]
    plan = plan_for(organization_id, [_occasion(put, at) for put in told if put.draft.member.active and _counts(put)])
    waiting = plan.without(close_idle(plan, actor=actor, at=at))
    record_events([put.event for put in told if put.event is not None])
    write_changed_orders(puts)
    return puts, waiting


def _counts(put: Put) -> bool:
    """Whether anything can be given for the order: not for one that was over when it was first seen."""
    return put.order.is_counted


def _occasion(put: Put, at: datetime) -> Occasion:
    event: Any = put.event
    return Occasion(event, put.draft.member, at, order=prepared(event.payload), order_id=put.order.pk)
