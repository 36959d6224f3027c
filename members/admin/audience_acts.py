"""What can be done about audiences: say whom a new one means, and change that."""

from __future__ import annotations

from typing import Any

from django import forms

from loyalty.kernel.desk import Act, Done
from loyalty.kernel.errors import DomainError
from members.errors import BadMatcher
from members.models import Audience
from members.services import create_audience, update_audience
from members.tasks import ring_for_audience

_TYPE = Audience.MatcherType


def place_of(error: BadMatcher) -> str:
    """A refusal with its place in the rule, counted from 1 as people do."""
    return error.message if error.position is None else f"{error.message} (At character {error.position + 1}.)"


class _Audience(Act):
    """Whom an audience means."""

    needs = "campaigns:write"
    template = "admin/members/audience.html"

    name = forms.CharField(max_length=255)
    description = forms.CharField(required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 2}))
    matcher_type = forms.ChoiceField(choices=_TYPE.choices, label="Members are found", initial=_TYPE.ATTRIBUTE)
    expression = forms.CharField(
        required=False,
        label="Rule",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text='Such as: member.profile.city == "Oslo" && member.tiers.exists(t, t.loyaltyTierKey == "gold")',
    )
    own_ids = forms.CharField(
        required=False, label="Your ids", widget=forms.Textarea(attrs={"rows": 4}), help_text="One on each line."
    )
    numbers = forms.CharField(
        required=False, label="Numbers", widget=forms.Textarea(attrs={"rows": 2}), help_text="One on each line."
    )
    segment_key = forms.CharField(
        required=False, max_length=255, label="Segment key", help_text="What another system calls it."
    )
    active = forms.BooleanField(required=False, initial=True, help_text="One that is not matches nobody.")

    def matcher(self) -> dict[str, Any]:
        """The matcher as the form has it."""
        return matcher_of(self.cleaned_data)

    def said(self) -> dict[str, Any]:
        """The fields as services take them."""
        names = ("name", "description", "matcher_type", "segment_key", "active")
        return {name: self.cleaned_data[name] for name in names}

    def refuse(self, error: DomainError) -> None:
        """A matcher is refused beside the field it was written in."""
        if not isinstance(error, BadMatcher):
            super().refuse(error)
        else:
            self.add_error(field_of(self.cleaned_data), place_of(error))


def matcher_of(said: dict[str, Any]) -> dict[str, Any]:
    """The matcher that a form's fields make."""
    if said.get("matcher_type") == _TYPE.LIST:
        lists = (("loyaltyMemberIds", "own_ids"), ("memberIds", "numbers"))
        return {wire: lines for wire, name in lists if (lines := _lines(said.get(name, "")))}
    # As it was written: a place in it is the same in what is kept.
    return {"expression": said.get("expression", "")} if said.get("matcher_type") == _TYPE.ATTRIBUTE else {}


def field_of(said: dict[str, Any]) -> str:
    """The field in which the matcher was written."""
    if said.get("matcher_type") != _TYPE.LIST:
        return "expression"
    return "own_ids" if all(line.isdigit() for line in _lines(said.get("numbers", ""))) else "numbers"


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


class CreateAudience(_Audience):
    """Say whom another audience means."""

    slug, title, verb, icon = "create", "New audience", "Create", "add"

    def act(self) -> Done:
        """Create it, and have its members counted."""
        made = create_audience(
            organization_id=self.organization.pk, matcher=self.matcher(), actor=self.actor, at=self.at, **self.said()
        )
        ring_for_audience(made.pk)
        return Done(f"{made} is an audience.", made)


class EditAudience(_Audience):
    """Change whom an audience means."""

    slug, title, icon = "edit", "Edit", "edit"

    def starts(self) -> dict[str, Any]:
        """As it is."""
        held: Audience = self.target
        return {
            **{name: getattr(held, name) for name in ("name", "description", "matcher_type", "segment_key", "active")},
            "expression": held.rule,
            "own_ids": "\n".join(held.matcher.get("loyaltyMemberIds", ())),
            "numbers": "\n".join(map(str, held.matcher.get("memberIds", ()))),
        }

    def act(self) -> Done:
        """Save what is different. A rule that was given as a tree stays one until its text is changed."""
        held: Audience = self.target
        changes = self.said()
        if held.rule != self.cleaned_data["expression"] or changes["matcher_type"] != _TYPE.ATTRIBUTE:
            changes["matcher"] = self.matcher()
        saved = update_audience(audience=held, changes=changes, actor=self.actor, at=self.at)
        ring_for_audience(saved.pk)
        return Done(f"{saved} is saved.", saved)
