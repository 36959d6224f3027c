"""What can be done about referral programs: make one, change it, pause it, and give members codes."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from campaigns.errors import ReferralCodeTaken
from campaigns.models import UNLIMITED, ReferralProgram
from campaigns.selectors import list_event_types, list_referral_programs
from campaigns.services import create_referral_program, register_referral_codes, update_referral_program
from campaigns.services.referral_codes import MOST_CODES
from ledger.admin import PointsField
from ledger.models import LedgerAccount
from ledger.selectors import list_accounts
from loyalty.kernel.desk import Act, Done, Line, Preview, Seat, number
from loyalty.kernel.desk.fields import kept_moment, listed, moment_field
from loyalty.kernel.errors import DomainError
from loyalty.kernel.models import Organization
from members.errors import NoSuchMember
from members.models import Audience, LoyaltyProgram, Member
from members.selectors import get_named_member, list_audiences, list_programs

SIDES = ("referrer", "referred")
_PLAIN = ("name", "code", "event_type", "max_per_code", "max_redeems", "description")
_TIMES = ("valid_from", "valid_to")
# What services call it, and what the form does.
_CALLED = {"codes": "codes", "eventType": "event_type", "validToDate": "valid_to"}


def _account_field(label: str) -> forms.ModelChoiceField[LedgerAccount]:
    main = "The program's main account"
    return forms.ModelChoiceField(LedgerAccount.objects.none(), required=False, empty_label=main, label=label)


class _Program(Act):
    """What a person says of a referral program."""

    needs = "campaigns:write"

    name = forms.CharField(max_length=255)
    code = forms.CharField(max_length=255, help_text="What other systems call the program.")
    event_type = forms.ChoiceField(
        label="Rewarded when", help_text="What the member who was referred has to do. “Joined” is rewarded at once."
    )
    program = forms.ModelChoiceField(
        LoyaltyProgram.objects.none(), required=False, empty_label="Any", label="Loyalty program"
    )
    referrer_account = _account_field("Points of who refers go to")
    referrer_points = PointsField(required=False, least=0, label="Points for who refers")
    referred_account = _account_field("Points of who is referred go to")
    referred_points = PointsField(required=False, least=0, label="Points for who is referred")
    max_per_code = forms.IntegerField(
        min_value=0, max_value=2**53, initial=10, label="Most for a code", help_text="How many can join with one code."
    )
    max_per_member = forms.IntegerField(
        required=False, min_value=0, max_value=UNLIMITED, label="Most for a member", help_text="Empty: no limit."
    )
    max_redeems = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=2**53,
        label="Rewards for each who joins",
        help_text="How often one who was referred is rewarded. Empty: once.",
    )
    audience = forms.ModelChoiceField(
        Audience.objects.none(), required=False, empty_label="Everybody", label="Who may refer"
    )
    valid_from = moment_field("Empty: at once.")
    valid_to = moment_field("Before this moment. Empty: without an end.")
    description = forms.CharField(required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 2}))
    tags = forms.CharField(required=False, max_length=2000, help_text="With commas between them.")

    @property
    def house(self) -> Organization:
        """Whose program it is."""
        return self.organization if self.target is None else self.target.organization

    def prepare(self) -> None:
        """What the organization has to choose from."""
        fields: Any = self.fields
        fields["event_type"].choices = [(kind.code, kind.name) for kind in list_event_types(self.house.pk)]
        fields["program"].queryset = list_programs(self.house.pk).order_by("-is_default", "pk")
        fields["audience"].queryset = list_audiences(self.house.pk).order_by("name", "pk")
        for side in SIDES:
            fields[f"{side}_account"].queryset = list_accounts(self.house.pk).order_by("name", "pk")
            self._say_units(side, getattr(self.target, f"{side}_account", None))

    def _say_units(self, side: str, account: LedgerAccount | None) -> None:
        """The points of a side are written in the units of where they go."""
        if account is None:
            program = list_programs(self.house.pk).filter(is_default=True).select_related("main_account").first()
            account = program.main_account if program is not None else None
        field: Any = self.fields[f"{side}_points"]
        field.decimals = account.decimals if account is not None else 0
        field.help_text = f"In {account.name}. Empty: nothing." if account is not None else "Empty: nothing."

    def _clean_account(self, side: str) -> LedgerAccount | None:
        account: LedgerAccount | None = self.cleaned_data[f"{side}_account"]
        program = self.cleaned_data.get("program")
        self._say_units(side, account or (program.main_account if program else None))
        return account

    def clean_referrer_account(self) -> LedgerAccount | None:
        """The points that come after it are written in its units."""
        return self._clean_account("referrer")

    def clean_referred_account(self) -> LedgerAccount | None:
        """The points that come after it are written in its units."""
        return self._clean_account("referred")

    def said(self) -> dict[str, Any]:
        """The fields as services take them."""
        given = self.cleaned_data
        words: dict[str, Any] = {name: given[name] for name in _PLAIN}
        for name in ("program", "audience", "referrer_account", "referred_account"):
            words[f"{name}_id"] = given[name].pk if given[name] else None
        for side in SIDES:
            words[f"{side}_points"] = given[f"{side}_points"]
        for name in _TIMES:
            words[name] = kept_moment(given[name], getattr(self.target, name, None))
        words["max_per_member"] = UNLIMITED if given["max_per_member"] is None else given["max_per_member"]
        words["tags"] = listed(given["tags"])
        return words

    def refuse(self, error: DomainError) -> None:
        """Beside the field; services know some by other names."""
        named = _CALLED.get(getattr(error, "field", None) or "")
        if named in self.fields:
            self.add_error(named, error.message)
        else:
            super().refuse(error)


class CreateReferralProgram(_Program):
    """Have members bring others in another way."""

    slug, title, verb, icon = "create", "New referral program", "Create", "add"
    about = "Members are given codes; who joins with one of them was referred."

    def act(self) -> Done:
        """Create it."""
        made = create_referral_program(
            organization_id=self.organization.pk, actor=self.actor, at=self.at, **self.said()
        )
        return Done(f"{made} is there: give members codes for it.", made)


class EditReferralProgram(_Program):
    """Change what a referral program says."""

    slug, title, icon = "edit", "Edit", "edit"
    about = "Who was referred stays so, and what was given stands, whatever the limits become."

    def starts(self) -> dict[str, Any]:
        """As it is."""
        held: ReferralProgram = self.target
        return {
            **{name: getattr(held, name) for name in (*_PLAIN, *_TIMES)},
            **{name: getattr(held, f"{name}_id") for name in ("program", "audience")},
            **{f"{side}_account": getattr(held, f"{side}_account_id") for side in SIDES},
            **{f"{side}_points": getattr(held, f"{side}_points") for side in SIDES},
            "max_per_member": None if held.max_per_member == UNLIMITED else held.max_per_member,
            "tags": ", ".join(held.tags),
        }

    def act(self) -> Done:
        """Save what is different."""
        saved = update_referral_program(program=self.target, changes=self.said(), actor=self.actor, at=self.at)
        return Done(f"{saved} is saved.", saved)


class _Turn(Act):
    """On or off."""

    needs = "campaigns:write"
    asks_reason = True
    becomes: ClassVar[bool]

    @classmethod
    def fits(cls, target: ReferralProgram) -> bool:
        """Where it is the other way."""
        return target.active is not cls.becomes

    def preview(self) -> Preview:
        """What it means."""
        held: Any = self.target
        states = {True: "active", False: "paused"}
        lines = [Line("State", states[held.active], states[self.becomes])]
        return Preview(self.about, [*lines, Line("Brought so far", number(held.referred_count), "")])

    def act(self) -> Done:
        """Turn it."""
        changes = {"active": self.becomes}
        saved = update_referral_program(
            program=self.target, changes=changes, actor=self.actor, at=self.at, reason=self.reason
        )
        return Done(f"{saved} is {'active' if self.becomes else 'paused'}.", saved)


class PauseReferralProgram(_Turn):
    """Have nobody refer and nobody rewarded for a while."""

    slug, title, verb, icon = "pause", "Pause", "Pause it", "pause_circle"
    about = "Nobody joins with its codes, and nobody is rewarded, also not who came before, until it is active again."
    becomes = False


class ResumeReferralProgram(_Turn):
    """Have it go on."""

    slug, title, verb, icon = "resume", "Resume", "Have it go on", "play_circle"
    about = "Its codes can be used again, and what those who came do from now on is rewarded."
    becomes = True


class _GiveCodes(Act):
    """Give a member codes."""

    verb, icon, needs = "Give", "qr_code_2", "campaigns:write"

    codes = forms.CharField(
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=f"One on each line, at most {MOST_CODES}. Case does not count.",
    )

    def clean_codes(self) -> list[str]:
        """The lines."""
        codes = [line.strip() for line in self.cleaned_data["codes"].splitlines() if line.strip()]
        if not 1 <= len(codes) <= MOST_CODES:
            raise ValidationError(f"Write 1 to {MOST_CODES} codes.")
        return codes

    def pair(self) -> tuple[ReferralProgram, Member]:
        """In which program, and to whom."""
        raise NotImplementedError

    def act(self) -> Done:
        """Give them."""
        program, member = self.pair()
        codes = self.cleaned_data["codes"]
        given = register_referral_codes(program=program, member=member, codes=codes, actor=self.actor, at=self.at)
        many = f"{len(given)} code{'s' if len(given) > 1 else ''}"
        return Done(f"{member} has {many} more to bring others with, or had some already.", self.target)

    def refuse(self, error: DomainError) -> None:
        """A code that is taken, beside the codes."""
        if isinstance(error, ReferralCodeTaken):
            self.add_error("codes", error.message)
        else:
            super().refuse(error)


class GiveCodes(_GiveCodes):
    """Give a member codes of this program."""

    slug, title = "give-codes", "Give codes"

    member = forms.CharField(max_length=255, help_text="Name, phone, card, email or any number of the member.")
    field_order = ["member", "codes"]

    @classmethod
    def possible(cls, seat: Seat, target: Any, organization_id: int | None) -> bool:
        """To look for members takes the role for members too."""
        return super().possible(seat, target, organization_id) and seat.may("members:read", organization_id)

    @classmethod
    def fits(cls, target: ReferralProgram) -> bool:
        """What is not paused."""
        return target.active

    def clean_member(self) -> Member:
        """Exactly one."""
        try:
            return get_named_member(self.target.organization_id, self.cleaned_data["member"])
        except NoSuchMember as error:
            raise ValidationError(error.message) from error

    def pair(self) -> tuple[ReferralProgram, Member]:
        """This program, and the member named."""
        return self.target, self.cleaned_data["member"]


class GiveReferralCodes(_GiveCodes):
    """Give this member codes to bring others with."""

    slug, title = "give-referral-codes", "Give referral codes"

    program = forms.ModelChoiceField(ReferralProgram.objects.none(), empty_label=None, label="Referral program")
    field_order = ["program", "codes"]

    @classmethod
    def fits(cls, target: Member) -> bool:
        """Whoever is active."""
        return target.active

    def prepare(self) -> None:
        """Those that are not paused."""
        field: Any = self.fields["program"]
        field.queryset = list_referral_programs(self.target.organization_id).filter(active=True).order_by("name", "pk")

    def pair(self) -> tuple[ReferralProgram, Member]:
        """The program chosen, and this member."""
        return self.cleaned_data["program"], self.target
