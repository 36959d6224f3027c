"""What can be done about a member as a person: make one, change the profile, block, unblock."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, time
from typing import Any

from django import forms

from ledger.admin import points
from ledger.selectors import list_accounts
from ledger.services import current_balances, rehearse
from loyalty.kernel.clock import end_of_local_day
from loyalty.kernel.desk import Act, Done, Line, Preview, Seat
from loyalty.kernel.services import generate_password
from members.models import LoyaltyProgram, LoyaltyTier, Member
from members.selectors import get_named_member, list_programs
from members.services import (
    count_belongings,
    create_member,
    erase_member,
    merge_members,
    set_member_password,
    set_member_tier,
    update_member,
)

# What the form calls it, and what the profile does.
_PROFILE = {
    "first_name": "name",
    "last_name": "lastName",
    "email": "email",
    "phone": "phone",
    "card": "loyaltyCardNumber",
    "birthdate": "birthdate",
}


class _Person(Act):
    """What is known of a member."""

    needs = "members:write"

    first_name = forms.CharField(required=False, max_length=255)
    last_name = forms.CharField(required=False, max_length=255)
    email = forms.EmailField(required=False, max_length=255)
    phone = forms.CharField(
        required=False, max_length=50, help_text="Best with the country code, like +49 151 2345678."
    )
    card = forms.CharField(required=False, max_length=255, label="Card number")
    birthdate = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    loyalty_member_id = forms.CharField(
        max_length=255, label="Your id", help_text="What your own systems call the member."
    )
    public_loyalty_member_id = forms.CharField(required=False, max_length=255, label="Public id")

    def profile(self) -> dict[str, Any]:
        """The profile as the form has it; None for what is empty."""
        said = {wire: self.cleaned_data[name] or None for name, wire in _PROFILE.items()}
        day = self.cleaned_data["birthdate"]
        return {**said, "birthdate": day.isoformat() if day else None}


class CreateMember(_Person):
    """Take in a new member."""

    slug, title, verb, icon = "create", "New member", "Create", "person_add"

    referral_code = forms.CharField(required=False, max_length=255, help_text="The code of whoever brought them.")

    def prepare(self) -> None:
        """An id can be made."""
        field = self.fields["loyalty_member_id"]
        field.required, field.help_text = False, "What your own systems call the member. Empty: one is made."

    def act(self) -> Done:
        """Create the member."""
        made = create_member(
            organization_id=self.organization.pk,
            loyalty_member_id=self.cleaned_data["loyalty_member_id"] or f"m-{uuid.uuid4().hex[:12]}",
            public_loyalty_member_id=self.cleaned_data["public_loyalty_member_id"] or None,
            profile={name: value for name, value in self.profile().items() if value is not None},
            referral_code=self.cleaned_data["referral_code"],
            actor=self.actor,
            at=self.at,
        )
        return Done(f"{made} is a member.", made)


class EditMember(_Person):
    """Change what is known of a member."""

    slug, title, icon = "edit", "Edit", "edit"

    @classmethod
    def fits(cls, target: Member) -> bool:
        """Whoever is still there."""
        return not target.is_gone

    def prepare(self) -> None:
        """A reason may be given, none has to be."""
        self.fields["reason"] = forms.CharField(
            required=False, max_length=500, help_text="If there is anything to remember: it stays in the history."
        )

    def starts(self) -> dict[str, Any]:
        """As it is."""
        held: Member = self.target
        return {
            **{name: held.profile.get(wire, "") for name, wire in _PROFILE.items()},
            "loyalty_member_id": held.loyalty_member_id,
            "public_loyalty_member_id": held.public_loyalty_member_id or "",
        }

    def act(self) -> Done:
        """Update the member with what is different."""
        said = {name: value for name, value in self.profile().items() if value != self.target.profile.get(name)}
        changes: dict[str, Any] = {"profile": said} if said else {}
        changes["loyalty_member_id"] = self.cleaned_data["loyalty_member_id"]
        changes["public_loyalty_member_id"] = self.cleaned_data["public_loyalty_member_id"] or None
        saved = update_member(member=self.target, changes=changes, actor=self.actor, at=self.at, reason=self.reason)
        return Done(f"{saved} is saved.", saved)


class Block(Act):
    """Stop all movements of a member's points."""

    slug, title, verb, icon, needs = "block", "Block", "Block", "block", "members:write"
    about = "A blocked member is given nothing and can spend nothing. Points go on expiring, and reverts go on."
    is_dangerous, asks_reason = True, True

    @classmethod
    def fits(cls, target: Member) -> bool:
        """Those who are not."""
        return target.active

    def act(self) -> Done:
        """Block the member."""
        saved = update_member(
            member=self.target, changes={"active": False}, actor=self.actor, at=self.at, reason=self.reason
        )
        return Done(f"{saved} is blocked.", saved)


