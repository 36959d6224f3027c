"""Portals on the console."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from loyalty.kernel.desk import Act, Done, HouseAdmin, Line, Preview, copyable, state
from loyalty.kernel.roles import ADMIN, ANY
from members.models import LoyaltyProgram, Portal
from members.selectors import list_programs
from members.services import create_portal, rotate_public_id, update_portal


class _Portal(Act):
    """What a person says of a portal; its looks are the program's that shows it."""

    needs = ADMIN
    name = forms.CharField(max_length=255)
    active = forms.BooleanField(required=False, initial=True)
    program = forms.ModelChoiceField(LoyaltyProgram.objects.none(), required=False)
    auth_redirect_url = forms.CharField(
        required=False,
        max_length=2000,
        label="Where people go after signing in",
        help_text="An address that begins with https://.",
    )

    def prepare(self) -> None:
        """The organization's programs to choose from."""
        organization_id = self.organization.pk if self.target is None else self.target.organization_id
        self.fields["program"].queryset = list_programs(organization_id).order_by("name")  # type: ignore[attr-defined]

    def said(self) -> dict[str, Any]:
        """The fields as services take them."""
        return {
            **{name: self.cleaned_data[name] for name in ("name", "active", "auth_redirect_url")},
            "program_id": getattr(self.cleaned_data["program"], "pk", None),
        }


class CreatePortal(_Portal):
    """Open another portal."""

    slug, title, verb, icon = "create", "New portal", "Open it", "add"

    def act(self) -> Done:
        """Create it."""
        made = create_portal(organization_id=self.organization.pk, actor=self.actor, at=self.at, **self.said())
        return Done(f"{made} is there.", made)


class EditPortal(_Portal):
    """Change a portal."""

    slug, title, icon = "edit", "Edit", "edit"

    def starts(self) -> dict[str, Any]:
        """As it is."""
        names = ("name", "active", "auth_redirect_url")
        return {**{name: getattr(self.target, name) for name in names}, "program": self.target.program_id}

    def act(self) -> Done:
        """Update it."""
        update_portal(portal=self.target, changes=self.said(), actor=self.actor, at=self.at)
        return Done(f"{self.target} is saved.", self.target)


class RotatePublicId(Act):
    """Another public id, where the old one got into wrong hands."""

    slug, title, verb, icon, needs = "rotate", "New public id", "Change it", "autorenew", ADMIN
    is_dangerous, asks_reason = True, True

    def preview(self) -> Preview:
        """What it does to whoever has the old one."""
        says = f"Whatever shows {self.target} has to be told the new id: the old one leads nowhere."
        return Preview(says, [Line("Public id", self.target.public_id, "a new one")])

    def act(self) -> Done:
        """Change it."""
        rotate_public_id(portal=self.target, actor=self.actor, at=self.at, reason=self.reason)
        return Done(f"{self.target} has a new public id.", self.target)


@admin.register(Portal)
class PortalAdmin(HouseAdmin):
    """The pages and apps that show programs to members."""

    reads = ANY
    list_display = ["name", "program", "stands", "public"]
    list_select_related = ["program"]
    ordering = ("name", "pk")
    search_fields = ["name"]
    creates = CreatePortal
    acts = (EditPortal, RotatePublicId)
    says_empty = "A portal is a page or an app that shows a program to its members."
    facts = (
        ("Portal", ("name", "stands", "program", "public")),
        ("Signing in", ("auth_redirect_url", "auth_valid_scopes")),
        ("As the program that shows it keeps it", ("links", "theme", "forms", "custom_attributes")),
        ("Row", ("id", "created_at", "updated_at")),
    )

    def find(self, request: HttpRequest, term: str, most: int) -> Iterable[Portal]:
        """By the public id."""
        return self.get_queryset(request).filter(public_id=term).order_by("pk")[:most]

    @admin.display(description="State")
    def stands(self, portal: Portal) -> SafeString:
        """Whether it is open."""
        return state("active" if portal.active else "inactive")

    @admin.display(description="Public id")
    def public(self, portal: Portal) -> SafeString:
        """What its pages know it by."""
        return copyable(portal.public_id)
