"""Campaigns on a member's page: the member's orders, and what campaigns made of what happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse

from campaigns.admin.display import type_word
from campaigns.admin.events import came_to
from loyalty.kernel.desk import Act, Panel, link_to, number, seat_of, state, when
from loyalty.kernel.desk.display import NOTHING
from members.models import EventType, LoyaltyEvent, Member
from members.selectors import list_orders

ORDERS_SHOWN = 10
EVENTS_SHOWN = 10
# Among so many of the newest events those are looked for that campaigns were asked about.
EVENTS_LOOKED_AT = 100


class OnMembers:
    """What campaigns put on a member's page."""

    acts: Sequence[type[Act]] = ()

    def panels(self, request: HttpRequest, member: Member, at: datetime) -> Iterable[Panel]:
        """Orders and reasons, each for those who may read them."""
        seat = seat_of(request)
        if seat.may("orders:read", member.organization_id):
            yield _orders_panel(member)
        if seat.may("campaigns:read", member.organization_id):
            yield _events_panel(member)


def _orders_panel(member: Member) -> Panel:
    newest = list_orders(member.organization_id, member.pk).order_by("-member_id", "-pk")[:ORDERS_SHOWN]
    rows = [
        (
            link_to(order),
            when(order.external_event_at or order.created_at),
            state(order.get_status_display()),
            number(f"{order.basis:,.2f}"),
            number(order.shortfall) if order.shortfall else NOTHING,
        )
        for order in newest
    ]
    more = f"{reverse('admin:members_purchaseorder_changelist')}?member={member.pk}" if rows else ""
    headers = ("Order", "Bought", "State", "Counts by", "Could not be taken back")
    return Panel("Orders", headers, rows, empty="The member has bought nothing yet.", more=more)


def _events_panel(member: Member) -> Panel:
    """The newest events of which campaigns made something; points that moved are told elsewhere on the page."""
    mine = LoyaltyEvent.objects.filter(member=member).order_by("-created_at", "-pk")
    done = LoyaltyEvent.Status.SUCCESS
    told = mine.exclude(event_type=EventType.TRANSACTION_CREATED, status=done)[:EVENTS_LOOKED_AT]
    shown = [event for event in told if event.execution_results or event.status != done]
    rows = [
        (
            when(event.created_at),
            link_to(event, type_word(event.event_type)),
            state(event.get_status_display()),
            came_to(event),
        )
        for event in shown[:EVENTS_SHOWN]
    ]
    more = f"{reverse('admin:members_loyaltyevent_changelist')}?member={member.pk}"
    empty = "No campaign was asked about anything lately."
    return Panel("Why points came, and why not", ("When", "What", "State", "Came to"), rows, empty=empty, more=more)
