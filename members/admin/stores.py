"""Stores on the console: what they give, to whose account, and who sells there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from ledger.models import LedgerAccount
from ledger.selectors import list_member_accounts
from loyalty.kernel.desk import Act, Done, HouseAdmin, Panel, copyable, link_to, state, when
from loyalty.kernel.desk.display import yes_no
from loyalty.kernel.roles import ADMIN, ANY
from members.admin.seller_acts import SELLER_ACTS
from members.models import Store
from members.selectors import list_sellers
from members.services import create_store, update_store

_SAID = ("name", "code", "currency", "active", "expiry_mode", "days_active", "days_locked", "claim_days")


class _Store(Act):
    """What a person says of a store."""

    needs = ADMIN
    name = forms.CharField(max_length=255)
    code = forms.CharField(
        max_length=64, help_text="What addresses name it by: letters, digits, - and _. Clients know it; change it last."
    )
    account = forms.ModelChoiceField(LedgerAccount.objects.none(), help_text="Whose points it gives and takes.")
    currency = forms.CharField(max_length=3, initial="EUR")
    active = forms.BooleanField(required=False, initial=True)
    expiry_mode = forms.ChoiceField(choices=Store.Expiry, initial=Store.Expiry.AFTER_DAYS, label="Points expire")
    days_active = forms.IntegerField(
        min_value=1, max_value=36_500, initial=30, label="Days points live", help_text="Where they expire after days."
    )
    days_locked = forms.IntegerField(
        min_value=0, max_value=36_500, initial=0, label="Days points are locked", help_text="0: valid at once."
    )
    claim_days = forms.IntegerField(
        required=False, min_value=1, max_value=36_500, label="Days to claim", help_text="Empty: claims never expire."
    )
    customer_types = forms.CharField(
        required=False, max_length=2000, help_text="What a claim may make its claimer, with commas between them."
    )

    def prepare(self) -> None:
        """The organization's accounts that track points."""
        organization_id = self.organization.pk if self.target is None else self.target.organization_id
        accounts = list_member_accounts(organization_id).filter(point_tracking_enabled=True)
        self.fields["account"].queryset = accounts.order_by("name")  # type: ignore[attr-defined]

    def said(self) -> dict[str, Any]:
        """The fields as services take them."""
        types = [one.strip() for one in self.cleaned_data["customer_types"].split(",")]
        return {
            **{name: self.cleaned_data[name] for name in _SAID},
            "account_id": self.cleaned_data["account"].pk,
            "customer_types": list(dict.fromkeys(one for one in types if one)),
        }


class CreateStore(_Store):
    """Open another store."""

    slug, title, verb, icon = "create", "New store", "Open it", "add_business"

    def act(self) -> Done:
        """Create it."""
        made = create_store(organization_id=self.organization.pk, actor=self.actor, at=self.at, **self.said())
        return Done(f"{made} is there.", made)


class EditStore(_Store):
    """Change a store."""

    slug, title, icon = "edit", "Edit", "edit"
    about = "Points given before keep the dates they were given with."

    def starts(self) -> dict[str, Any]:
        """As it is."""
        held: Store = self.target
        return {
            **{name: getattr(held, name) for name in _SAID},
            "account": held.account_id,
            "customer_types": ", ".join(held.customer_types),
        }

    def act(self) -> Done:
        """Update it."""
        saved = update_store(store=self.target, changes=self.said(), actor=self.actor, at=self.at)
        return Done(f"{saved} is saved.", saved)


class MakeDefault(Act):
    """Have the organization's other APIs mean this store."""

    slug, title, verb, icon, needs = "default", "Make default", "Make it the default", "star", ADMIN
    about = "APIs that know the organization alone mean its default store."

    @classmethod
    def fits(cls, target: Store) -> bool:
        """One that is not."""
        return not target.is_default

    def act(self) -> Done:
        """Take it from the other."""
        saved = update_store(store=self.target, changes={"is_default": True}, actor=self.actor, at=self.at)
        return Done(f"{saved} is the default store.", saved)


@admin.register(Store)
class StoreAdmin(HouseAdmin):
    """The fronts of the organization that the vendors' clients know."""

    reads = ANY
    list_display = ["name", "code_shown", "account", "expiry_mode", "default", "stands"]
    list_select_related = ["account"]
    ordering = ("name", "pk")
    search_fields = ["name", "code"]
    creates = CreateStore
    acts = (EditStore, MakeDefault, *SELLER_ACTS)
    says_empty = (
        "A store is a front that Open Loyalty's and other clients know: whose points it gives, and their dates."
    )
    facts = (
        ("Store", ("name", "code_shown", "stands", "default", "account_link", "currency")),
        ("Points given here", ("expiry_mode", "days_active", "days_locked")),
        ("Claims", ("claim_days", "customer_types")),
        ("Row", ("id", "created_at", "updated_at")),
    )

    def find(self, request: HttpRequest, term: str, most: int) -> Iterable[Store]:
        """By the code."""
        return self.get_queryset(request).filter(code=term).order_by("pk")[:most]

    def everything(self, request: HttpRequest) -> Any:
        """With what a reading page speaks of."""
        return super().everything(request).select_related("account", "organization")

    def panels(self, request: HttpRequest, target: Store, at: datetime) -> Iterable[Panel]:
        """Who sells there."""
        rows = [
            (
                str(seller.operator),
                seller.operator.username,
                yes_no(seller.allow_point_transfer),
                when(seller.created_at),
            )
            for seller in list_sellers(target)
        ]
        headers = ("Seller", "Signs in as", "Gives and takes points", "Since")
        yield Panel("Sellers", headers, rows, empty="Nobody sells here.")

    @admin.display(description="State")
    def stands(self, store: Store) -> SafeString:
        """Whether it is open."""
        return state("active" if store.active else "inactive")

    @admin.display(description="Default")
    def default(self, store: Store) -> SafeString:
        """Whether it is the one that is meant."""
        return yes_no(store.is_default)

    @admin.display(description="Code")
    def code_shown(self, store: Store) -> SafeString:
        """What addresses name it by."""
        return copyable(store.code)

    @admin.display(description="Account")
    def account_link(self, store: Store) -> SafeString:
        """Whose points it gives."""
        return link_to(store.account)
