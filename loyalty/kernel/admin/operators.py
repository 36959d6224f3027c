"""Operators on the console: who they are, what they may do here, what they did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from loyalty.kernel.admin.operator_acts import (
    Activate,
    AddKnownOperator,
    ChangePlace,
    CreateOperator,
    Deactivate,
    EditOperator,
    RemoveOperator,
    SetPassword,
)
from loyalty.kernel.desk import Act, HouseAdmin, Panel, Seat, link_to, roles_shown, seat_of, state, when
from loyalty.kernel.desk.base import CHANGES_SHOWN, said
from loyalty.kernel.models import Membership, Operator
from loyalty.kernel.selectors import list_audit_by


@admin.register(Operator)
class OperatorAdmin(HouseAdmin):
    """The people and services of the organization chosen."""

    reads = "users:read"
    organization_of = "memberships__organization"
    list_display = ["username", "name", "email", "what", "may", "last_login_at", "state_here"]
    list_filter = ["kind", "is_active"]
    search_fields = ["username", "name", "email"]
    ordering = ["username"]
    creates = CreateOperator
    acts = (EditOperator, ChangePlace, SetPassword, Activate, Deactivate, RemoveOperator)
    says_empty = "Operators are the people who sign in here, and the services that call the APIs."
    facts = (
        ("Who", ("username", "name", "email", "what", "is_system_admin")),
        ("Sign-in", ("state_here", "password_state", "last_login_at", "created_at")),
    )

    def organization_id_of(self, target: Operator) -> int | None:
        """None: a person is looked at, and acted upon, in the organization chosen."""
        return None

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """The same as the list: an operator is seen in the organization one looks into."""
        return self.get_queryset(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Whoever has a place in the organization chosen; system administrators see everybody."""
        seat = seat_of(request)
        here = Membership.objects.filter(organization=seat.organization_id)
        rows = Operator.objects.prefetch_related(Prefetch("memberships", here, to_attr="places_here"))
        if seat.is_system_admin:
            return rows
        if seat.organization is None or not seat.may(self.reads):
            return rows.none()
        return rows.filter(memberships__organization=seat.organization_id)

    def find(self, request: HttpRequest, term: str, most: int) -> Iterable[Operator]:
        """By the beginning of user name, name or email."""
        begins = Q(username__istartswith=term) | Q(name__istartswith=term) | Q(email__istartswith=term)
        return self.get_queryset(request).filter(begins).order_by("username")[:most]

    def list_acts(self, request: HttpRequest) -> Sequence[type[Act]]:
        """Somebody who is known already, for system administrators."""
        return (AddKnownOperator,)

    @admin.display(description="Is a", ordering="kind")
    def what(self, operator: Operator) -> str:
        """Person or service."""
        return operator.get_kind_display()

    @admin.display(description="May")
    def may(self, operator: Any) -> str:
        """What they may do in the organization chosen."""
        if operator.is_system_admin:
            return "everything, everywhere (system administrator)"
        return next((roles_shown(here.roles, is_admin=here.is_admin) for here in operator.places_here), "nothing here")

    @admin.display(description="Last sign-in", ordering="last_login")
    def last_login_at(self, operator: Operator) -> Any:
        """When they were here last."""
        return when(operator.last_login)

    @admin.display(description="State", ordering="is_active")
    def state_here(self, operator: Operator) -> Any:
        """Whether they may come in."""
        return state("active" if operator.is_active else "inactive")

    @admin.display(description="Password")
    def password_state(self, operator: Operator) -> Any:
        """Whether there is one, and whether it is to be changed."""
        if not operator.has_usable_password():
            return state("none")
        return state("temporary") if operator.password_is_temporary else state("set")

    def panels(self, request: HttpRequest, target: Operator, at: datetime) -> Iterable[Panel]:
        """Their places, their credentials and their last deeds, as far as this person may look."""
        seat = seat_of(request)
        yield _places(seat, target)
        yield _credentials(seat, target, at)
        yield _deeds(seat, target)


def _places(seat: Seat, target: Operator) -> Panel:
    places = target.memberships.select_related("organization").order_by("organization__name")
    if not seat.is_system_admin:
        places = places.filter(organization__in=seat.open_to(OperatorAdmin.reads))
    rows = [(link_to(place.organization), roles_shown(place.roles, is_admin=place.is_admin)) for place in places]
    return Panel("Places", ("Organization", "May"), rows, empty="No place in any organization.")


def _credentials(seat: Seat, target: Operator, at: datetime) -> Panel:
    held = target.credentials.order_by("-id")
    if not seat.is_system_admin:
        held = held.filter(organization=seat.organization_id)
    rows = [(link_to(one), one.key, state(one.state_at(at)), when(one.last_used_at)) for one in held[:20]]
    headers = ("Name", "Key", "State", "Last used")
    return Panel("API credentials", headers, rows, empty="They hold no API credential.")


def _deeds(seat: Seat, target: Operator) -> Panel:
    entries = list_audit_by(f"operator:{target.pk}", seat.organization_id)[:CHANGES_SHOWN]
    rows = [(when(entry.at), said(entry), entry.target_name, entry.reason) for entry in entries]
    more = reverse("admin:loyalty_auditentry_changelist") + f"?actor=operator:{target.pk}"
    return Panel(
        "What they did here last",
        ("When", "What", "With", "Why"),
        rows,
        empty="Nothing that left a mark.",
        more=more if rows and seat.may("admin") else "",
    )
