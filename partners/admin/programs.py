"""Partner programs on the console: what a point costs there, and how points get there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from loyalty.kernel.desk import Act, Done, HouseAdmin, copyable, state
from members.models import LoyaltyProgram
from partners.admin.display import READS, WRITES, limits, lines_of, price
from partners.admin.fields import ProfileField, whole
from partners.models import Partner, PartnerProgram
from partners.selectors import program_number
from partners.services import create_partner_program, update_partner_program
from partners.words import PROFILE_OF_PROGRAM

_LIMITS = ("min_value", "max_value", "min_points", "max_points")
_FIELDS = ("user_id_field", "user_email_field")
_PRICES = ("price_per_point", "price_per_point_in_usd")


def _price(**words: Any) -> forms.DecimalField:
    return forms.DecimalField(max_digits=15, decimal_places=6, **words)


class _Program(Act):
    """What a person says of a partner program."""

    needs = WRITES
    name = forms.CharField(max_length=255)
    price_per_point = _price(help_text="Of one whole point, in the partner's currency.")
    price_per_point_in_usd = _price(
        required=False, label="Price in US dollars", help_text="Not needed where that is the partner's currency."
    )
    min_value = whole(help_text="In whole units of the caller's currency; 0 is no limit.")
    max_value = whole()
    min_points = whole()
    max_points = whole()
    user_id_field = forms.ChoiceField(
        choices=PartnerProgram.Wanted.choices, initial=PartnerProgram.Wanted.OPTIONAL, label="User id"
    )
    user_email_field = forms.ChoiceField(
        choices=PartnerProgram.Wanted.choices, initial=PartnerProgram.Wanted.REQUIRED, label="User email"
    )
    profile = ProfileField(PROFILE_OF_PROGRAM)

    def said(self) -> dict[str, Any]:
        """The fields as services take them."""
        limits = {name: self.cleaned_data[name] or 0 for name in _LIMITS}
        return {**{name: self.cleaned_data[name] for name in ("name", *_PRICES, *_FIELDS, "profile")}, **limits}


class CreateProgram(_Program):
    """Another program."""

    slug, title, verb, icon = "create", "New partner program", "Create", "add"
    about = (
        "Points get there at once where it is a program of this installation, and else by calls to its address, which"
        " are signed with a secret that is shown once, on the next page."
    )
    partner = forms.ModelChoiceField(Partner.objects.none())
    destination = forms.ModelChoiceField(
        LoyaltyProgram.objects.none(), required=False, label="Program of this installation"
    )
    url = forms.CharField(required=False, max_length=2000, label="Or its address", help_text="Begins with https://.")
    field_order = ("partner", "name", "destination", "url")

    def prepare(self) -> None:
        """Partners of the organization; programs of those where the person may say who is given points."""
        partners = Partner.objects.filter(organization=self.seat.organization).order_by("name")
        self.fields["partner"].queryset = partners  # type: ignore[attr-defined]
        programs = LoyaltyProgram.objects.select_related("organization").order_by("organization__name", "name")
        if not self.seat.is_system_admin:
            programs = programs.filter(organization__in=self.seat.open_to(WRITES))
        destination: Any = self.fields["destination"]
        destination.queryset = programs
        destination.label_from_instance = lambda program: f"{program.organization}: {program}"

    def act(self) -> Done:
        """Create it."""
        words = {name: self.cleaned_data[name] for name in ("partner", "destination", "url")}
        made = create_partner_program(actor=self.actor, at=self.at, **words, **self.said())
        return Done(f"{made} is there.", made, [("Secret", made.secret)] if made.secret else ())


class EditProgram(_Program):
    """Change a program."""

    slug, title, icon = "edit", "Edit", "edit"
    about = "A new price counts from the next issue on."
    active = forms.BooleanField(required=False, help_text="Turned off, nobody can issue in it.")
    url = forms.CharField(required=False, max_length=2000, label="Address")

    def prepare(self) -> None:
        """Only what is called has an address, and its price in dollars is there."""
        if self.target.connector != PartnerProgram.Connector.HTTP:
            del self.fields["url"]
        self.fields["price_per_point_in_usd"].required = True

    def starts(self) -> dict[str, Any]:
        """As it is."""
        names = ("name", *_PRICES, *_LIMITS, *_FIELDS, "active", "url")
        return {**{name: getattr(self.target, name) for name in names}, "profile": lines_of(self.target.profile)}

    def act(self) -> Done:
        """Update it."""
        changes = {**self.said(), "active": self.cleaned_data["active"]}
        if "url" in self.fields:
            changes["url"] = self.cleaned_data["url"]
        changed = update_partner_program(program=self.target, changes=changes, actor=self.actor, at=self.at)
        return Done(f"{changed} is saved.", changed)


@admin.register(PartnerProgram)
class PartnerProgramAdmin(HouseAdmin):
    """The programs points can be issued in."""

    reads = READS
    list_display = ["name", "partner", "connector", "costs", "values", "stands"]
    list_select_related = ["partner"]
    list_filter = ["connector"]
    search_fields = ["name"]
    ordering = ("name", "pk")
    creates = CreateProgram
    acts = (EditProgram,)
    says_empty = (
        "A partner program is where points are issued: one of this installation, or one elsewhere that is called."
        " Make its partner first."
    )
    facts = (
        ("Program", ("name", "api_id", "partner", "stands", "connector", "destination_name", "url")),
        ("Price", ("costs", "costs_in_dollars", "values", "numbers")),
        ("Destinations", ("user_id_field", "user_email_field")),
        ("Row", ("id", "created_at", "updated_at")),
    )

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With its partner, and where points go."""
        return super().everything(request).select_related("partner", "destination__organization")

    @admin.display(description="Id at the API")
    def api_id(self, program: PartnerProgram) -> SafeString:
        """As clients name it."""
        return copyable(program_number(program.pk))

    @admin.display(description="A point costs")
    def costs(self, program: PartnerProgram) -> str:
        """In the partner's currency."""
        return price(program.price_per_point, program.partner.currency)

    @admin.display(description="In US dollars")
    def costs_in_dollars(self, program: PartnerProgram) -> str:
        """For clients that pay in dollars."""
        return price(program.price_per_point_in_usd, "USD")

    @admin.display(description="Values")
    def values(self, program: PartnerProgram) -> str:
        """From and to."""
        return limits(program.min_value, program.max_value, "of the caller's currency")

    @admin.display(description="Points")
    def numbers(self, program: PartnerProgram) -> str:
        """From and to."""
        return limits(program.min_points, program.max_points, "points")

    @admin.display(description="Goes to")
    def destination_name(self, program: PartnerProgram) -> str:
        """The program of this installation."""
        goal = program.destination
        return f"{goal.organization}: {goal}" if goal is not None else ""

    @admin.display(description="State")
    def stands(self, program: PartnerProgram) -> SafeString:
        """Whether it is open."""
        return state("active" if program.active else "inactive")
