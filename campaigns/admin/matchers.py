"""Matchers on the console: which items of an order are meant."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from campaigns.admin.display import rule_text, standing
from campaigns.admin.rule_fields import RuleField
from campaigns.errors import BadRule
from campaigns.models import ActionMatcher, CampaignAction
from campaigns.rules import ITEM_ROOTS
from campaigns.services import create_matcher, update_matcher
from loyalty.kernel.desk import Act, Done, HouseAdmin, Panel, link_to
from loyalty.kernel.desk.rules import refused_at
from loyalty.kernel.errors import DomainError

ACTIONS_SHOWN = 50


class _Matcher(Act):
    """Which items a matcher means."""

    needs = "campaigns:write"

    name = forms.CharField(max_length=255)
    rule = RuleField(
        ITEM_ROOTS,
        label="An item fits if",
        help_text='Such as: item.productCategoryCode == "beans" && item.quantity >= 2',
    )

    def refuse(self, error: DomainError) -> None:
        """What is wrong with the rule stands beside it."""
        if isinstance(error, BadRule):
            self.add_error("rule", refused_at(error.message, self.cleaned_data.get("rule", ""), error.position))
        else:
            super().refuse(error)


class CreateMatcher(_Matcher):
    """Say which items are meant."""

    slug, title, verb, icon = "create", "New matcher", "Create", "add"

    def act(self) -> Done:
        """Create it."""
        made = create_matcher(
            organization_id=self.organization.pk,
            name=self.cleaned_data["name"],
            type=ActionMatcher.Type.ITEM,
            matcher={"expression": self.cleaned_data["rule"]},
            actor=self.actor,
            at=self.at,
        )
        return Done(f"{made} can be named by actions.", made)


class EditMatcher(_Matcher):
    """Say it otherwise."""

    slug, title, icon = "edit", "Edit", "edit"
    about = "All actions that name it mean these items from now on."

    def starts(self) -> dict[str, Any]:
        """As it is."""
        return {"name": self.target.name, "rule": self.target.rule}

    def act(self) -> Done:
        """Save what is different. A rule that was given as a tree stays one until its text is changed."""
        changes: dict[str, Any] = {"name": self.cleaned_data["name"]}
        if self.cleaned_data["rule"] != self.target.rule:
            changes["matcher"] = {"expression": self.cleaned_data["rule"]}
        saved = update_matcher(matcher=self.target, changes=changes, actor=self.actor, at=self.at)
        return Done(f"{saved} is saved.", saved)


@admin.register(ActionMatcher)
class MatcherAdmin(HouseAdmin):
    """Which items of an order are meant, as actions name it."""

    reads = "campaigns:read"
    list_display = ["name", "key", "rule_shown", "updated_at"]
    search_fields = ["name", "key"]
    ordering = ("name", "pk")
    sortable_by = ()
    creates = CreateMatcher
    acts = (EditMatcher,)
    says_empty = "A matcher means some items of an order, like all coffee beans. Actions of campaigns name it."
    facts = (("Matcher", ("name", "key", "type", "rule_shown")), ("Row", ("id", "created_at", "updated_at")))

    def panels(self, request: HttpRequest, target: Any, at: datetime) -> Iterable[Panel]:
        """The actions that name it."""
        named = CampaignAction.objects.filter(
            campaign__organization=target.organization_id, matcher_key=target.key
        ).select_related("campaign")
        rows = [
            (link_to(action.campaign), link_to(action), standing(action))
            for action in named.order_by("-pk")[:ACTIONS_SHOWN]
        ]
        yield Panel("Named by", ("Campaign", "Action", "State"), rows, empty="No action names it.")

    def find(self, request: HttpRequest, term: str, most: int) -> Iterable[ActionMatcher]:
        """By the key, or by a part of the name."""
        named = Q(key=term) | Q(name__icontains=term)
        return self.get_queryset(request).filter(named).order_by("name", "pk")[:most]

    @admin.display(description="Rule")
    def rule_shown(self, matcher: ActionMatcher) -> Any:
        """Its rule."""
        return rule_text(matcher.rule)
