"""What can be done about missions: make one, change it, pause it and go on, and count it for a member by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django import forms

from campaigns.models import ActionMatcher, Mission
from campaigns.selectors import list_matchers, list_missions, missions_of_member
from campaigns.selectors.mission_numbers import account_of_mission, count_begun
from campaigns.selectors.occasions import members_to_ask
from campaigns.services import create_mission, increment_mission, update_mission
from ledger.admin import PointsField, points
from ledger.models import LedgerAccount
from ledger.selectors import list_accounts
from ledger.services import rehearse
from loyalty.kernel.desk import Act, Done, Line, Preview, number, state
from loyalty.kernel.errors import DomainError
from loyalty.kernel.models import Organization
from members.models import Audience, EventType, LoyaltyProgram, Member
from members.selectors import default_program, get_member, list_audiences, list_programs

MOST_COUNTED = 100_000
_PLAIN = ("name", "code", "short_description", "description", "type", "picture_url", "event_type", "points")
_NUMBERS = ("goal_count", "max_repetitions")
_TIMES = ("valid_from", "valid_to")
_CHOSEN = ("program", "audience", "matcher", "account")
# What services call it, and what the form does.
_CALLED = {
    "loyaltyProgramId": "program",
    "audienceId": "audience",
    "matcherId": "matcher",
    "ledgerAccountId": "account",
}


def _times(label: str, help_text: str) -> forms.IntegerField:
    return forms.IntegerField(min_value=1, max_value=2**44, label=label, help_text=help_text)


def _moment(help_text: str) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S")
    return forms.DateTimeField(required=False, widget=widget, help_text=help_text)


class MissionForm(Act):
    """What a person says of a mission."""

    needs = "campaigns:write"

    name = forms.CharField(max_length=255)
    code = forms.CharField(max_length=255, help_text="Your own short name for it, without comma and slash.")
    program = forms.ModelChoiceField(LoyaltyProgram.objects.none(), empty_label=None)
    event_type = forms.ChoiceField(choices=EventType.choices, label="Counts", initial=EventType.ORDER_CONFIRMED)
    matcher = forms.ModelChoiceField(
        ActionMatcher.objects.none(),
        required=False,
        empty_label="Each event once",
        label="Pieces of",
        help_text="Counts the pieces of an order that the matcher means: a stamp card.",
    )
    goal_count = _times("Goal", "So many are one achievement.")
    max_repetitions = _times("Most achievements", "How often a member can achieve it in all.")
    points = PointsField(required=False, least=0, label="Points for each achievement")
    account = forms.ModelChoiceField(
        LedgerAccount.objects.none(),
        required=False,
        empty_label="The program's main account",
        label="Given in",
    )
    audience = forms.ModelChoiceField(Audience.objects.none(), required=False, empty_label="Everybody")
    valid_from = _moment("Empty: at once.")
    valid_to = _moment("Before this moment. Empty: without an end.")
    short_description = forms.CharField(required=False, max_length=1000)
    description = forms.CharField(required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 2}))
    type = forms.CharField(required=False, max_length=100)
    tags = forms.CharField(required=False, max_length=2000, help_text="With commas between them.")
    picture_url = forms.CharField(required=False, max_length=2000, label="Picture (address)")

    @property
    def house(self) -> Organization:
        """Whose mission it is."""
        return self.organization if self.target is None else self.target.organization

    def prepare(self) -> None:
        """What the organization has to choose from."""
        fields: Any = self.fields
        fields["program"].queryset = list_programs(self.house.pk).order_by("-is_default", "pk")
        fields["matcher"].queryset = list_matchers(self.house.pk).order_by("name")
        fields["audience"].queryset = list_audiences(self.house.pk).order_by("name")
        fields["account"].queryset = list_accounts(self.house.pk).filter(active=True).order_by("name")
        program = list_programs(self.house.pk).filter(is_default=True).select_related("main_account").first()
        held: Mission | None = self.target
        main = program.main_account if program is not None else None
        self._say_units(account_of_mission(held) if held is not None else main)

    def _say_units(self, account: LedgerAccount | None) -> None:
        field: Any = self.fields["points"]
        field.decimals = account.decimals if account is not None else 0
        field.help_text = f"In {account.name}. Empty: none." if account is not None else "Empty: none."

    def clean_program(self) -> LoyaltyProgram:
        """Its points are written in units of its main account, where no other is chosen."""
        program: LoyaltyProgram = self.cleaned_data["program"]
        chosen = self.data.get("account")
        accounts = list_accounts(self.house.pk).filter(pk=chosen) if chosen and chosen.isdecimal() else ()
        self._say_units(next(iter(accounts), None) or program.main_account)
        return program

    def said(self) -> dict[str, Any]:
        """The fields as services take them."""
        given, held = self.cleaned_data, self.target
        words: dict[str, Any] = {name: given[name] for name in (*_PLAIN, *_NUMBERS)}
        words |= {f"{name}_id": given[name].pk if given[name] is not None else None for name in _CHOSEN}
        words["tags"] = [tag.strip() for tag in given["tags"].split(",") if tag.strip()]
        for name in _TIMES:
            words[name] = _kept(given[name], getattr(held, name, None))
        return words

    def refuse(self, error: DomainError) -> None:
        """Beside the field, as the form calls it."""
        named = _CALLED.get(getattr(error, "field", None) or "")
        self.add_error(named, error.message) if named else super().refuse(error)


def _kept(said: datetime | None, held: datetime | None) -> datetime | None:
    """A moment as it was, where the form showed it to the second and it was left so."""
    return held if held is not None and held.replace(microsecond=0) == said else said


class CreateMission(MissionForm):
    """Make another mission."""

    slug, title, verb, icon = "create", "New mission", "Create", "add"
    about = "It counts from now on, for everything that happens within its time."

    repetition_period = forms.ChoiceField(
        required=False,
        choices=[("", "Never"), *Mission.Period.choices],
        label="Begins anew each",
        help_text="The counter begins at 0 then; for good.",
    )
    period_limit = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=2**44,
        label="Most achievements in a period",
        help_text="Empty: no limit.",
    )

    def starts(self) -> dict[str, Any]:
        """Of the default program."""
        program = default_program(self.organization.pk)
        return {"program": program.pk if program is not None else None, "max_repetitions": 1}

    def act(self) -> Done:
        """Create it."""
        more = {name: self.cleaned_data[name] for name in ("repetition_period", "period_limit")}
        words = {**self.said(), **more, "actor": self.actor, "at": self.at}
        made = create_mission(organization_id=self.organization.pk, **words)
        return Done(f"{made} is there.", made)


class EditMission(MissionForm):
    """Change what a mission says."""

    slug, title, icon = "edit", "Edit", "edit"
    about = "What was counted and achieved so far stays."

    def starts(self) -> dict[str, Any]:
        """As it is."""
        held: Mission = self.target
        started = {name: getattr(held, name) for name in (*_PLAIN, *_NUMBERS, *_TIMES)}
        chosen = {name: getattr(held, f"{name}_id") for name in _CHOSEN}
        return {**started, **chosen, "tags": ", ".join(held.tags)}

    def act(self) -> Done:
        """Save what is different."""
        saved = update_mission(mission=self.target, changes=self.said(), actor=self.actor, at=self.at)
        return Done(f"{saved} is saved.", saved)


class _Switch(Act):
    """Whether it counts."""

    needs = "campaigns:write"
    asks_reason = True
    becomes: ClassVar[bool]

    @classmethod
    def fits(cls, target: Mission) -> bool:
        """Where it is not so already."""
        return target.active != cls.becomes

    def preview(self) -> Preview:
        """For how many members it means something."""
        states = [state("active" if one else "inactive") for one in (not self.becomes, self.becomes)]
        begun = number(count_begun(self.target))
        return Preview(self.about, [Line("State", *states), Line("Members who have begun it", begun, begun)])

    def act(self) -> Done:
        """Switch it."""
        words: dict[str, Any] = {"actor": self.actor, "at": self.at, "reason": self.reason}
        saved = update_mission(mission=self.target, changes={"active": self.becomes}, **words)
        return Done(f"{saved} is {'active' if self.becomes else 'not active any more'}.", saved)


class Activate(_Switch):
    """Let it count."""

    slug, title, verb, icon = "activate", "Activate", "Activate it", "play_circle"
    about = "It counts from now on; what members had counted before counts on."
    becomes = True


class Deactivate(_Switch):
    """Let it count no more."""

    slug, title, verb, icon = "deactivate", "Deactivate", "Deactivate it", "pause_circle"
    about = "Nothing is counted until it is active again; what members have stays."
    becomes = False


class CountMission(Act):
    """Count a mission for a member by hand."""

    slug, title, verb, icon = "count-mission", "Count a mission", "Count it", "flag"
    needs = "campaigns:write"
    asks_reason = True

    mission = forms.ModelChoiceField(Mission.objects.none(), empty_label=None)
    amount = forms.IntegerField(min_value=1, max_value=MOST_COUNTED, initial=1, label="How many")

    @classmethod
    def fits(cls, target: Member) -> bool:
        """Whoever is active."""
        return target.active

    def prepare(self) -> None:
        """The missions that count now."""
        field: Any = self.fields["mission"]
        active = list_missions(self.target.organization_id).filter(active=True)
        related = active.select_related("organization", "matcher", "account", "program__main_account")
        field.queryset = related.order_by("name", "pk")

    def count(self) -> dict[str, Any]:
        """Call the service."""
        return increment_mission(
            mission=self.cleaned_data["mission"],
            member=get_member(self.target.organization_id, self.target.pk),
            amount=self.cleaned_data["amount"],
            unique_key=self.key,
            actor=self.actor,
            at=self.at,
            reason=self.reason,
        ).balance

    def preview(self) -> Preview:
        """How far the member is before and after, and the points."""
        mission: Mission = self.cleaned_data["mission"]
        member = members_to_ask(mission.organization_id).get(pk=self.target.pk)
        now = missions_of_member(member, mission.organization.timezone, at=self.at).get(pk=mission.pk)
        then = rehearse(self.count)
        achieved = then["timesAchieved"] - now.times_achieved
        lines = [
            Line(f"Counted, of {mission.goal_count}", number(now.counter_count), number(then["counterCount"])),
            Line("Achieved", number(now.times_achieved), number(then["timesAchieved"])),
        ]
        if achieved and mission.points:
            lines.append(Line("Points", "", points(achieved * mission.points, account_of_mission(mission))))
        return Preview(f"{mission} is counted {self.cleaned_data['amount']} times for {self.target}.", lines)

    def act(self) -> Done:
        """Count it."""
        balance = self.count()
        mission = self.cleaned_data["mission"]
        says = f"{balance['counterCount']} of {balance['goalCount']}, achieved {balance['timesAchieved']} times"
        return Done(f"{mission} is counted for {self.target}: {says}.", self.target)


MISSION_ACTS: tuple[type[Act], ...] = (EditMission, Activate, Deactivate)
