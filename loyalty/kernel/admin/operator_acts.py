"""What can be done with operators. The services decide who may; the forms only leave out what they would refuse."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse

from loyalty.kernel.desk import Act, Done, Line, Preview, RolesField, Seat, roles_shown
from loyalty.kernel.errors import CannotGrant, NotFound
from loyalty.kernel.models import Membership, Operator
from loyalty.kernel.roles import SYSTEM
from loyalty.kernel.selectors import find_membership
from loyalty.kernel.services import (
    create_operator,
    generate_password,
    remove_membership,
    set_membership,
    set_operator_active,
    set_password,
    update_operator,
)
from loyalty.kernel.services.grants import check_grant, check_rule_over

WRITES = "users:write"
_MADE_UP = "Leave it empty to have one made up and shown once."


class _Granting(Act):
    """Something that gives power: it knows what the person who sits here may do in the organization chosen."""

    needs = WRITES

    @property
    def granter(self) -> Any:
        """What they may give."""
        return self.seat.access(self.seat.organization_id)


class _OverAccount(_Granting):
    """Changes the account itself; absent where the person could not give all that the account may do."""

    @classmethod
    def possible(cls, seat: Seat, target: Any, organization_id: int | None) -> bool:
        """Whether it would be refused anyhow."""
        return super().possible(seat, target, organization_id) and _rules_over(seat, target)


def _rules_over(seat: Seat, target: Operator) -> bool:
    if seat.operator.pk == target.pk:
        return True
    try:
        check_rule_over(seat.access(seat.organization_id), target, seat.organization_id)
    except CannotGrant:
        return False
    return True


class _Place(_Granting):
    """Administrator or not, and roles."""

    is_admin = forms.BooleanField(
        required=False, label="Administrator", help_text="May do everything in this organization."
    )
    roles = RolesField(required=False, help_text="To write includes to read. An administrator needs none of them.")

    def prepare(self) -> None:
        """Offer only what the person who sits here may give."""
        self.offered = self.fields["roles"].offer(self.granter)  # type: ignore[attr-defined]
        if not (self.granter.is_admin or self.granter.is_system_admin):
            del self.fields["is_admin"]

    def place(self, known: Membership | None = None) -> dict[str, Any]:
        """What was ticked; what is not this person's to give stays as it is."""
        kept = [] if known is None else [role for role in known.roles if role not in self.offered]
        had_admin = known is not None and known.is_admin
        return {
            "is_admin": self.cleaned_data.get("is_admin", had_admin),
            "roles": [*kept, *self.cleaned_data["roles"]],
        }


class CreateOperator(_Place):
    """A new person with a place in the organization chosen."""

    slug, title, verb, icon = "create", "New person", "Create", "person_add"
    about = "They sign in with the user name. For a program, make an API credential instead: it brings its own service."

    field_order = ("username", "name", "email", "password", "is_temporary", "is_admin", "roles")
    username = forms.CharField(max_length=150, label="User name")
    name = forms.CharField(max_length=255, required=False)
    email = forms.EmailField(required=False)
    password = forms.CharField(
        required=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), help_text=_MADE_UP
    )
    is_temporary = forms.BooleanField(
        required=False, initial=True, label="Temporary", help_text="They must choose their own at the first sign-in."
    )

    def act(self) -> Done:
        """Create the person and give them their place."""
        made_up = "" if self.cleaned_data["password"] else generate_password()
        operator = create_operator(
            **{name: self.cleaned_data[name] for name in ("username", "name", "email")},
            password=made_up or self.cleaned_data["password"],
            password_is_temporary=bool(made_up) or self.cleaned_data["is_temporary"],
            organization_id=self.organization.pk,
            granter=self.granter,
            actor=self.actor,
            at=self.at,
        )
        set_membership(
            operator=operator,
            organization=self.organization,
            granter=self.granter,
            actor=self.actor,
            at=self.at,
            **self.place(),
        )
        secrets = [("User name", operator.username), ("Password", made_up)] if made_up else []
        return Done(f"{operator} can sign in.", operator, secrets)


class AddKnownOperator(_Place):
    """A place here for somebody who is an operator already."""

    slug, title, verb, icon, needs = "add-known", "Add somebody known", "Add", "group_add", SYSTEM
    about = "For somebody who already signs in, to another organization."

    field_order = ("username", "is_admin", "roles")
    username = forms.CharField(max_length=150, label="User name")

    def act(self) -> Done:
        """Give them a place."""
        operator = Operator.objects.filter(username=self.cleaned_data["username"]).first()
        if operator is None:
            raise NotFound("There is no operator with this user name.")
        set_membership(
            operator=operator,
            organization=self.organization,
            granter=self.granter,
            actor=self.actor,
            at=self.at,
            **self.place(find_membership(operator.pk, self.organization.pk)),
        )
        return Done(f"{operator} belongs to {self.organization}.", operator)


class EditOperator(_OverAccount):
    """User name, name and email."""

    slug, title, icon = "edit", "Edit", "edit"

    username = forms.CharField(max_length=150, label="User name")
    name = forms.CharField(max_length=255, required=False)
    email = forms.EmailField(required=False)

    def starts(self) -> dict[str, Any]:
        """As it is."""
        return {name: getattr(self.target, name) for name in ("username", "name", "email")}

    def act(self) -> Done:
        """Update it."""
        update_operator(
            operator=self.target,
            changes={name: self.cleaned_data[name] for name in ("username", "name", "email")},
            granter=self.granter,
            organization_id=self.seat.organization_id,
            actor=self.actor,
            at=self.at,
        )
        return Done(f"{self.target} is saved.", self.target)


