"""What can be done about a member as a person: make one, change the profile, block, unblock."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms

from loyalty.kernel.desk import Act, Done
from members.models import Member
from members.services import create_member, update_member

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
            actor=self.actor,
            at=self.at,
        )
        return Done(f"{made} is a member.", made)


class EditMember(_Person):
    """Change what is known of a member."""

    slug, title, icon = "edit", "Edit", "edit"

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
        return not target.active

    def act(self) -> Done:
        """Unblock the member."""
        saved = update_member(
            member=self.target, changes={"active": True}, actor=self.actor, at=self.at, reason=self.reason
        )
        return Done(f"{saved} is active.", saved)


MEMBER_ACTS: tuple[type[Act], ...] = (EditMember, Block, Unblock)
