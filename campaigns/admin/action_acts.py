"""What can be done about the actions of campaigns: add one, say when it holds and what it does, turn it off and on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.html import strip_tags

from campaigns.admin.display import account_of, effect_words
from campaigns.admin.rule_fields import EffectForm, RuleField
from campaigns.effects import MOST_EFFECTS
from campaigns.errors import BadRule
from campaigns.models import Campaign, CampaignAction
from campaigns.rules import ACTION_ROOTS
from campaigns.selectors import list_matchers
from campaigns.services import create_action, update_action
from loyalty.kernel.desk import Act, Done, Line, Preview
from loyalty.kernel.desk.fields import with_held
from loyalty.kernel.desk.found import whole_number
from loyalty.kernel.desk.rules import refused_at
from loyalty.kernel.errors import DomainError

Status = CampaignAction.Status
MATCHERS_OFFERED = 500


class _ActionWords(Act):
    """When an action holds."""

    needs = "campaigns:write"

    name = forms.CharField(max_length=255)
    rule = RuleField(
        ACTION_ROOTS,
        required=False,
        label="Only if",
        help_text='Such as: order.total > 20 && member.profile.city == "Oslo". Empty: always.',
    )
    matcher = forms.ChoiceField(
        required=False, label="Some item fits", help_text="What it finds is `matched` in rules: items, quantity, total."
    )
    abort_if_false = forms.BooleanField(
        required=False, label="Ends the campaign if it does not hold", help_text="The actions behind it are not asked."
    )
    abort_on_error = forms.BooleanField(
        required=False, label="Ends the campaign if it fails", help_text="The actions behind it are not asked."
    )
    action_index = forms.IntegerField(
        required=False, min_value=-(2**53), max_value=2**53, label="Place", help_text="The lowest is asked first."
    )

    def prepare(self) -> None:
        """The matchers there are, and the one that is named."""
        super().prepare()
        held = [key] if (key := getattr(self.target, "matcher_key", "")) else []
        mine = list_matchers(self.organization_id).order_by("name").values_list("key", "name")[:MATCHERS_OFFERED]
        field: Any = self.fields["matcher"]
        field.choices = [("", "No matcher"), *with_held(mine, held)]

    @property
    def organization_id(self) -> int:
        """Whose action it is."""
        raise NotImplementedError

    def words(self) -> dict[str, Any]:
        """The fields as services take them."""
        names = ("name", "abort_if_false", "abort_on_error", "action_index")
        said = {name: self.cleaned_data[name] for name in names}
        return {**said, "rules": self._rules()}

    def _rules(self) -> dict[str, Any]:
        """The rule as it was written, and as a tree where it was given as one, until its text is changed."""
        text, key = self.cleaned_data["rule"], self.cleaned_data["matcher"]
        held = self.target if isinstance(self.target, CampaignAction) else None
        rules: dict[str, Any] = {"expression": text} if text else {}
        if held is not None and text == held.rule:
            rules = {name: value for name, value in held.rules.items() if name != "matcherKey"}
        return {**rules, "matcherKey": key} if key else rules

    def refuse(self, error: DomainError) -> None:
        """What is wrong with a rule stands beside it, what is wrong with an effect beside that."""
        fields = {"rules": "rule", "effects": "effect"}
        name = fields.get(error.field or "") if isinstance(error, BadRule) else None
        if isinstance(error, BadRule) and name in self.fields:
            text = str(self.cleaned_data.get(name, ""))
            self.add_error(name, refused_at(error.message, text, error.position if name == "rule" else None))
        else:
            super().refuse(error)


class AddAction(_ActionWords, EffectForm):
    """Say what else the campaign gives."""

    slug, title, verb, icon = "add-action", "Add an action", "Add it", "add_circle"
    about = "All effects of an action are done, or none. It begins with one; more can be added to it afterwards."

    runs = forms.BooleanField(required=False, initial=True, label="Runs", help_text="Otherwise it is a draft.")
    field_order = ["name", "effect"]

    @property
    def campaign(self) -> Campaign:
        """The campaign it is added to."""
        campaign: Campaign = self.target
        return campaign

    @property
    def organization_id(self) -> int:
        """The campaign's."""
        return self.campaign.organization_id

    def starts(self) -> dict[str, Any]:
        """Give points."""
        return {"effect": "mint-points"}

    def act(self) -> Done:
        """Add it."""
        made = create_action(
            campaign=self.campaign,
            status=Status.RUNNING if self.cleaned_data["runs"] else Status.DRAFT,
            effects={"effects": [self.wanted]},
            actor=self.actor,
            at=self.at,
            **self.words(),
        )
        return Done(f"{made} is an action of {self.campaign}.", made)


class EditAction(_ActionWords):
    """Change when an action holds."""

    slug, title, icon = "edit", "Edit", "edit"
    about = "What it gave so far stands."

    @property
    def organization_id(self) -> int:
        """The campaign's."""
        action: CampaignAction = self.target
        return action.campaign.organization_id

    def starts(self) -> dict[str, Any]:
        """As it is."""
        names = ("name", "rule", "abort_if_false", "abort_on_error", "action_index")
        return {**{name: getattr(self.target, name) for name in names}, "matcher": self.target.matcher_key}

    def act(self) -> Done:
        """Save what is different."""
        saved = update_action(action=self.target, changes=self.words(), actor=self.actor, at=self.at)
        return Done(f"{saved} is saved.", saved)


