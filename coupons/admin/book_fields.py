"""The form that says what a coupon book is, and how its fields become what services take."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms

from coupons.admin.display import account_paid
from coupons.models import FOREVER_LAST, CouponBook
from ledger.admin import PointsField
from ledger.models import LedgerAccount
from ledger.selectors import list_accounts
from loyalty.kernel.desk import Act
from loyalty.kernel.errors import DomainError
from loyalty.kernel.models import ContentSchema, Organization
from members.models import LoyaltyProgram, LoyaltyTier
from members.selectors import list_audiences, list_programs

MOST_OFFERED = 500
# Named in the form as in the model.
_PLAIN = (
    "name",
    "subtitle",
    "description",
    "external_id",
    "max_assigned_per_member",
    "max_assigned_per_coupon",
    "max_coupon_count",
    "discount_type",
    "discount_amount",
    "picture_url",
    "detail_picture_url",
    "audience_keys",
    "tiers",
)
_TIMES = ("valid_from", "valid_to")
_PRICES = ("assignment_required_points", "usage_required_points")
# What services call it, and what the form does.
_CALLED = {
    "condition": "expression",
    "loyalty_program_id": "program",
    "required_points_config": "account",
    "content_schema_id": "content_schema",
    "ranking_index": "ranking",
    "valid_to_date": "valid_to",
}


def _limit(label: str, help_text: str) -> forms.IntegerField:
    return forms.IntegerField(required=False, min_value=0, max_value=2**53, label=label, help_text=help_text)


def _moment(help_text: str) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S")
    return forms.DateTimeField(required=False, widget=widget, help_text=help_text)


class BookForm(Act):
    """What a person says of a book."""

    needs = "coupons:write"
    template = "admin/coupons/book_form.html"

    name = forms.CharField(max_length=255)
    program = forms.ModelChoiceField(LoyaltyProgram.objects.none(), empty_label=None)
    subtitle = forms.CharField(required=False, max_length=1000)
    description = forms.CharField(required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 2}))
    valid_from = _moment("Empty: at once.")
    valid_to = _moment("Before this moment. Empty: without an end.")
    max_assigned_per_member = _limit("Most for a member", "Units one member can have been given. Empty: no limit.")
    max_coupon_count = _limit("Most in all", "Codes of the book; without a list of codes, units. Empty: no limit.")
    max_assigned_per_coupon = _limit(
        "Most for a code", "How often one code can be given. Empty: once; a shared one without a limit."
    )
    account = forms.ModelChoiceField(
        LedgerAccount.objects.none(),
        required=False,
        empty_label="The program's main account",
        label="Paid in",
        help_text="Where it costs points.",
    )
    assignment_required_points = PointsField(required=False, least=0, label="Points to get one")
    usage_required_points = PointsField(required=False, least=0, label="Points to use one")
    audience_keys = forms.MultipleChoiceField(
        required=False,
        label="Audiences",
        widget=forms.SelectMultiple(attrs={"size": 4}),
        help_text="Members of any of these. None chosen: everybody.",
    )
    tiers = forms.MultipleChoiceField(
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 4}),
        help_text="Members with any of these. None chosen: every tier.",
    )
    expression = forms.CharField(
        required=False,
        label="Condition",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text='Such as: member.profile.city == "Oslo". Empty: everybody.',
    )
    discount_type = forms.ChoiceField(
        required=False, choices=[("", "–"), *CouponBook.DiscountType.choices], label="Discount"
    )
    discount_amount = forms.DecimalField(
        required=False, min_value=0, max_digits=15, decimal_places=4, label="How much discount"
    )
    ranking = forms.IntegerField(
        required=False, min_value=-(2**53), max_value=2**53, label="Rank", help_text="The lowest comes first."
    )
    tags = forms.CharField(required=False, max_length=2000, help_text="With commas between them.")
    external_id = forms.CharField(required=False, max_length=255, label="Your id")
    picture_url = forms.CharField(required=False, max_length=2000, label="Picture (address)")
    detail_picture_url = forms.CharField(required=False, max_length=2000, label="Large picture (address)")
    content_schema = forms.ModelChoiceField(
        ContentSchema.objects.none(),
        required=False,
        empty_label="None",
        help_text="What its content has to look like; the schema's latest version counts.",
    )

    @property
    def house(self) -> Organization:
        """Whose book it is."""
        return self.organization if self.target is None else self.target.organization

    def prepare(self) -> None:
        """What the organization has to choose from, and what the book names already."""
        fields: Any = self.fields
        held: CouponBook | None = self.target
        fields["program"].queryset = list_programs(self.house.pk).order_by("-is_default", "pk")
        fields["account"].queryset = list_accounts(self.house.pk).filter(active=True).order_by("name")
        schemas = ContentSchema.objects.filter(organization=self.house, deleted_at__isnull=True)
        fields["content_schema"].queryset = schemas.order_by("name")
        audiences = list_audiences(self.house.pk).order_by("name").values_list("key", "name")[:MOST_OFFERED]
        fields["audience_keys"].choices = _with(audiences, held.audience_keys if held else ())
        fields["tiers"].choices = _with(_tiers_of(self.house, held.tiers if held else ()), held.tiers if held else ())
        self._say_units(account_paid(held) if held is not None else self._meant())

    def _meant(self) -> LedgerAccount | None:
        """Whose units prices of a new book are in, until an account is chosen."""
        program = list_programs(self.house.pk).filter(is_default=True).select_related("main_account").first()
        return program.main_account if program is not None else None

    def _say_units(self, account: LedgerAccount | None) -> None:
        for name in _PRICES:
            field: Any = self.fields[name]
            field.decimals = account.decimals if account is not None else 0
            field.help_text = f"In {account.name}. Empty: nothing." if account is not None else "Empty: nothing."

    def clean_account(self) -> LedgerAccount | None:
        """Prices are written in its units."""
        chosen: LedgerAccount | None = self.cleaned_data["account"]
        program = self.cleaned_data.get("program")
        if program is not None:
            book = CouponBook(organization=self.house, program=program, required_points_config=self._config(chosen))
            self._say_units(account_paid(book))
        return chosen

    def _config(self, account: LedgerAccount | None) -> dict[str, Any]:
        """The account as a book names it; what names only a ledger is kept as it is."""
        if account is not None:
            return {"ledgerAccountId": account.pk}
        held = self.target.required_points_config if self.target is not None else {}
        return {"ledgerId": held["ledgerId"]} if held.get("ledgerId") and not held.get("ledgerAccountId") else {}

    def started(self) -> dict[str, Any]:
        """The book as the form shows it."""
        held: CouponBook = self.target
        return {
            **{name: getattr(held, name) for name in (*_PLAIN, *_TIMES, *_PRICES)},
            "program": held.program_id,
            "account": held.required_points_config.get("ledgerAccountId"),
            "content_schema": held.content_schema_id,
            "expression": held.rule,
            "ranking": None if held.ranking_index == FOREVER_LAST else held.ranking_index,
            "tags": ", ".join(held.tags),
        }

    def said(self) -> dict[str, Any]:
        """The fields as services take them."""
        given = self.cleaned_data
        schema = given["content_schema"]
        words: dict[str, Any] = {name: given[name] for name in (*_PLAIN, *_PRICES)}
        words["program_id"] = given["program"].pk
        words["ranking_index"] = given["ranking"]
        words["tags"] = [tag.strip() for tag in given["tags"].split(",") if tag.strip()]
        words["required_points_config"] = self._config(given["account"])
        for name in _TIMES:
            words[name] = _kept(given[name], getattr(self.target, name, None))
        held: CouponBook | None = self.target
        # As it was written, and as a tree where it was given as one, until its text is changed.
        if held is None or held.rule != given["expression"]:
            words["condition"] = {"expression": given["expression"]} if given["expression"].strip() else {}
        # Named again, its latest version would be pinned.
        if held is None or held.content_schema_id != (schema.pk if schema else None):
            words["content_schema_id"] = schema.pk if schema else None
        return words

    def refuse(self, error: DomainError) -> None:
        """Beside the field; what is wrong in the condition with its place, counted from 1 as people do."""
        super().refuse(error)
        named = getattr(error, "field", None)
        wire = "".join(f"_{one.lower()}" if one.isupper() else one for one in named or "")
        field = _CALLED.get(wire)
        if field is not None and "__all__" in self.errors:
            del self.errors["__all__"]
            position = error.details.get("position")
            place = "" if position is None else f" (At character {position + 1}.)"
            self.add_error(field, f"{error.message}{place}")


def _kept(said: datetime | None, held: datetime | None) -> datetime | None:
    """A moment as it was, where the form showed it to the second and it was left so."""
    return held if held is not None and held.replace(microsecond=0) == said else said


def _with(choices: Iterable[tuple[str, str]], held: Iterable[str]) -> list[tuple[str, str]]:
    """The choices, and what is held without being one of them."""
    offered = dict(choices)
    return [*offered.items(), *((name, f"{name} (not there)") for name in held if name not in offered)]


def _tiers_of(organization: Organization, held: Iterable[str]) -> list[tuple[str, str]]:
    """The tiers by key, or by number where the book names them so."""
    rows = LoyaltyTier.objects.filter(program__organization=organization).select_related("program")
    return [
        (str(tier.pk) if str(tier.pk) in held else tier.key, f"{tier.name} ({tier.program})")
        for tier in rows.order_by("program", "tier_order", "pk")[:MOST_OFFERED]
    ]