class Unblock(Act):
    """Let a member's points move again."""

    slug, title, verb, icon, needs, asks_reason = "unblock", "Unblock", "Unblock", "check_circle", "members:write", True

    @classmethod
    def fits(cls, target: Member) -> bool:
        """Those who are blocked."""
        return not target.active and not target.is_gone

    def act(self) -> Done:
        """Unblock the member."""
        saved = update_member(
            member=self.target, changes={"active": True}, actor=self.actor, at=self.at, reason=self.reason
        )
        return Done(f"{saved} is active.", saved)


class SetTier(Act):
    """Give a member a tier by hand, or take it away again."""

    slug, title, icon, needs, asks_reason = "tier", "Set tier", "military_tech", "tiers:write", True
    about = "A tier given by hand counts before the one points reach, until it ends or is taken away."
    tier = forms.ModelChoiceField(
        LoyaltyTier.objects.none(), required=False, empty_label="As points have it", help_text="Of which program, too."
    )
    program = forms.ModelChoiceField(LoyaltyProgram.objects.none(), empty_label=None)
    expires_on = forms.DateField(
        required=False, widget=forms.DateInput(attrs={"type": "date"}), help_text="Its last day. Empty: for good."
    )

    @classmethod
    def fits(cls, target: Member) -> bool:
        """Whoever is still there."""
        return not target.is_gone

    def prepare(self) -> None:
        """The organization's programs and their active tiers."""
        fields: Any = self.fields
        programs = list_programs(self.target.organization_id)
        fields["program"].queryset = programs.order_by("-is_default", "pk")
        tiers = LoyaltyTier.objects.filter(program__in=programs, active=True).order_by("program", "tier_order")
        fields["tier"].queryset = tiers

    def starts(self) -> dict[str, Any]:
        """As it is in the first program."""
        place = self.target.enrollments.order_by("pk").first()
        return {"program": place.program_id, "tier": place.manual_tier_id} if place is not None else {}

    def act(self) -> Done:
        """Set or take away the tier."""
        tier, day = self.cleaned_data["tier"], self.cleaned_data["expires_on"]
        ends = datetime.combine(day, time(12), UTC) if day else None
        zone = self.target.organization.timezone
        place = set_member_tier(
            member=self.target,
            program=self.cleaned_data["program"],
            loyalty_tier_id=tier.pk if tier else None,
            expires_at=end_of_local_day(ends, zone) if ends else None,
            actor=self.actor,
            at=self.at,
            reason=self.reason,
        )
        return Done(f"{self.target} has the tier {place.effective_tier or 'nothing'} now.", self.target)


class SetPassword(Act):
    """Let a member sign in where members can."""

    slug, title, icon, needs = "password", "Set password", "key", "members:write"
    about = (
        "With it the member signs in by email, phone or card number. An earlier one is over, and with it every sign-in."
    )
    password = forms.CharField(
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Empty: one is made up, and shown once.",
    )

    @classmethod
    def fits(cls, target: Member) -> bool:
        """Whoever is active."""
        return target.active

    def act(self) -> Done:
        """Set it."""
        made_up = "" if self.cleaned_data["password"] else generate_password()
        password = made_up or self.cleaned_data["password"]
        set_member_password(member=self.target, password=password, actor=self.actor, at=self.at)
        return Done(f"{self.target} can sign in.", self.target, [("Password", made_up)] if made_up else [])