# --- effects ---------------------------------------------------------------------------------------------------------
def _effects(action: CampaignAction) -> list[dict[str, Any]]:
    return list(action.effects["effects"])


class _OfAction(EffectForm):
    """An effect of an action that is there."""

    @property
    def campaign(self) -> Campaign:
        """The action's."""
        campaign: Campaign = self.target.campaign
        return campaign

    def refuse(self, error: DomainError) -> None:
        """What is wrong with an effect stands beside it."""
        if isinstance(error, BadRule):
            self.add_error("effect", error.message)
        else:
            super().refuse(error)


class AddEffect(_OfAction):
    """Have the action do something else as well."""

    slug, title, verb, icon = "add-effect", "Add an effect", "Add it", "add_circle"
    about = "All effects of an action are done, or none."

    @classmethod
    def fits(cls, target: CampaignAction) -> bool:
        """As many as one action may have."""
        return len(_effects(target)) < MOST_EFFECTS

    def starts(self) -> dict[str, Any]:
        """Give points."""
        return {"effect": "mint-points"}

    def act(self) -> Done:
        """Add it."""
        saved = _keep(self, [*_effects(self.target), self.wanted])
        return Done(f"{saved} does one thing more.", saved)


class ChangeEffect(_OfAction):
    """Have it done otherwise."""

    slug, title, icon = "change-effect", "Change an effect", "tune"
    about = "What it gave so far stands."

    position = forms.IntegerField(min_value=1, initial=1, widget=forms.HiddenInput)

    @property
    def place(self) -> int:
        """Which, from 0; one that is not there is the first."""
        said = whole_number(self.data.get("position") if self.is_bound else self.initial.get("position"))
        return said - 1 if said is not None and 1 <= said <= len(_effects(self.target)) else 0

    def held(self) -> Mapping[str, Any] | None:
        """The one that is meant."""
        return _effects(self.target)[self.place]

    def starts(self) -> dict[str, Any]:
        """As it is."""
        return {"position": self.place + 1, **self.effect_started()}

    def act(self) -> Done:
        """Save it."""
        effects = _effects(self.target)
        effects[self.place] = self.wanted
        saved = _keep(self, effects)
        return Done(f"{saved} is saved.", saved)


class RemoveEffect(Act):
    """Have it done no more."""

    slug, title, verb, icon, is_dangerous = "remove-effect", "Remove an effect", "Remove it", "remove_circle", True
    about = "What it gave so far stands."
    needs = "campaigns:write"
    asks_reason = True

    which = forms.ChoiceField(label="Effect")

    @classmethod
    def fits(cls, target: CampaignAction) -> bool:
        """An action does something."""
        return len(_effects(target)) > 1

    def prepare(self) -> None:
        """Those there are, in words."""
        field: Any = self.fields["which"]
        field.choices = [
            (str(place), strip_tags(effect_words(one, account_of(self.target.campaign, one["params"]))))
            for place, one in enumerate(_effects(self.target), start=1)
        ]

    def act(self) -> Done:
        """Leave the others."""
        effects = _effects(self.target)
        del effects[int(self.cleaned_data["which"]) - 1]
        saved = _keep(self, effects)
        return Done(f"{saved} does one thing less.", saved)


def _keep(act: Act, effects: list[dict[str, Any]]) -> CampaignAction:
    """Have the action do these."""
    changes = {"effects": {"effects": effects}}
    return update_action(action=act.target, changes=changes, actor=act.actor, at=act.at, reason=act.reason)


# --- off and on ------------------------------------------------------------------------------------------------------
class _Turn(Act):
    """Asked or not."""

    needs = "campaigns:write"
    asks_reason = True
    becomes: ClassVar[str]

    @classmethod
    def fits(cls, target: CampaignAction) -> bool:
        """Where it is another way."""
        return target.status != cls.becomes

    def preview(self) -> Preview:
        """How it stands and will."""
        return Preview(self.about, [Line("State", self.target.get_status_display(), Status(self.becomes).label)])

    def act(self) -> Done:
        """Turn it."""
        changes = {"status": self.becomes}
        saved = update_action(action=self.target, changes=changes, actor=self.actor, at=self.at, reason=self.reason)
        return Done(f"{saved} is {saved.get_status_display().lower()}.", saved)


class RunAction(_Turn):
    """Have it asked."""

    slug, title, verb, icon, becomes = "run", "Run", "Run it", "play_arrow", Status.RUNNING
    about = "It is asked whenever its campaign applies."


class RemoveAction(_Turn):
    """Have it give nothing more."""

    slug, title, verb, icon, becomes = "remove", "Remove", "Remove it", "block", Status.DISABLED
    is_dangerous = True
    about = "It gives nothing more, and stays here for what it gave. It can be run again."


ACTION_ACTS: tuple[type[Act], ...] = (EditAction, AddEffect, ChangeEffect, RemoveEffect, RunAction, RemoveAction)
