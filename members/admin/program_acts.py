"""What can be done about programs and tiers."""

from __future__ import annotations

from typing import Any

from django import forms

from ledger.admin import PointsField
from ledger.models import Ledger, LedgerAccount
from ledger.selectors import list_ledgers, list_member_accounts
from loyalty.kernel.desk import Act, Done
from loyalty.kernel.roles import ADMIN
from members.services import create_program, create_tier, update_program, update_tier


class _Program(Act):
    """What a program is."""

    needs = ADMIN
    name = forms.CharField(max_length=255)
    description = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))
    active = forms.BooleanField(required=False, initial=True)
    ledger = forms.ModelChoiceField(Ledger.objects.none(), empty_label=None)
    main_account = forms.ModelChoiceField(
        LedgerAccount.objects.none(), required=False, help_text="Where points go that nobody names an account for."
    )
    tier_account = forms.ModelChoiceField(
        LedgerAccount.objects.none(), required=False, help_text="Whose balance decides the tier."
    )
    is_default = forms.BooleanField(required=False, label="Default program", help_text="New members join it.")

    @property
    def organization_id(self) -> int:
        """Whose program it is."""
        return self.organization.pk if self.target is None else self.target.organization_id

    def prepare(self) -> None:
        """The organization's books to choose from."""
        fields: Any = self.fields
        fields["ledger"].queryset = list_ledgers(self.organization_id).order_by("pk")
        for name in ("main_account", "tier_account"):
            fields[name].queryset = list_member_accounts(self.organization_id).order_by("name")

    def starts(self) -> dict[str, Any]:
        """The first ledger."""
        return {"ledger": list_ledgers(self.organization_id).order_by("pk").values_list("pk", flat=True).first()}

    def said(self) -> dict[str, Any]:
        """The fields as services take them."""
        numbers = {
            f"{name}_id": getattr(self.cleaned_data[name], "pk", None)
            for name in ("ledger", "main_account", "tier_account")
        }
        return {**{name: self.cleaned_data[name] for name in ("name", "description", "active")}, **numbers}


class CreateProgram(_Program):
    """Open another program."""

    slug, title, verb, icon = "create", "New program", "Open it", "add"

    def act(self) -> Done:
        """Create it."""
        made = create_program(
            organization_id=self.organization.pk,
            set_as_default=self.cleaned_data["is_default"],
            actor=self.actor,
            at=self.at,
            **self.said(),
        )
        return Done(f"{made} is open.", made)


class EditProgram(_Program):
    """Change a program."""

    slug, title, icon = "edit", "Edit", "edit"

    def starts(self) -> dict[str, Any]:
        """As it is."""
        books = ("ledger", "main_account", "tier_account")
        words = ("name", "description", "active", "is_default")
        return {
            **{name: getattr(self.target, name) for name in words},
            **{name: getattr(self.target, f"{name}_id") for name in books},
        }

    def act(self) -> Done:
        """Update it."""
        changes = {**self.said(), "set_as_default": self.cleaned_data["is_default"]}
        update_program(program=self.target, changes=changes, actor=self.actor, at=self.at)
        return Done(f"{self.target} is saved.", self.target)


class _Tier(Act):
    """What a tier is."""

    needs = "tiers:write"
    name = forms.CharField(max_length=255)
    min_required_points = PointsField(least=0, label="From", help_text="The balance that reaches it.")
    tier_order = forms.IntegerField(
        min_value=-(2**31), max_value=2**31 - 1, label="Place", help_text="Higher tiers have higher numbers."
    )
    active = forms.BooleanField(required=False, initial=True)
    is_default = forms.BooleanField(
        required=False, label="Default tier", help_text="For those who have reached no other."
    )

    def units(self) -> LedgerAccount | None:
        """The account its points are counted in."""
        raise NotImplementedError

    def prepare(self) -> None:
        """In the account's units."""
        account, field = self.units(), self.fields["min_required_points"]
        if account is not None and isinstance(field, PointsField):
            field.decimals = account.decimals
            field.help_text = f"The balance of {account.name} that reaches it."

    def said(self) -> dict[str, Any]:
        """The fields as services take them."""
        return {
            name: self.cleaned_data[name]
            for name in ("name", "min_required_points", "tier_order", "active", "is_default")
        }


class AddTier(_Tier):
    """Add a rung to a program's ladder."""

    slug, title, verb, icon = "add-tier", "Add a tier", "Add it", "add"

    def units(self) -> LedgerAccount | None:
        """The program's tier account."""
        account: LedgerAccount | None = self.target.tier_account
        return account

    def act(self) -> Done:
        """Create it."""
        made = create_tier(program=self.target, actor=self.actor, at=self.at, **self.said())
        return Done(f"{made} is a tier of {self.target}.", self.target)


class EditTier(_Tier):
    """Change a rung."""

    slug, title, icon = "edit", "Edit", "edit"

    def units(self) -> LedgerAccount | None:
        """The program's tier account."""
        account: LedgerAccount | None = self.target.program.tier_account
        return account

    def starts(self) -> dict[str, Any]:
        """As it is."""
        return {name: getattr(self.target, name) for name in self.base_fields if name != "once"}

    def act(self) -> Done:
        """Update it."""
        update_tier(tier=self.target, changes=self.said(), actor=self.actor, at=self.at)
        return Done(f"{self.target} is saved.", self.target)