class Merge(Act):
    """Two entries that are one person."""

    slug, title, verb, icon, needs = "merge", "Merge", "Merge", "merge", "members:write"
    about = (
        "Points, coupons, profile and programs of the other member come to this one. The other stays behind, blocked"
        " and empty, with its history. This cannot be undone."
    )
    is_dangerous, asks_reason = True, True
    member = forms.CharField(
        max_length=255, label="Other member", help_text="Name, phone, card, email or any id of the one to merge in."
    )

    @classmethod
    def fits(cls, target: Member) -> bool:
        """Whoever is active."""
        return target.active

    @classmethod
    def possible(cls, seat: Seat, target: Any, organization_id: int | None) -> bool:
        """Points move, too."""
        return super().possible(seat, target, organization_id) and seat.may("ledgers:write", organization_id)

    def other(self) -> Member:
        """The member named."""
        return get_named_member(self.target.organization_id, self.cleaned_data["member"])

    def preview(self) -> Preview:
        """Who becomes part of whom, and the points and coupons before and after."""
        other, now, had = self.other(), self._points(), self._belongings()
        then, have = rehearse(self._merged)
        accounts = {account.pk: account for account in list_accounts(other.organization_id)}
        return Preview(
            f"{other} ({other.loyalty_member_id}) becomes part of {self.target} ({self.target.loyalty_member_id}).",
            [
                Line(account.name, points(now[pk], account), points(then[pk], account))
                for pk, account in accounts.items()
                if now[pk] or then[pk]
            ]
            + [Line(name, had[name], have[name]) for name in have if had[name] or have[name]],
        )

    def _points(self) -> dict[int, int]:
        """What this member has in each account, valid now or later."""
        found = current_balances(
            organization_id=self.target.organization_id,
            ledger_id=None,
            wallet_id=self.target.wallet_id,
            actor=self.actor,
            at=self.at,
        )
        return {balance.ledger_account_id: balance.balance + balance.waiting for balance in found}

    def _belongings(self) -> dict[str, int]:
        """How many of what else members have this one can use."""
        return count_belongings(self.target, at=self.at)

    def _merged(self) -> tuple[dict[int, int], dict[str, int]]:
        self.act()
        return self._points(), self._belongings()

    def act(self) -> Done:
        """Merge the other member into this one."""
        other = self.other()
        merge_members(kept=self.target, merged=other, actor=self.actor, at=self.at, reason=self.reason)
        return Done(f"{other.loyalty_member_id} is part of {self.target} now.", self.target)


class Erase(Act):
    """Forget a person."""

    slug, title, verb, icon, needs = "erase", "Erase", "Erase for good", "person_remove", "members:write"
    about = (
        "Everything that is personal is gone: profile, ids, contacts, what the history says. Transactions stay, so that"
        " the books still prove; they lead to a number only. This cannot be undone."
    )
    is_dangerous, asks_reason = True, True
    confirm = forms.CharField(max_length=255, label="Their id", help_text="Type your own id of the member.")

    @classmethod
    def fits(cls, target: Member) -> bool:
        """Who is still there; one who was merged is erased with whom they became part of."""
        return not target.is_gone

    def clean_confirm(self) -> str:
        """The id, as it is."""
        if self.cleaned_data["confirm"] != self.target.loyalty_member_id:
            raise forms.ValidationError("This is not the id of this member.")
        return str(self.cleaned_data["confirm"])

    def act(self) -> Done:
        """Erase the member."""
        saved = erase_member(member=self.target, actor=self.actor, at=self.at, reason=self.reason)
        return Done("The person is forgotten.", saved)


MEMBER_ACTS: tuple[type[Act], ...] = (EditMember, SetTier, SetPassword, Block, Unblock, Merge, Erase)
