"""Reads of purchase orders."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from members.models import EventType, LoyaltyEvent, Member, PurchaseOrder

ORDER_EVENTS = (
    EventType.ORDER_CREATED,
    EventType.ORDER_CONFIRMED,
    EventType.ORDER_CANCELLED,
    EventType.ORDER_RETURNED,
    EventType.ORDER_PARTIALLY_RETURNED,
)


def list_orders(organization_id: int, member_id: int) -> QuerySet[PurchaseOrder]:
    """The orders of one of the organization's members."""
    return PurchaseOrder.objects.filter(organization_id=organization_id, member_id=member_id)


def find_order(organization_id: int, external_id: str) -> PurchaseOrder | None:
    """The organization's order of this id, if there is one."""
    return PurchaseOrder.objects.filter(organization_id=organization_id, external_id=external_id).first()


def told_of(orders: Sequence[PurchaseOrder]) -> dict[int, LoyaltyEvent]:
    """The event that the last change of each order told, by order; none where it told nothing. One query, and one more
    for orders without: they may have come from somebody who was merged.
    """
    told = _told_of(orders, {order.member_id for order in orders})
    rest = [order for order in orders if order.pk not in told]
    members = {order.member_id for order in rest}
    while rest and (members := set(Member.objects.filter(merged_into__in=members).values_list("pk", flat=True))):
        told |= _told_of(rest, members)
    return told


def _told_of(orders: Sequence[PurchaseOrder], members: set[int]) -> dict[int, LoyaltyEvent]:
    if not orders:
        return {}
    found = LoyaltyEvent.objects.filter(
        member_id__in=members,
        created_at__in={order.updated_at for order in orders},
        external_id__in={order.external_id for order in orders},
        event_type__in=ORDER_EVENTS,
    )
    told = {(event.external_id, event.created_at): event for event in found.order_by("pk")}
    pairs = ((order.pk, told.get((order.external_id, order.updated_at))) for order in orders)
    return {pk: event for pk, event in pairs if event is not None}


def as_number(value: Decimal | None) -> int | float | None:
    """An amount of money as JSON has it; fifteen digits are carried exactly."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def order_document(order: PurchaseOrder) -> dict[str, Any]:
    """The order as rules read it and events tell it: JSON, with the numbers that were sent."""
    at = order.external_event_at
    return {
        "orderId": order.pk,
        "externalId": order.external_id,
        "loyaltyProgramId": order.program_id,
        "type": order.type,
        "status": order.status,
        "description": order.description or None,
        "total": as_number(order.total),
        "discountedTotal": as_number(order.discounted_total),
        "basis": as_number(order.basis),
        "items": order.items,
        "tags": order.tags,
        "customAttributes": order.custom_attributes,
        "externalEventDate": None if at is None else at.isoformat(),
    }