class ChangePlace(_Place):
    """What somebody may do in the organization chosen."""

    slug, title, verb, icon = "place", "Change roles", "Save", "shield_person"
    asks_reason = True

    @classmethod
    def fits(cls, target: Operator) -> bool:
        """A system administrator needs no place."""
        return not target.is_system_admin

    @classmethod
    def possible(cls, seat: Seat, target: Any, organization_id: int | None) -> bool:
        """Not with an administrator, by somebody who is none."""
        if not super().possible(seat, target, organization_id) or seat.organization is None:
            return False
        known = find_membership(target.pk, seat.organization.pk)
        return known is None or not known.is_admin or seat.may("admin")

    def prepare(self) -> None:
        """Tick what they have."""
        super().prepare()
        self.known = find_membership(self.target.pk, self.organization.pk)

    def starts(self) -> dict[str, Any]:
        """As it is."""
        if self.known is None:
            return {}
        return {"is_admin": self.known.is_admin, "roles": self.known.roles}

    def preview(self) -> Preview:
        """Before and after, in words."""
        place = self.place(self.known)
        check_grant(
            self.granter,
            is_admin=place["is_admin"] != (self.known is not None and self.known.is_admin),
            roles=set(place["roles"]) ^ set(self.known.roles if self.known else ()),
        )
        now = roles_shown(self.known.roles, is_admin=self.known.is_admin) if self.known else "nothing"
        then = roles_shown(place["roles"], is_admin=place["is_admin"])
        says = f"{self.target} would be able to do this in {self.organization}."
        return Preview(says, [Line("May", now, then)])

    def act(self) -> Done:
        """Change it."""
        set_membership(
            operator=self.target,
            organization=self.organization,
            granter=self.granter,
            actor=self.actor,
            at=self.at,
            reason=self.reason,
            **self.place(self.known),
        )
        return Done(f"{self.target} has other roles now.", self.target)


class SetPassword(_OverAccount):
    """Another password for somebody who lost theirs."""

    slug, title, verb, icon = "password", "Set password", "Set it", "password"
    about = "Every session of theirs ends."
    asks_reason = True

    password = forms.CharField(
        required=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), help_text=_MADE_UP
    )

    @classmethod
    def fits(cls, target: Operator) -> bool:
        """Services have none."""
        return target.kind == Operator.Kind.PERSON

    @classmethod
    def possible(cls, seat: Seat, target: Any, organization_id: int | None) -> bool:
        """One's own is changed in one's own menu, where the old one is asked."""
        return super().possible(seat, target, organization_id) and target.pk != seat.operator.pk

    def act(self) -> Done:
        """Set it; it is temporary either way, since two people know it."""
        made_up = "" if self.cleaned_data["password"] else generate_password()
        set_password(
            operator=self.target,
            password=made_up or self.cleaned_data["password"],
            is_temporary=True,
            granter=self.granter,
            organization_id=self.seat.organization_id,
            actor=self.actor,
            at=self.at,
            reason=self.reason,
        )
        secrets = [("Password", made_up)] if made_up else []
        return Done(f"{self.target} has a new password, to be changed at the next sign-in.", self.target, secrets)


class _SetActive(_OverAccount):
    asks_reason = True
    to_active = True

    @classmethod
    def fits(cls, target: Operator) -> bool:
        """Where it changes something."""
        return target.is_active != cls.to_active

    @classmethod
    def possible(cls, seat: Seat, target: Any, organization_id: int | None) -> bool:
        """Never oneself."""
        return super().possible(seat, target, organization_id) and target.pk != seat.operator.pk

    def act(self) -> Done:
        """Set it."""
        set_operator_active(
            operator=self.target,
            is_active=self.to_active,
            granter=self.granter,
            organization_id=self.seat.organization_id,
            actor=self.actor,
            at=self.at,
            reason=self.reason,
        )
        return Done(f"{self.target} {'may come in again' if self.to_active else 'is shut out'}.", self.target)


class Activate(_SetActive):
    """Let somebody in again."""

    slug, title, verb, icon, to_active = "activate", "Activate", "Let them in", "lock_open", True


class Deactivate(_SetActive):
    """Shut somebody out, with all their credentials."""

    slug, title, verb, icon, to_active = "deactivate", "Deactivate", "Shut them out", "block", False
    about = "They cannot sign in any more, and every API credential of theirs stops working at once, everywhere."
    is_dangerous = True


class RemoveOperator(_Granting):
    """Have somebody leave the organization."""

    slug, title, verb, icon = "remove", "Remove from organization", "Remove them", "person_remove"
    is_dangerous, asks_reason = True, True

    @classmethod
    def possible(cls, seat: Seat, target: Any, organization_id: int | None) -> bool:
        """Others than oneself, who are here and may not do more."""
        if not super().possible(seat, target, organization_id) or seat.organization is None:
            return False
        place = find_membership(target.pk, seat.organization.pk)
        if place is None or target.pk == seat.operator.pk:
            return False
        access = seat.access(seat.organization.pk)
        return access.covers(place.roles) and (not place.is_admin or seat.may("admin"))

    def preview(self) -> Preview:
        """What leaving means."""
        others = self.target.memberships.exclude(organization=self.organization).exists()
        then = "Their other places stay." if others else "It is their only place, so their account is deactivated too."
        return Preview(f"{self.target} would leave {self.organization}. {then}")

    def act(self) -> Done:
        """Remove them."""
        remove_membership(
            operator=self.target,
            organization=self.organization,
            granter=self.granter,
            actor=self.actor,
            at=self.at,
            reason=self.reason,
        )
        return Done(f"{self.target} has left {self.organization}.", reverse("admin:loyalty_operator_changelist"))
