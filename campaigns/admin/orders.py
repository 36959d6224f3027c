"""Purchase orders on the console: what was bought, how it went, and what it earned and why not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from campaigns.admin.display import effect_names, lines_panel
from campaigns.admin.order_acts import ORDER_ACTS, ImportOrders
from campaigns.models import Award
from ledger.admin import points
from loyalty.kernel.desk import Act, Panel, copyable, link_to, number, seat_of, state, when
from loyalty.kernel.desk.display import NOTHING
from loyalty.kernel.desk.found import FoundList, whole_number
from members.admin.found import FoundAdmin, MemberFilter, is_odd, person_named
from members.models import LoyaltyEvent, PurchaseOrder
from members.selectors import ORDER_EVENTS, find_order

ITEMS_SHOWN = 200
EVENTS_SHOWN = 50
AWARDS_SHOWN = 200


class OrderList(FoundList):
    """The newest orders, or those that were asked for."""

    says_capped = "Ask for a member, or search for an order's id, to see others."

    def look(self, organization_id: int, request: HttpRequest) -> tuple[list[int], bool]:
        """What is named, else what the filter asks for."""
        text, asked = self.query.strip(), self.asked.get("member")
        if text:
            if is_odd(text):
                return [], False
            found = find_order(organization_id, text)
            return ([found.pk], False) if found is not None else self._of_person(organization_id, text, request)
        if asked:
            member_id = whole_number(asked)
            return ([] if member_id is None else self._of_member(organization_id, member_id)), False
        # As a range of one: of an equal the planner would take the primary key's order, past other organizations' rows.
        mine = PurchaseOrder.objects.filter(organization__gte=organization_id, organization__lte=organization_id)
        return list(mine.order_by("-organization_id", "-pk").values_list("pk", flat=True)[: self.most + 1]), False

    def _of_person(self, organization_id: int, text: str, request: HttpRequest) -> tuple[list[int], bool]:
        """The orders of whom the text names."""
        member = person_named(organization_id, text, request)
        return ([] if member is None else self._of_member(organization_id, member.pk)), False

    def _of_member(self, organization_id: int, member_id: int) -> list[int]:
        orders = PurchaseOrder.objects.filter(organization_id=organization_id, member_id=member_id)
        return list(orders.order_by("-member_id", "-pk").values_list("pk", flat=True)[: self.most + 1])

    def read(self, ids: Sequence[int], request: HttpRequest) -> list[Any]:
        """The orders, in their order."""
        rows = PurchaseOrder.objects.select_related("member").in_bulk(ids)
        return [rows[pk] for pk in ids if pk in rows]


@admin.register(PurchaseOrder)
class OrderAdmin(FoundAdmin):
    """What members bought. Who they are is for those who may read members."""

    reads = "orders:read"
    asked = frozenset({"member"})
    list_display = ["external_id", "who", "stands", "counts_by", "bought", "changed", "missing"]
    list_filter = [MemberFilter]
    found_by = OrderList
    search_help_text = "The id of an order in full, or a member"
    acts = ORDER_ACTS
    says_empty = (
        "Orders come from the till or the shop over the API, or by a file. Campaigns give for them, and take back what"
        " is returned."
    )

    def list_acts(self, request: HttpRequest) -> Sequence[type[Act]]:
        """Many at once."""
        return (ImportOrders,)

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a reading page speaks of."""
        return super().everything(request).select_related("member", "program", "organization")

    def find(self, request: HttpRequest, term: str, most: int) -> Iterable[PurchaseOrder]:
        """By the id in full."""
        found = find_order(seat_of(request).organization_id or 0, term)
        return [] if found is None else [found]

    # --- the reading page ---
    def get_facts(self, request: HttpRequest, target: PurchaseOrder) -> Sequence[tuple[str, Sequence[str]]]:
        """What it is, and (where the person may read members) whose."""
        who = ("who",) if seat_of(request).may("members:read", target.organization_id) else ()
        return (
            ("Order", ("own_id", *who, "stands", "type", "program", "description")),
            ("Money", ("total", "discounted_total", "counts_by", "missing")),
            ("When", ("bought", "created_at", "changed")),
            ("Also known", ("labels", "custom_attributes")),
        )

    def panels(self, request: HttpRequest, target: PurchaseOrder, at: datetime) -> Iterable[Panel]:
        """Its items, how it went, what it earned, and what each step came to."""
        seat = seat_of(request)
        events = _events_of(target)
        yield _items_panel(target)
        yield _history_panel(events)
        if not seat.may("campaigns:read", target.organization_id):
            return
        yield _awards_panel(target, tells_points=seat.may("ledgers:read", target.organization_id))
        lines = [line for event in events for line in event.execution_results]
        empty = "It told campaigns nothing that they wait for."
        yield lines_panel("Why it earned what it did", lines, seat, target.organization_id, empty)

    # --- columns and facts ---
    @admin.display(description="Order")
    def own_id(self, order: PurchaseOrder) -> SafeString:
        """What the shop calls it."""
        return copyable(order.external_id)

    @admin.display(description="Member")
    def who(self, order: PurchaseOrder) -> SafeString:
        """Whose it is."""
        return link_to(order.member)

    @admin.display(description="State")
    def stands(self, order: PurchaseOrder) -> SafeString:
        """How far it is."""
        return state(order.get_status_display())

    @admin.display(description="Counts by")
    def counts_by(self, order: PurchaseOrder) -> SafeString:
        """What it counts by: the discounted total, else the total."""
        return number(f"{order.basis:,.2f}")

    @admin.display(description="Bought")
    def bought(self, order: PurchaseOrder) -> SafeString:
        """When, in the world."""
        return when(order.external_event_at or order.created_at)

    @admin.display(description="Changed")
    def changed(self, order: PurchaseOrder) -> SafeString:
        """When it was told last."""
        return when(order.updated_at)

    @admin.display(description="Could not be taken back")
    def missing(self, order: PurchaseOrder) -> Any:
        """Points that were spent when they should have been taken back."""
        return number(order.shortfall) if order.shortfall else NOTHING

    @admin.display(description="Tags")
    def labels(self, order: PurchaseOrder) -> Any:
        """Its tags."""
        return ", ".join(order.tags) or NOTHING


