"""Partnerships on the console: system administrators make them, end them and begin them again; both sides see them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from loyalty.kernel.desk import Act, Done, Line, Panel, Preview, link_to, state, when
from loyalty.kernel.desk.choosing import ChoiceInput
from loyalty.kernel.models import Organization
from loyalty.kernel.roles import SYSTEM
from partners.admin.sides import TwoSidedAdmin
from partners.models import Partnership
from partners.selectors import with_both_sides
from partners.services import create_partnership, set_partnership_active

OFFERED = 500
OFFERINGS_SHOWN = 20


class CreatePartnership(Act):
    """Let this organization and another offer each other coupon books."""

    slug, title, verb, icon, needs = "create", "New partnership", "Make it", "add", SYSTEM
    asks_reason = True
    partner = forms.CharField(
        max_length=255, widget=ChoiceInput(), help_text="The other organization: write a part of its key."
    )

    def prepare(self) -> None:
        """Every other organization, by its key."""
        widget: Any = self.fields["partner"].widget
        others = Organization.objects.exclude(pk=self.organization.pk).order_by("key")
        widget.options = list(others.values_list("key", flat=True)[:OFFERED])

    def clean_partner(self) -> Organization:
        """The one of this key."""
        found = Organization.objects.filter(key=self.cleaned_data["partner"].strip()).first()
        if found is None:
            raise forms.ValidationError("There is no organization with this key.")
        return found

    def act(self) -> Done:
        """Make it."""
        made = create_partnership(
            organization=self.organization,
            partner=self.cleaned_data["partner"],
            actor=self.actor,
            at=self.at,
            reason=self.reason,
        )
        return Done(f"{made} can offer each other coupon books.", made)


class _Turn(Act):
    """Begin or end."""

    needs, asks_reason = SYSTEM, True
    becomes: ClassVar[bool]

    @classmethod
    def fits(cls, target: Partnership) -> bool:
        """Where it is otherwise."""
        return target.active != cls.becomes

    def preview(self) -> Preview:
        """What it means for the books that were accepted."""
        accepted = self.target.offerings.filter(status="accepted").count()
        words = ("active", "inactive") if not self.becomes else ("inactive", "active")
        return Preview(self.about, [Line("State", *words), Line("Books accepted from a partner", accepted, accepted)])

    def act(self) -> Done:
        """Save it."""
        saved = set_partnership_active(
            partnership=self.target, active=self.becomes, actor=self.actor, at=self.at, reason=self.reason
        )
        return Done(f"The partnership of {saved} is {'active' if saved.active else 'inactive'}.", saved)


class Activate(_Turn):
    """Begin it again."""

    slug, title, verb, icon, becomes = "activate", "Activate", "Activate it", "play_circle", True
    about = "Books can be offered and accepted again, and those that were accepted give again what their sources have."


class Deactivate(_Turn):
    """End it."""

    slug, title, verb, icon, is_dangerous, becomes = "deactivate", "Deactivate", "End it", "block", True, False
    about = (
        "Nothing more is offered or accepted, and nothing more is given from the books that were accepted. What members"
        " were given stays."
    )


@admin.register(Partnership)
class PartnershipAdmin(TwoSidedAdmin):
    """Two organizations that work together."""

    list_display = ["pair", "stands", "since"]
    list_select_related = ["organization", "partner_organization"]
    list_filter = ["active"]
    creates = CreatePartnership
    acts = (Activate, Deactivate)
    says_empty = (
        "A partnership lets two organizations offer each other coupon books. A system administrator makes it; then both"
        " sides find it here."
    )
    facts = (("Partnership", ("organization", "partner_organization", "stands", "since", "updated_at")),)

    def panels(self, request: HttpRequest, target: Partnership, at: datetime) -> Iterable[Panel]:
        """What was offered in it, newest first, and its history."""
        offered: QuerySet[Any] = with_both_sides(target.offerings.order_by("-pk"))
        rows = [
            (
                link_to(one, one.offered_book.name),
                one.organization.name,
                state(one.get_status_display()),
                when(one.created_at),
            )
            for one in offered[:OFFERINGS_SHOWN]
        ]
        headers = ("Coupon book", "Offered by", "State", "When")
        yield Panel("Offerings", headers, rows, empty="Nothing was offered yet.")
        yield from self.history(request, target)

    @admin.display(description="Between")
    def pair(self, partnership: Partnership) -> str:
        """Which two."""
        return str(partnership)

    @admin.display(description="State")
    def stands(self, partnership: Partnership) -> SafeString:
        """Whether it goes on."""
        return state("active" if partnership.active else "inactive")

    @admin.display(description="Since")
    def since(self, partnership: Partnership) -> SafeString:
        """When it was made."""
        return when(partnership.created_at)
