"""What can be done about ledgers and accounts."""

from __future__ import annotations

from typing import Any

from django import forms

from ledger.admin.display import PointsField, points
from ledger.models import Ledger, LedgerAccount
from ledger.models.accounts import MAX_SUPPLY
from ledger.selectors import list_accounts, list_ledgers
from ledger.services import create_account, create_ledger, rehearse, set_supply, update_account, update_ledger
from loyalty.kernel.desk import Act, Done, Line, Preview

_RULES = ("name", "active", "format_string", "expires_in_months", "point_tracking_enabled", "spend_order", "may_owe")


class _LedgerWords(Act):
    """What a ledger says of itself."""

    needs = "ledgers:write"
    name = forms.CharField(max_length=255)
    description = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))


class CreateLedger(_LedgerWords):
    """Open another set of books."""

    slug, title, verb, icon = "create", "New ledger", "Open it", "add"

    def act(self) -> Done:
        """Create it."""
        made = create_ledger(
            organization_id=self.organization.pk,
            name=self.cleaned_data["name"],
            description=self.cleaned_data["description"],
            actor=self.actor,
            at=self.at,
        )
        return Done(f"{made} is open.", made)


class EditLedger(_LedgerWords):
    """Change what a ledger says of itself, and which account is meant where nobody names one."""

    slug, title, icon = "edit", "Edit", "edit"
    default_account = forms.ModelChoiceField(
        LedgerAccount.objects.none(), required=False, help_text="Meant where nobody names an account."
    )

    def prepare(self) -> None:
        """Its own accounts to choose from."""
        field: Any = self.fields["default_account"]
        field.queryset = list_accounts(self.target.organization_id, self.target.pk).order_by("name")

    def starts(self) -> dict[str, Any]:
        """As it is."""
        default = self.target.accounts.filter(is_default=True).first()
        return {
            "name": self.target.name,
            "description": self.target.description,
            "default_account": default and default.pk,
        }

    def act(self) -> Done:
        """Update it."""
        changes = {name: self.cleaned_data[name] for name in ("name", "description")}
        if self.cleaned_data["default_account"] is not None:
            changes["default_account_id"] = self.cleaned_data["default_account"].pk
        update_ledger(ledger=self.target, changes=changes, actor=self.actor, at=self.at)
        return Done(f"{self.target} is saved.", self.target)


class _Rules(Act):
    """How an account's points are shown and by what rules they live."""

    needs = "ledgers:write"
    name = forms.CharField(max_length=255)
    format_string = forms.CharField(
        required=False, max_length=255, label="Shown as", help_text="With {amount} in it, like {amount} points."
    )
    expires_in_months = forms.IntegerField(
        required=False, min_value=1, max_value=1200, help_text="Empty: points do not expire by themselves."
    )
    point_tracking_enabled = forms.BooleanField(
        required=False, initial=True, label="Track credits", help_text="Needed where points expire."
    )
    spend_order = forms.ChoiceField(choices=LedgerAccount.SpendOrder.choices)
    may_owe = forms.BooleanField(required=False, label="May go below zero")

    def clean_format_string(self) -> str:
        """The amount has to have its place."""
        text: str = self.cleaned_data["format_string"]
        if text and "{amount}" not in text:
            raise forms.ValidationError("Write {amount} where the number goes.")
        return text

    def rules(self) -> dict[str, Any]:
        """The fields as services take them."""
        return {name: self.cleaned_data[name] for name in _RULES if name in self.cleaned_data}


