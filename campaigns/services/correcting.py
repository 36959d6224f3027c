"""Changes an order by hand (semantics 8.2): cancelled, returned, or returned in part, with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import transaction

from campaigns.errors import NothingReturned, OrderChanged
from campaigns.selectors.occasions import total_of
from campaigns.services.ordering import Placed, put_order
from loyalty.expressions import prepared
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.services import record
from members.models import PurchaseOrder
from members.selectors import get_member
from members.selectors.orders import as_number
from members.services.orders import OrderDraft

_PLACES = Decimal("0.0001")
_MONEY = ("total", "discountedTotal")


@dataclass(frozen=True, slots=True)
class Kept:
    """What of an order stays: its items, and its totals."""

    items: list[dict[str, Any]]
    total: Decimal
    discounted_total: Decimal | None


def draft_as(order: PurchaseOrder, status: str, kept: Kept | None = None) -> OrderDraft:
    """The order as it would be told with this status, and with what is kept of it."""
    return OrderDraft(
        member=get_member(order.organization_id, order.member_id),
        external_id=order.external_id,
        type=order.type,
        status=status,
        total=order.total if kept is None else kept.total,
        discounted_total=order.discounted_total if kept is None else kept.discounted_total,
        program_id=order.program_id,
        description=order.description,
        items=order.items if kept is None else kept.items,
        tags=order.tags,
        custom_attributes=order.custom_attributes,
        external_event_at=order.external_event_at,
    )


def kept_of_order(order: PurchaseOrder, quantities: Mapping[int, Decimal]) -> Kept:
    """What stays of an order of whose items, by their places, so much is kept; what is not named stays. Each item
    keeps its share of its prices, and the order loses what its items lose.

    :raises InvalidInput: more than there is of an item, or less than nothing.
    :raises NothingReturned: all of it stays, or none.
    """
    items: list[dict[str, Any]] = []
    lost, less = Decimal(0), Decimal(0)
    for place, item in enumerate(order.items):
        had = Decimal(str(item["quantity"]))
        left = quantities.get(place, had)
        if not 0 <= left <= had:
            raise InvalidInput(f"Keep 0 to {had.normalize():f} of {item['sku']}.", field=f"keep_{place}")
        kept = _part_of(item, left, had)
        then, now = prepared(item), prepared(kept)
        lost += _list_price(then) - _list_price(now)
        less += total_of(then) - total_of(now)
        if left:
            items.append(kept)
    if not items or items == order.items:
        raise NothingReturned
    discounted = order.discounted_total
    if discounted is not None:
        discounted = max(Decimal(0), discounted - less)
    total = max(discounted or Decimal(0), order.total - lost)
    return Kept(items, total, discounted)


def _part_of(item: Mapping[str, Any], left: Decimal, had: Decimal) -> dict[str, Any]:
    if left == had:
        return dict(item)
    money = {
        name: as_number((Decimal(str(item[name])) * left / had).quantize(_PLACES, ROUND_HALF_UP))
        for name in _MONEY
        if item.get(name) is not None
    }
    return {**item, "quantity": as_number(left), **money}


def _list_price(item: Mapping[str, Any]) -> Decimal:
    """What an item costs before discounts."""
    return total_of({**item, "discountedTotal": None})


@transaction.atomic
def correct_order(*, order: PurchaseOrder, draft: OrderDraft, actor: Actor, at: datetime, reason: str = "") -> Placed:
    """Tell the order, which a person has looked at, as they say it has become, and note who and why.

    :raises OrderChanged: it is not any more what they looked at.
    :raises OrderStatusRefused: it cannot go this way.
    :raises InvalidInput: totals that do not fit.
    """
    locked = PurchaseOrder.objects.select_for_update().get(pk=order.pk)
    if locked.content_hash != order.content_hash:
        raise OrderChanged
    before = {"status": order.status, "total": order.total, "discounted_total": order.discounted_total}
    placed = put_order(organization_id=order.organization_id, draft=draft, actor=actor, at=at)
    after = {"status": draft.status, "total": draft.total, "discounted_total": draft.discounted_total}
    changed = [name for name in before if before[name] != after[name]]
    if changed:
        record(
            actor=actor,
            at=at,
            action="correction.order_changed",
            target=order,
            organization_id=order.organization_id,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
            reason=reason,
        )
    return placed
