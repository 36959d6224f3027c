"""Fields in which rules are written, and the form of an effect: a field for each parameter its catalogue knows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from campaigns.admin.display import account_of, computed_text, types_offered, words_of
from campaigns.effects import Effect, get_effect, is_computed, list_effects, read_param
from campaigns.errors import BadRule
from campaigns.models import Campaign
from campaigns.rules import read_rule
from coupons.selectors import list_books
from ledger.amounts import NotAnAmount, as_text, read_amount
from ledger.models import LedgerAccount
from ledger.selectors import list_accounts
from loyalty.kernel.desk import Act
from loyalty.kernel.desk.choosing import ChoiceInput
from loyalty.kernel.desk.fields import read_object
from loyalty.kernel.desk.rules import refused_at
from members.admin.offered import tiers_offered

LONGEST_RULE = 20_000
BOOKS_OFFERED = 500
_HELP = "A rule begins with =, such as "
# What people call a parameter, and what they have to know of it.
_SAYS: dict[str, tuple[str, str]] = {
    "amount": ("How many points", "A number, or a rule that comes to smallest units, such as =floor(order.basis)."),
    "ledgerAccountId": ("In the account", "Empty: the main one of the campaign's program."),
    "validInDays": ("Can be spent after days", "Empty: at once."),
    "expiresInDays": ("Expires after days", "Empty: as it usually does."),
    "description": ("Told as", "Empty: the campaign's name. " + _HELP + '="Order " + order.externalId.'),
    "couponBookKey": ("Coupon book", "Its key; write a part of it or of its name."),
    "numberOfCodes": ("How many coupons", "Empty: one."),
    "loyaltyTierKey": ("Tier", "Its key."),
    "badge": ("Badge", "What the badge is called by programs."),
    "name": ("Badge in words", ""),
    "eventType": ("Event", "Its code."),
    "payload": ("What the event tells", 'A JSON object, such as {"stars": 5}.'),
}
_NUMBERS = ("integer", "number")
_NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,30})?", re.ASCII)


class RuleField(forms.CharField):
    """A rule that comes to the type that is wanted; refused where it is wrong. Gives its text, empty for none."""

    def __init__(self, roots: Mapping[str, str], *, wanted: str = "boolean", **words: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})
        super().__init__(max_length=LONGEST_RULE, strip=False, widget=widget, **words)
        self.roots, self.wanted = roots, wanted

    def clean(self, value: Any) -> str:
        """The rule as it was written: a place in it is the same in what is kept."""
        text = str(super().clean(value))
        if not text.strip():
            return ""
        try:
            read_rule({"expression": text}, self.roots, wanted=self.wanted, field="rule")
        except BadRule as error:
            raise ValidationError(refused_at(error.message, text, error.position)) from error
        return text


class EffectForm(Act):
    """One effect of an action: which, and its parameters. The fields of others are put away by the page's script."""

    needs = "campaigns:write"
    template = "admin/shown_form.html"

    effect = forms.ChoiceField(label="What it does")

    @property
    def campaign(self) -> Campaign:
        """The campaign the effect is of."""
        raise NotImplementedError

    def held(self) -> Mapping[str, Any] | None:
        """The effect as it is; None for a new one."""
        return None

    def prepare(self) -> None:
        """The effects there are, and a field for each parameter of any of them."""
        super().prepare()
        effects = list_effects()
        chooser: Any = self.fields["effect"]
        chooser.choices = [(one.effect_id, one.name) for one in effects]
        chooser.widget.attrs["data-shows"] = "1"
        takers: dict[str, list[Effect]] = {}
        for one in effects:
            for name in one.parameters["properties"]:
                takers.setdefault(name, []).append(one)
        # The one by which the others may be worked out comes first: how much, or what.
        for name in sorted(takers, key=lambda name: _rank(name, takers[name])):
            self.fields[f"param_{name}"] = self._param_field(name, takers[name])

    def _param_field(self, name: str, takers: Sequence[Effect]) -> forms.Field:
        schema = takers[0].parameters["properties"][name]
        label, help_text = _SAYS.get(name, (words_of(name).capitalize(), ""))
        widget: forms.Widget = forms.TextInput(attrs={"autocomplete": "off"})
        if name == "ledgerAccountId":
            widget = forms.Select(choices=self._accounts())
        elif schema["type"] == "object":
            widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})
        elif offered := self._offered(name):
            widget = ChoiceInput()
            widget.options = offered
        widget.attrs["data-of"] = " ".join(one.effect_id for one in takers)
        return forms.CharField(
            required=False, max_length=LONGEST_RULE, strip=False, label=label, help_text=help_text, widget=widget
        )

    def _accounts(self) -> list[tuple[str, str]]:
        mine = list_accounts(self.campaign.organization_id).filter(active=True).order_by("name")
        choices = [("", "The main account"), *((str(one.pk), one.name) for one in mine)]
        value = ((self.held() or {}).get("params") or {}).get("ledgerAccountId")
        text = "" if value is None else self._written("ledgerAccountId", value)
        return choices if text in dict(choices) else [*choices, (text, text)]

    def _offered(self, name: str) -> list[tuple[str, str]]:
        organization = self.campaign.organization
        if name == "couponBookKey":
            books = list_books(organization.pk).order_by("ranking_index", "pk").values_list("key", "name")
            return list(books[:BOOKS_OFFERED])
        if name == "loyaltyTierKey":
            return tiers_offered(organization)
        return types_offered(organization.pk) if name == "eventType" else []

    # --- as it is ---
    def effect_started(self) -> dict[str, Any]:
        """The effect as the form shows it."""
        held = self.held()
        if held is None:
            return {}
        shown = {f"param_{name}": self._written(name, value) for name, value in held["params"].items()}
        return {"effect": held["type"], **shown}

    def _written(self, name: str, value: Any) -> str:
        """A parameter as it is typed: what is worked out begins with =, points are in the account's units."""
        if is_computed(value):
            return f"={computed_text(value)}"
        if isinstance(value, dict):
            return json.dumps(value, ensure_ascii=False, indent=2)
        held = (self.held() or {}).get("params") or {}
        if name == "amount" and isinstance(value, int) and (account := account_of(self.campaign, held)) is not None:
            return as_text(value, account.decimals)
        return str(value)

    # --- as it is said ---
    def clean(self) -> dict[str, Any]:
        """Each parameter is refused beside its own field."""
        said = super().clean() or self.cleaned_data
        if "effect" not in self.cleaned_data:
            return said
        effect = get_effect(self.cleaned_data["effect"])
        params: dict[str, Any] = {}
        for name in _in_order(effect):
            text = self.cleaned_data.get(f"param_{name}", "")
            if text.strip():
                self._take(effect, name, text, params)
            elif name in effect.parameters["required"]:
                self.add_error(f"param_{name}", "This is needed.")
        self.cleaned_data["wanted"] = {"type": effect.effect_id, "params": params}
        return said

    def _take(self, effect: Effect, name: str, text: str, params: dict[str, Any]) -> None:
        held = self.held()
        # As it was given, a rule perhaps as a tree, until its text is changed.
        if held is not None and held["type"] == effect.effect_id and name in held["params"]:
            value = held["params"][name]
            same = self._written(name, value).strip() == text.strip().replace("\r\n", "\n")
            if same and (name != "amount" or is_computed(value)):
                params[name] = value
                return
        field, rule = f"param_{name}", text.strip()
        try:
            value = self._value(effect, name, rule, params)
            params[name] = read_param(effect, name, value)
        except BadRule as error:
            rest = rule.removeprefix("=")
            at = None if error.position is None else error.position + len(rule) - len(rest)
            self.add_error(field, refused_at(error.message, rule, at))
        except (NotAnAmount, ValueError) as error:
            self.add_error(field, str(error))

    def _value(self, effect: Effect, name: str, text: str, params: Mapping[str, Any]) -> Any:
        """What a text means: a rule, or a value of the parameter's type.

        :raises NotAnAmount: points that are none in the account's units.
        :raises ValueError: an object that is none.
        """
        kind = effect.parameters["properties"][name]["type"]
        if kind == "object":
            return read_object(text)
        if text.startswith("="):
            return {"expression": text[1:]}
        if kind not in _NUMBERS:
            return text
        if not _NUMBER.fullmatch(text):
            return {"expression": text}
        if name == "amount" and "ledgerAccountId" in effect.parameters["properties"]:
            account: LedgerAccount | None = account_of(self.campaign, params)
            return read_amount(text, 0 if account is None else account.decimals, least=0)
        return float(text) if "." in text else int(text)

    @property
    def wanted(self) -> dict[str, Any]:
        """The effect that the form says."""
        found: dict[str, Any] = self.cleaned_data["wanted"]
        return found


def _rank(name: str, takers: Sequence[Effect]) -> tuple[bool, bool, bool, int]:
    """What is needed first, then what more effects have in common; what is only told last."""
    needed = any(name in one.parameters["required"] for one in takers)
    return not needed, name == "description", name == "ledgerId", list(_SAYS).index(name) if name in _SAYS else 99


def _in_order(effect: Effect) -> list[str]:
    """Its parameters, the account before the amount in its units."""
    return sorted(effect.parameters["properties"], key=lambda name: not name.startswith("ledger"))
