"""The form that says when a campaign applies, and how its fields become what services take."""

from __future__ import annotations

from typing import Any

from django import forms

from campaigns.admin.display import account_of, types_offered
from campaigns.models import Campaign
from campaigns.selectors.playbook import DAYS
from ledger.admin import PointsField
from loyalty.kernel.desk import Act
from loyalty.kernel.desk.fields import kept_moment, listed, moment_field, some_of, with_held
from loyalty.kernel.errors import DomainError
from loyalty.kernel.models import Location, Organization
from members.admin.offered import MOST_OFFERED, audiences_offered, tiers_offered
from members.models import LoyaltyProgram
from members.selectors import list_programs

# Named in the form as in the model.
_PLAIN = (
    "name",
    "code",
    "description",
    "event_type",
    "enabled_topics",
    "days_of_week",
    "tier_keys",
    "audience_keys",
    "location_codes",
    "min_spend",
    "monthly_limit",
    "allow_partial",
    "type",
    "picture_url",
)
_TIMES = ("valid_from", "valid_to")
# What services call it, and what the form does.
_CALLED = {
    "loyaltyProgramId": "program",
    "loyaltyTierKeys": "tier_keys",
    "minSpendValue": "min_spend",
    "pointsMonthlyLimitPerMember": "monthly_limit",
}


class CampaignForm(Act):
    """What a person says of a campaign."""

    needs = "campaigns:write"

    name = forms.CharField(max_length=255)
    code = forms.CharField(max_length=255, help_text="What your programs call it.")
    description = forms.CharField(required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 2}))
    event_type = forms.ChoiceField(
        required=False, label="When this happens", help_text="What a member does that the campaign waits for."
    )
    enabled_topics = some_of("More that it waits for.", label="Or this")
    valid_from = moment_field("Empty: at once.")
    valid_to = moment_field("Before this moment. Empty: without an end.")
    days_of_week = forms.MultipleChoiceField(
        required=False,
        choices=[(day, day.capitalize()) for day in DAYS],
        widget=forms.CheckboxSelectMultiple,
        label="On",
        help_text="None ticked: on every day.",
    )
    program = forms.ModelChoiceField(LoyaltyProgram.objects.none(), required=False, empty_label="Any program")
    tier_keys = some_of("Members with any of these. None chosen: every tier.", label="Tiers")
    audience_keys = some_of("Members of any of these. None chosen: everybody.", label="Audiences")
    location_codes = some_of("At any of these. None chosen: everywhere.", label="Places")
    min_spend = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=18,
        decimal_places=4,
        label="Least to spend",
        help_text="What an order comes to at least. Empty: any order, and what is none.",
    )
    monthly_limit = PointsField(required=False, least=0, label="Most points a month")
    allow_partial = forms.BooleanField(
        required=False, label="Give the rest", help_text="Over the limit, what it leaves; otherwise nothing."
    )
    type = forms.CharField(required=False, max_length=100, label="Kind", help_text="A word of your own to sort by.")
    tags = forms.CharField(required=False, max_length=2000, help_text="With commas between them.")
    picture_url = forms.CharField(required=False, max_length=2000, label="Picture (address)")

    @property
    def house(self) -> Organization:
        """Whose campaign it is."""
        return self.organization if self.target is None else self.target.organization

    def prepare(self) -> None:
        """What the organization has to choose from, and what the campaign names already."""
        fields: Any = self.fields
        held: Campaign | None = self.target
        types = types_offered(self.house.pk)
        said = [held.event_type] if held is not None and held.event_type else []
        fields["event_type"].choices = [("", "Whatever comes from outside"), *with_held(types, said)]
        fields["enabled_topics"].choices = with_held(types, held.enabled_topics if held else ())
        fields["program"].queryset = list_programs(self.house.pk).order_by("-is_default", "pk")
        fields["tier_keys"].choices = tiers_offered(self.house, held.tier_keys if held else ())
        fields["audience_keys"].choices = audiences_offered(self.house, held.audience_keys if held else ())
        places = Location.objects.filter(organization=self.house).order_by("label").values_list("code", "label")
        fields["location_codes"].choices = with_held(places[:MOST_OFFERED], held.location_codes if held else ())
        self._say_units(held or Campaign(organization=self.house))

    def _say_units(self, campaign: Campaign) -> None:
        """The limit is written in the units of the campaign's main account."""
        account, field = account_of(campaign, {}), self.fields["monthly_limit"]
        limit: Any = field
        limit.decimals = account.decimals if account is not None else 0
        unit = f", in {account.name}" if account is not None else ""
        limit.help_text = f"For each member{unit}. Empty: no limit."

    def clean_program(self) -> LoyaltyProgram | None:
        """The limit, which comes after it, is written in its units."""
        program: LoyaltyProgram | None = self.cleaned_data["program"]
        self._say_units(Campaign(organization=self.house, program=program))
        return program

    def started(self) -> dict[str, Any]:
        """The campaign as the form shows it."""
        held: Campaign = self.target
        return {
            **{name: getattr(held, name) for name in (*_PLAIN, *_TIMES)},
            "program": held.program_id,
            "tags": ", ".join(held.tags),
        }

    def said(self) -> dict[str, Any]:
        """The fields as services take them."""
        given = self.cleaned_data
        words: dict[str, Any] = {name: given[name] for name in _PLAIN}
        words["program_id"] = given["program"].pk if given["program"] else None
        words["tags"] = listed(given["tags"])
        for name in _TIMES:
            words[name] = kept_moment(given[name], getattr(self.target, name, None))
        return words

    def refuse(self, error: DomainError) -> None:
        """Beside the field; services know some by other names."""
        named = _CALLED.get(getattr(error, "field", None) or "")
        if named is not None:
            self.add_error(named, error.message)
        else:
            super().refuse(error)