class CreateAccount(_Rules):
    """A new kind of point."""

    slug, title, verb, icon = "create", "New account", "Open it", "add"
    ledger = forms.ModelChoiceField(Ledger.objects.none(), empty_label=None)
    decimals = forms.IntegerField(
        min_value=0, max_value=6, initial=0, help_text="Fixed once the first points have moved."
    )
    max_supply = PointsField(
        required=False, largest=MAX_SUPPLY, label="Supply", help_text="How much of it may exist. Empty: without limit."
    )
    is_revolving = forms.BooleanField(
        required=False, label="Spent points return to the supply", help_text="Matters only with a limited supply."
    )
    is_currency = forms.BooleanField(required=False, label="Is a currency")
    is_default = forms.BooleanField(required=False, label="The ledger's default")
    field_order = ["ledger", "name", "decimals", "format_string"]

    def prepare(self) -> None:
        """The organization's ledgers to choose from."""
        field: Any = self.fields["ledger"]
        field.queryset = list_ledgers(self.organization.pk).order_by("pk")

    def starts(self) -> dict[str, Any]:
        """The first ledger."""
        first = list_ledgers(self.organization.pk).order_by("pk").values_list("pk", flat=True).first()
        return {"ledger": first, "spend_order": LedgerAccount.SpendOrder.SOONEST_EXPIRING.value}

    def clean_decimals(self) -> int:
        """The supply is written with them."""
        decimals: int = self.cleaned_data["decimals"]
        field: Any = self.fields["max_supply"]
        field.decimals = decimals
        return decimals

    def act(self) -> Done:
        """Create it."""
        more = {name: self.cleaned_data[name] for name in ("decimals", "is_revolving", "is_currency", "is_default")}
        made = create_account(
            ledger=self.cleaned_data["ledger"],
            max_supply=self.cleaned_data["max_supply"],
            actor=self.actor,
            at=self.at,
            **self.rules(),
            **more,
        )
        return Done(f"{made} is open.", made)


class EditAccount(_Rules):
    """Change an account's rules, for what is given from now on."""

    slug, title, icon, asks_reason = "edit", "Edit", "edit", True
    about = "Points that were given before keep the expiry they have."
    active = forms.BooleanField(required=False, help_text="An inactive account takes no movements.")
    decimals = forms.IntegerField(min_value=0, max_value=6, help_text="Fixed once the first points have moved.")
    field_order = ["name", "active", "decimals", "format_string"]

    def starts(self) -> dict[str, Any]:
        """As it is."""
        return {name: getattr(self.target, name) for name in (*_RULES, "decimals")}

    def changes(self) -> dict[str, Any]:
        """What is to be different."""
        wanted = {**self.rules(), "decimals": self.cleaned_data["decimals"]}
        return {name: value for name, value in wanted.items() if getattr(self.target, name) != value}

    def done(self) -> LedgerAccount:
        """Update it."""
        return update_account(
            account=self.target, changes=self.changes(), actor=self.actor, at=self.at, reason=self.reason
        )

    def preview(self) -> Preview | None:
        """What changes."""
        changes = self.changes()
        if not changes:
            return None
        before = {name: getattr(self.target, name) for name in changes}
        after = rehearse(self.done)
        lines = [
            Line(
                str(self.fields[name].label or name.replace("_", " ").capitalize()),
                _said(before[name]),
                _said(getattr(after, name)),
            )
            for name in changes
        ]
        return Preview(f"{self.target.name} changes.", lines)

    def act(self) -> Done:
        """Update it."""
        if not self.changes():
            return Done("Nothing was changed.", self.target)
        return Done(f"{self.done()} is saved.", self.target)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value in (None, "") else str(value)


class SetSupply(Act):
    """Change how much of an account may exist."""

    slug, title, verb, icon, needs, asks_reason = (
        "supply",
        "Change supply",
        "Change it",
        "inventory_2",
        "ledgers:write",
        True,
    )
    max_supply = PointsField(required=False, largest=MAX_SUPPLY, label="Supply")

    def prepare(self) -> None:
        """In the account's units."""
        field: Any = self.fields["max_supply"]
        field.decimals = self.target.decimals
        field.help_text = f"How much {self.target.name} may exist, what was given included. Empty: without limit."

    def starts(self) -> dict[str, Any]:
        """As it is."""
        return {"max_supply": self.target.max_supply}

    def done(self, key: str | None) -> None:
        """Set it."""
        set_supply(
            account=self.target,
            max_supply=self.cleaned_data["max_supply"],
            actor=self.actor,
            at=self.at,
            unique_key=key,
            description=self.reason,
            source="correction",
        )

    def preview(self) -> Preview:
        """The supply before and after."""
        rehearse(lambda: self.done(None))
        now, then = self.target.max_supply, self.cleaned_data["max_supply"]
        line = Line("Supply", *("unlimited" if one is None else points(one, self.target) for one in (now, then)))
        return Preview(f"The supply of {self.target} changes.", [line])

    def act(self) -> Done:
        """Set it."""
        self.done(self.key)
        return Done(f"The supply of {self.target} is changed.", self.target)
