"""Purchase orders of the core API (tag Member Purchase Orders, semantics 8). They stand here because an order is
answered with what campaigns gave for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import services
from campaigns.api.rows import UNDOCUMENTED
from loyalty.kernel.api.fields import (
    CamelSerializer,
    Id,
    JsonObject,
    Moment,
    Money,
    OwnId,
    Tags,
    Text,
    WholeNumber,
    texts,
)
from loyalty.kernel.api.problems import first_message
from loyalty.kernel.api.resources import CoreViewSet, ResourceViewSet, read_input, written
from loyalty.kernel.errors import InvalidInput
from members.models import Member, PurchaseOrder
from members.selectors import check_member, get_member, list_orders
from members.services.orders import OrderDraft

MOST_ITEMS = 1000
MOST_ORDERS = 500


class Words(Text):
    """A text that may be empty, of at most 1,000 characters; the document gives the field no limit."""

    def __init__(self) -> None:
        super().__init__(required=False, allow_null=True, allow_blank=True)

    def to_internal_value(self, data: Any) -> str:
        """The text given."""
        value = super().to_internal_value(data)
        if len(value) > 1000:
            raise serializers.ValidationError("Ensure this field has no more than 1000 characters.")
        return value


class Quantity(Money):
    """How much of an item was bought: more than nothing, with at most four digits after the point."""

    def to_internal_value(self, data: Any) -> Decimal:
        """The quantity given."""
        value = super().to_internal_value(data)
        if not value:
            raise serializers.ValidationError("A quantity is more than 0.")
        return value


class ItemInput(serializers.Serializer[Any]):
    """One item of an order (semantics 8.5)."""

    externalId = texts(max_length=255)
    sku = Text(max_length=255)
    name = texts(max_length=255)
    quantity = Quantity()
    unitPrice = Money(required=False, allow_null=True)
    total = Money(required=False, allow_null=True)
    discountedTotal = Money(required=False, allow_null=True)
    productCategoryCode = texts(max_length=255)
    categoryCodes = Tags(required=False, allow_null=True)
    brand = texts(max_length=255)
    tags = Tags(required=False, allow_null=True)
    customAttributes = JsonObject(required=False, allow_null=True)


_MONEY = ("quantity", "unitPrice", "total", "discountedTotal")


@extend_schema_field({"type": "array", "items": {"type": "object", "additionalProperties": True}})
class Items(serializers.ListField):
    """Items of an order, kept as JSON: `{sku, quantity}`, and what else is known of them."""

    child = ItemInput()

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        """The items given, with numbers as they are written in JSON."""
        if not isinstance(data, list) or len(data) > MOST_ITEMS:
            raise serializers.ValidationError(f"Send a list of at most {MOST_ITEMS} items.")
        return [self._written(read_input(ItemInput, item)) for item in data]

    @staticmethod
    def _written(item: Mapping[str, Any]) -> dict[str, Any]:
        write = Money().to_representation
        return {name: write(value) if name in _MONEY else value for name, value in item.items() if value is not None}

    def to_representation(self, data: Any) -> Any:
        """The items kept."""
        return data


class OrderInput(CamelSerializer):
    """An order: the whole of it."""

    externalEventDate = Moment(required=False, allow_null=True, source="external_event_at")
    externalId = OwnId()
    description = Words()
    loyaltyProgramId = Id(required=False, allow_null=True, source="program_id")
    customAttributes = JsonObject(required=False, allow_null=True)
    type = Text(max_length=100)
    tags = Tags(required=False, allow_null=True)
    total = Money()
    discountedTotal = Money(required=False, allow_null=True)
    status = serializers.ChoiceField(choices=PurchaseOrder.Status.choices)
    items = Items(required=False, allow_null=True)  # type: ignore[assignment]


class ImportedInput(OrderInput):
    """An order of a list, with whose it is."""

    loyaltyMemberId = OwnId()


class ImportInput(CamelSerializer):
    """Some orders."""

    orders = serializers.ListField(child=ImportedInput(), min_length=1, max_length=MOST_ORDERS)


class OrderAnswer(CamelSerializer):
    """An order as it is read."""

    orderId = WholeNumber(source="pk")
    organizationId = WholeNumber()
    memberId = WholeNumber()
    externalId = serializers.CharField()
    loyaltyProgramId = WholeNumber(source="program_id", allow_null=True)
    type = serializers.CharField()
    status = serializers.CharField()
    description = serializers.SerializerMethodField()
    total = Money()
    discountedTotal = Money(allow_null=True)
    items = Items()  # type: ignore[assignment]
    tags = Tags()
    customAttributes = JsonObject()
    externalEventDate = Moment(source="external_event_at", allow_null=True)
    shortfall = WholeNumber()
    evaluationResults = JsonObject(read_only=True)
    createdAt = Moment()
    updatedAt = Moment()

    @extend_schema_field({"type": "string", "nullable": True})
    def get_description(self, order: PurchaseOrder) -> str | None:
        """What was said of it."""
        return order.description or None


class PlacedAnswer(CamelSerializer):
    """An order, and what its last change gave and took back."""

    order = OrderAnswer()
    evaluationResults = JsonObject()


@extend_schema_field({"type": "array", "items": {"type": "object", "additionalProperties": True}})
class ImportedOrders(serializers.ListField):
    """`{externalId, loyaltyMemberId, status, order?, evaluationResults?, error?}` for each order, in their order."""


class ImportAnswer(CamelSerializer):
    """What came of each order."""

    results = ImportedOrders()


def told(order: PurchaseOrder, rows: list[services.Row]) -> dict[str, Any]:
    """`{order, evaluationResults}`."""
    results = services.results_of(order, rows)
    order.evaluation_results = results  # type: ignore[attr-defined]
    return {"order": written(OrderAnswer, order), "evaluationResults": results}


def draft_of(member: Member, fields: Mapping[str, Any]) -> OrderDraft:
    """The order that the fields of a body say; what is null is as if it were not said."""
    return OrderDraft(member=member, **{name: value for name, value in fields.items() if value is not None})


class OrderViewSet(ResourceViewSet):
    """A member's purchase orders."""

    tag = "Member Purchase Orders"
    operations = {
        "list": "listMemberPurchaseOrders",
        "put": "upsertMemberPurchaseOrder",
        "retrieve": "getMemberPurchaseOrder",
    }
    reads, writes = "orders:read", "orders:write"
    wrapper, noun = "order", "purchase order"
    queryset = PurchaseOrder.objects.none()
    lookup_url_kwarg = "orderId"
    lookup_field = "pk"
    serializer_class = OrderAnswer
    inputs = {"put": OrderInput}
    answers = {"put": PlacedAnswer}
    order_columns = {
        "orderId": "pk",
        "externalId": "external_id",
        "total": "total",
        "createdAt": "created_at",
        "updatedAt": "updated_at",
    }
    default_order = ("-pk",)

    def get_queryset(self) -> QuerySet[PurchaseOrder]:
        """The member's orders."""
        return list_orders(self.organization_id, self.kwargs["memberId"])

    @extend_schema(parameters=UNDOCUMENTED)
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One page of the member's orders, newest first."""
        check_member(self.organization_id, self.kwargs["memberId"])
        return super().list(request, *args, **kwargs)

    def window(self, queryset: QuerySet[PurchaseOrder], start: int, stop: int) -> Any:
        """The orders of a page, each with what its last change did."""
        return self._told(list(queryset[start:stop]))

    def get_object(self) -> PurchaseOrder:
        """The order, with what its last change did."""
        order: PurchaseOrder = self._told([super().get_object()])[0]
        return order

    def _told(self, orders: Any) -> Any:
        rows = services.rows_of(orders)
        for order in orders:
            order.evaluation_results = services.results_of(order, rows[order.pk])
        return orders

    def put(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A new order, or what has become of one: the whole of it. What is told twice is done once."""
        fields = self.read_input()
        member = get_member(self.organization_id, self.kwargs["memberId"])
        placed = services.put_order(
            organization_id=self.organization_id, draft=draft_of(member, fields), actor=self.actor, at=self.at
        )
        order: Any = placed.order
        return Response(told(order, placed.rows), 201 if placed.outcome == services.CREATED else 200)


class OrderImportViewSet(CoreViewSet):
    """Takes many orders in at once."""

    tag = "Member Purchase Orders"
    operations = {"take": "importPurchaseOrders"}
    writes = "orders:write"
    asks = ("take",)
    inputs = {"take": ImportInput}
    answers = {"take": ImportAnswer}

    def take(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take orders in, each by itself: one that is refused leaves the others."""
        orders = self.read_input()["orders"]
        names = [order["loyalty_member_id"] for order in orders]
        placed = services.import_orders(
            organization_id=self.organization_id,
            names=names,
            drafts=[_draft_maker(order) for order in orders],
            actor=self.actor,
            at=self.at,
        )
        return Response({"results": [_line(order, one) for order, one in zip(orders, placed, strict=True)]})


def read_imported(data: Mapping[str, Any]) -> tuple[str, Callable[[Member], OrderDraft]]:
    """One order of a file, as one of a list is read: whose it is, and what makes a draft of it.

    :raises InvalidInput: with the first of the fields that are wrong.
    """
    try:
        order = read_input(ImportedInput, data)
    except serializers.ValidationError as error:
        raise InvalidInput(first_message(error.detail)) from error
    return order["loyalty_member_id"], _draft_maker(order)


def _draft_maker(order: Mapping[str, Any]) -> Callable[[Member], OrderDraft]:
    fields = {name: value for name, value in order.items() if name != "loyalty_member_id"}
    return lambda member: draft_of(member, fields)


def _line(order: Mapping[str, Any], placed: services.Placed) -> dict[str, Any]:
    line = {
        "externalId": order["external_id"],
        "loyaltyMemberId": order["loyalty_member_id"],
        "status": placed.outcome,
    }
    if placed.error is not None:
        return {**line, "error": {"code": placed.error.code, "message": placed.error.message}}
    row: Any = placed.order
    return {**line, **told(row, placed.rows)}
