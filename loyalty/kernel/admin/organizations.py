"""Organizations on the console."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from loyalty.kernel import clock
from loyalty.kernel.desk import Act, Done, HouseAdmin, Link, Panel, link_to, roles_shown, seat_of
from loyalty.kernel.models import Organization
from loyalty.kernel.roles import ADMIN, SYSTEM
from loyalty.kernel.services import create_organization, update_organization

PEOPLE_SHOWN = 20


def _zones() -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(clock.zone_names())]


class _About(Act):
    """What an organization says of itself."""

    name = forms.CharField(max_length=255)
    description = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))
    timezone = forms.ChoiceField(choices=_zones, initial="UTC", help_text="Days and reports are cut by it.")
    default_locale = forms.CharField(max_length=35, initial="en-US", help_text="Like en-US or de.")

    def said(self) -> dict[str, Any]:
        """The fields as services take them."""
        return {name: self.cleaned_data[name] for name in ("name", "description", "timezone", "default_locale")}


class CreateOrganization(_About):
    """Open the doors of a new shop chain."""

    slug, title, verb, icon, needs = "create", "New organization", "Create it", "add", SYSTEM

    def act(self) -> Done:
        """Create it."""
        made = create_organization(actor=self.actor, at=self.at, **self.said())
        return Done(f"{made} is open.", made)


class EditOrganization(_About):
    """Change what an organization says of itself."""

    slug, title, icon, needs = "edit", "Edit", "edit", ADMIN

    def starts(self) -> dict[str, Any]:
        """As it is."""
        return {name: getattr(self.target, name) for name in ("name", "description", "timezone", "default_locale")}

    def act(self) -> Done:
        """Update it."""
        update_organization(organization=self.target, changes=self.said(), actor=self.actor, at=self.at)
        return Done(f"{self.target} is saved.", self.target)


@admin.register(Organization)
class OrganizationAdmin(HouseAdmin):
    """The organizations a person belongs to."""

    organization_of = "pk"
    list_display = ["name", "key", "timezone", "default_locale"]
    search_fields = ["name", "key"]
    creates = CreateOrganization
    acts = (EditOrganization,)
    says_empty = "An organization is a shop chain with its own books, members and staff."
    facts = (
        ("About", ("name", "key", "description", "timezone", "default_locale", "locales")),
        ("Row", ("id", "created_at", "updated_at", "custom_attributes")),
    )

    def organization_id_of(self, target: Organization) -> int:
        """Its own."""
        return target.pk

    def find(self, request: HttpRequest, term: str, most: int) -> Iterable[Organization]:
        """By key, or the beginning of the name."""
        return self.get_queryset(request).filter(Q(key=term) | Q(name__istartswith=term)).order_by("name")[:most]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Not only the one chosen: this is where one chooses."""
        return self.everything(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Everybody sees the organizations they belong to."""
        return obj is None or seat_of(request).may(self.reads, obj.pk)

    def links(self, request: HttpRequest, target: Organization) -> Iterable[Link]:
        """Lists and home show one organization at a time: this changes which."""
        if seat_of(request).organization_id != target.pk:
            yield Link("Look into it", reverse("admin:look_into", args=[target.pk]), "visibility", "look-into")

    def panels(self, request: HttpRequest, target: Organization, at: datetime) -> Iterable[Panel]:
        """Who works here."""
        seat = seat_of(request)
        if not seat.may("users:read", target.pk):
            return
        here = seat.organization_id == target.pk
        places = target.memberships.select_related("operator").order_by("-is_admin", "operator__name")[:PEOPLE_SHOWN]
        rows = [
            # The pages of people are those of the organization one looks into.
            (link_to(place.operator) if here else place.operator, roles_shown(place.roles, is_admin=place.is_admin))
            for place in places
        ]
        more = reverse("admin:loyalty_operator_changelist") if here else ""
        yield Panel("Operators", ("Who", "May"), rows, empty="Nobody yet.", more=more)
