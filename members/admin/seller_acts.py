"""What can be done about the people who sell at a store."""

from __future__ import annotations

from typing import Any

from django import forms

from loyalty.kernel.desk import Act, Done
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.models import Operator
from loyalty.kernel.roles import ADMIN
from loyalty.kernel.services import create_operator, generate_password
from members.models import Seller
from members.selectors import find_operator_who_may_sell, list_sellers
from members.services import allow_seller, appoint_seller, dismiss_seller


class AppointSeller(Act):
    """Have somebody sell at the store."""

    slug, title, verb, icon, needs = "appoint", "Appoint a seller", "Appoint", "person_add", ADMIN
    about = (
        "A seller signs in to the store's API with the email and sees its transfers. Somebody who belongs to the"
        " organization, or sold here before, is found by the email; anybody else is a new person, who sees nothing of"
        " this console."
    )
    email = forms.EmailField(max_length=150)
    name = forms.CharField(max_length=255, required=False)
    password = forms.CharField(
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Of a new person. Empty: one is made up, and shown once.",
    )
    allow_point_transfer = forms.BooleanField(required=False, label="May give and take points")

    def act(self) -> Done:
        """Find or make the person, and appoint them."""
        email = self.cleaned_data["email"].lower()
        operator, made_up = find_operator_who_may_sell(self.target.organization_id, email), ""
        if operator is None:
            made_up = "" if self.cleaned_data["password"] else generate_password()
            operator = self._new(email, made_up or self.cleaned_data["password"])
        elif self.cleaned_data["password"]:
            raise InvalidInput("They have a password already; it is changed on their own page.", field="password")
        appoint_seller(
            store=self.target,
            operator=operator,
            allow_point_transfer=self.cleaned_data["allow_point_transfer"],
            actor=self.actor,
            at=self.at,
        )
        secrets = [("Signs in as", email), ("Password", made_up)] if made_up else []
        return Done(f"{operator} sells at {self.target}.", self.target, secrets)

    def _new(self, email: str, password: str) -> Operator:
        return create_operator(
            username=email,
            email=email,
            name=self.cleaned_data["name"],
            password=password,
            organization_id=self.target.organization_id,
            granter=self.seat.access(self.target.organization_id),
            actor=self.actor,
            at=self.at,
        )


class _OneSeller(Act):
    """Something about one of the store's sellers."""

    needs = ADMIN
    seller = forms.ModelChoiceField(Seller.objects.none(), empty_label=None)

    def prepare(self) -> None:
        """The store's sellers to choose from."""
        self.fields["seller"].queryset = list_sellers(self.target)  # type: ignore[attr-defined]


class AllowSeller(_OneSeller):
    """Let a seller give and take points, or not any more."""

    slug, title, icon = "allow-seller", "What a seller may do", "rule"
    allow_point_transfer = forms.BooleanField(required=False, label="May give and take points")

    def act(self) -> Done:
        """Say so."""
        seller: Any = self.cleaned_data["seller"]
        allowed = self.cleaned_data["allow_point_transfer"]
        allow_seller(seller=seller, allow_point_transfer=allowed, actor=self.actor, at=self.at)
        may = "may give and take points" if allowed else "may only look"
        return Done(f"{seller} {may}.", self.target)


class DismissSeller(_OneSeller):
    """End that somebody sells here."""

    slug, title, verb, icon = "dismiss-seller", "Dismiss a seller", "Dismiss", "person_remove"
    about = "They are signed out at once, and may be appointed again. What they gave and took stays."
    is_dangerous, asks_reason = True, True

    def act(self) -> Done:
        """Dismiss them."""
        seller = self.cleaned_data["seller"]
        dismiss_seller(seller=seller, actor=self.actor, at=self.at, reason=self.reason)
        return Done(f"{seller} does not sell here any more.", self.target)


SELLER_ACTS: tuple[type[Act], ...] = (AppointSeller, AllowSeller, DismissSeller)