def _events_of(order: PurchaseOrder) -> list[LoyaltyEvent]:
    """What the order told, oldest first; the newest of very many."""
    told = LoyaltyEvent.objects.filter(
        member=order.member_id,
        created_at__gte=order.created_at,
        external_id=order.external_id,
        event_type__in=ORDER_EVENTS,
    )
    return list(told.order_by("-created_at", "-pk")[:EVENTS_SHOWN])[::-1]


def _items_panel(order: PurchaseOrder) -> Panel:
    rows = [
        (
            item.get("name") or item["sku"],
            item["sku"],
            number(_plain(item.get("quantity"))),
            number(_plain(item.get("unitPrice"))),
            number(_plain(item.get("total"))),
            number(_plain(item.get("discountedTotal"))),
            item.get("productCategoryCode") or NOTHING,
        )
        for item in order.items[:ITEMS_SHOWN]
    ]
    more = len(order.items) - ITEMS_SHOWN
    headers = ("Item", "SKU", "Quantity", "Each", "Total", "Discounted", "Category")
    return Panel("Items", headers, rows, empty="It has no items.", note=f"And {more} more." if more > 0 else "")


def _plain(value: Any) -> Any:
    return None if value is None else f"{value:,}"


def _history_panel(events: Sequence[LoyaltyEvent]) -> Panel:
    rows = [
        (
            when(event.created_at),
            state(PurchaseOrder.Status(event.payload.get("status", "created")).label),
            number(_plain(event.payload.get("basis"))),
            link_to(event, f"Event {event.pk}"),
            state(event.get_status_display()),
        )
        for event in events
    ]
    return Panel(
        "How it went", ("When", "State", "Counted by", "Told as", "Work on it"), rows, empty="It told nothing."
    )


def _awards_panel(order: PurchaseOrder, *, tells_points: bool) -> Panel:
    names = effect_names()
    awards = Award.objects.filter(order=order.pk).select_related("campaign", "action", "transaction__account")
    rows = [
        (
            link_to(award.campaign),
            link_to(award.action),
            names.get(award.effect_type, award.effect_type),
            *(_amount(award, amount, tells_points) for amount in (award.amount, award.taken, award.shortfall)),
        )
        for award in awards.order_by("pk")[:AWARDS_SHOWN]
    ]
    headers = ("Campaign", "Action", "What", "Given", "Taken back", "Could not be taken")
    return Panel("What it earned", headers, rows, empty="It has earned nothing.")


def _amount(award: Award, amount: int, tells_points: bool) -> Any:
    if award.transaction is None:
        return number(amount)
    if not tells_points:
        return NOTHING
    shown = points(amount, award.transaction.account)
    return link_to(award.transaction, shown) if amount == award.amount else shown
