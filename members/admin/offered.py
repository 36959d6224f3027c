"""What of members' surroundings other forms offer to choose from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy

from loyalty.kernel.desk.choosing import ChoiceInput
from loyalty.kernel.desk.fields import with_held
from loyalty.kernel.models import Organization
from members.errors import NoSuchMember
from members.models import LoyaltyTier, Member
from members.selectors import get_named_member, list_audiences

MOST_OFFERED = 500


def audiences_offered(organization: Organization, held: Iterable[str] = ()) -> list[tuple[str, str]]:
    """The audiences by key, and those that are held."""
    rows = list_audiences(organization.pk).order_by("name").values_list("key", "name")[:MOST_OFFERED]
    return with_held(rows, held)


def tiers_offered(organization: Organization, held: Iterable[str] = ()) -> list[tuple[str, str]]:
    """The tiers by key, or by number where they are held so, and those that are held."""
    known = list(held)
    rows = LoyaltyTier.objects.filter(program__organization=organization).select_related("program")
    return with_held(
        (
            (str(tier.pk) if str(tier.pk) in known else tier.key, f"{tier.name} ({tier.program})")
            for tier in rows.order_by("program", "tier_order", "pk")[:MOST_OFFERED]
        ),
        known,
    )


def member_field(**words: Any) -> forms.CharField:
    """A line in which a member is named; whom it finds so far is offered while it is written."""
    help_text = "Name, phone, card, email or any number of the member."
    widget = ChoiceInput(attrs={"data-offers": reverse_lazy("admin:members_member_offer")})
    return forms.CharField(max_length=255, widget=widget, help_text=help_text, **words)


def member_named(organization_id: int, text: str) -> Member:
    """The one member whom a line names.

    :raises ValidationError: nobody, or more than one.
    """
    try:
        return get_named_member(organization_id, text)
    except NoSuchMember as error:
        raise ValidationError(error.message) from error
