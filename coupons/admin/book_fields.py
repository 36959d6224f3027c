"""The form that says what a coupon book is, and how its fields become what services take."""

from __future__ import annotations

from typing import Any

from django import forms

from coupons.admin.display import account_paid
from coupons.models import FOREVER_LAST, CouponBook
from coupons.services.books import OF_STOCK
from ledger.admin import PointsField
from ledger.models import LedgerAccount
from ledger.selectors import list_member_accounts
from loyalty.kernel.desk import Act
from loyalty.kernel.desk.fields import kept_moment, listed, moment_field, some_of
from loyalty.kernel.desk.rules import refused_at
from loyalty.kernel.errors import DomainError
from loyalty.kernel.models import ContentSchema, Organization
from members.admin.offered import audiences_offered, tiers_offered
from members.models import LoyaltyProgram
from members.selectors import list_programs

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


class BookForm(Act):
    """What a person says of a book."""

    needs = "coupons:write"
    template = "admin/coupons/book_form.html"

    name = forms.CharField(max_length=255)
    program = forms.ModelChoiceField(LoyaltyProgram.objects.none(), empty_label=None)
    subtitle = forms.CharField(required=False, max_length=1000)
    description = forms.CharField(required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 2}))
    valid_from = moment_field("Empty: at once.")
    valid_to = moment_field("Before this moment. Empty: without an end.")
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
    audience_keys = some_of("Members of any of these. None chosen: everybody.", label="Audiences")
    tiers = some_of("Members with any of these. None chosen: every tier.")
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
        fields["account"].queryset = list_member_accounts(self.house.pk).filter(active=True).order_by("name")
        schemas = ContentSchema.objects.filter(organization=self.house, deleted_at__isnull=True)
        fields["content_schema"].queryset = schemas.order_by("name")
        fields["audience_keys"].choices = audiences_offered(self.house, held.audience_keys if held else ())
        fields["tiers"].choices = tiers_offered(self.house, held.tiers if held else ())
        if held is not None and held.is_linked:
            for name in OF_STOCK:
                del fields[name]
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
        words: dict[str, Any] = {name: given[name] for name in (*_PLAIN, *_PRICES) if name in given}
        words["program_id"] = given["program"].pk
        words["ranking_index"] = given["ranking"]
        words["tags"] = listed(given["tags"])
        words["required_points_config"] = self._config(given["account"])
        for name in _TIMES:
            words[name] = kept_moment(given[name], getattr(self.target, name, None))
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
            written = self.cleaned_data.get("expression", "")
            self.add_error(field, refused_at(error.message, written, error.details.get("position")))
