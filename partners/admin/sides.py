"""What pages about rows of two organizations stand on: both sides see them, each as its people may."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from loyalty.kernel.desk import HouseAdmin, Panel, Seat, seat_of, when
from loyalty.kernel.desk.base import CHANGES_SHOWN, said
from loyalty.kernel.roles import ANY
from loyalty.kernel.selectors import list_audit_of
from partners.selectors import on_either_side


class TwoSidedAdmin(HouseAdmin):
    """A page about rows with an `organization` and a `partner_organization`."""

    reads = "partnerships:read"
    # What it says of the other side's people is that it was the other side.
    shows_history = False

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows of which the person may see a side."""
        rows, seat = ModelAdmin.get_queryset(self, request), seat_of(request)
        rows = rows.select_related("organization", "partner_organization")
        return rows if seat.is_system_admin else rows.filter(on_either_side(*seat.open_to(self.reads)))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Those of the organization chosen, on whichever side."""
        rows, seat = ModelAdmin.get_queryset(self, request), seat_of(request)
        if seat.organization is None or not seat.may(self.reads):
            return rows.none()
        return rows.filter(on_either_side(seat.organization.pk))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether there is a list for this person, or a side of this row."""
        seat = seat_of(request)
        if obj is None:
            return seat.may(self.reads)
        return any(seat.may(self.reads, side) for side in (obj.organization_id, obj.partner_organization_id))

    def history(self, request: HttpRequest, target: Any) -> Iterable[Panel]:
        """What was done about it, and by whom: of the other side only that it was the other side."""
        seat = seat_of(request)
        entries = list_audit_of(self.opts.label_lower, target.pk).select_related("organization")[:CHANGES_SHOWN]
        rows = [(when(entry.at), _who(entry, seat), said(entry), entry.reason) for entry in entries]
        yield Panel("History", ("When", "Who", "What", "Why"), rows, empty="Nobody has changed this.")


def _who(entry: Any, seat: Seat) -> str:
    if entry.organization is None or seat.may(ANY, entry.organization_id):
        return str(entry.actor_name or entry.actor)
    return f"Somebody of {entry.organization}"
