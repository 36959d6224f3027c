"""Partners on the console: what they have paid, what was exchanged with them, what needs a hand, and their periods."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from ledger.models import Balance
from loyalty.kernel import clock
from loyalty.kernel.desk import Act, Done, HouseAdmin, Line, Panel, Preview, link_to, number, state, when
from loyalty.kernel.desk.charts import BAR, chart_of, chart_panel
from partners.admin.display import READS, WRITES, limits, lines_of, money, price
from partners.admin.fields import ProfileField, amount
from partners.models import Exchange, Partner, Statement
from partners.selectors import not_charged, not_settled, volume_by_day
from partners.services import close_period, create_partner, pay_in, update_partner
from partners.words import PROFILE_OF_COMPANY

DAYS, ROWS_SHOWN = 30, 15


class _Company(Act):
    """What a person says of a partner."""

    needs = WRITES
    name = forms.CharField(max_length=255)
    terms = forms.ChoiceField(choices=Partner.Terms.choices, initial=Partner.Terms.POSTPAID)
    floor = amount(
        required=False, help_text="Prepaid: what has to stay, 0 or more. Postpaid: how far below zero, or nothing."
    )
    alert_below = amount(required=False, help_text="Below it, the console says that more has to be paid.")
    profile = ProfileField(PROFILE_OF_COMPANY)

    def said(self) -> dict[str, Any]:
        """The fields as services take them."""
        found = {name: self.cleaned_data[name] for name in ("name", "terms", "floor", "alert_below", "profile")}
        if found["terms"] == Partner.Terms.PREPAID and found["floor"] is None:
            found["floor"] = Decimal(0)
        return found


class CreatePartner(_Company):
    """Another company."""

    slug, title, verb, icon = "create", "New partner", "Create", "add"
    currency = forms.CharField(max_length=3, help_text="Three capital letters, like USD. It never changes.")

    def act(self) -> Done:
        """Create it."""
        words = {**self.said(), "currency": self.cleaned_data["currency"]}
        made = create_partner(organization_id=self.organization.pk, actor=self.actor, at=self.at, **words)
        return Done(f"{made} is there. Add its programs, or its clients.", made)


class EditPartner(_Company):
    """Change a partner."""

    slug, title, icon = "edit", "Edit", "edit"

    def starts(self) -> dict[str, Any]:
        """As it is."""
        held = {name: getattr(self.target, name) for name in ("name", "terms", "floor", "alert_below")}
        return {**held, "profile": lines_of(self.target.profile)}

    def act(self) -> Done:
        """Update it."""
        changed = update_partner(partner=self.target, changes=self.said(), actor=self.actor, at=self.at)
        return Done(f"{changed} is saved.", changed)


class PayIn(Act):
    """What the company has paid."""

    slug, title, verb, icon, needs = "pay-in", "Pay in", "Note the payment", "add_card", WRITES
    about = "The company's clients can issue for so much more, or it owes so much less."
    asks_reason = True
    amount = amount(min_value=Decimal("0.01"))

    def preview(self) -> Preview:
        """What it has then."""
        held, paid = balance_of(self.target), self.cleaned_data["amount"]
        currency = self.target.currency
        line = Line("Paid in advance", money(held, currency), money(held + paid, currency))
        return Preview(f"{paid:,.2f} {currency} are noted as paid by {self.target}.", [line])

    def act(self) -> Done:
        """Note it."""
        pay_in(
            partner=self.target,
            amount=self.cleaned_data["amount"],
            actor=self.actor,
            at=self.at,
            unique_key=self.key,
            reason=self.reason,
        )
        return Done("The payment is noted.", self.target)


class ClosePeriod(Act):
    """A statement."""

    slug, title, verb, icon, needs = "close", "Close a period", "Close it", "event_available", WRITES
    about = (
        "Everything booked before the day begins, and in no statement yet, is settled. A closed period never changes."
    )
    asks_reason = True
    until = forms.DateField(
        widget=forms.DateInput(attrs={"type": "date"}), help_text="The first day that is not in it any more."
    )

    def starts(self) -> dict[str, Any]:
        """The month that is over."""
        return {"until": timezone.localdate(self.at).replace(day=1)}

    @property
    def ends_at(self) -> datetime:
        """When the day begins in the organization's time zone."""
        zone = clock.zone_of(self.target.organization.timezone)
        return datetime.combine(self.cleaned_data["until"], time.min, zone)

    def preview(self) -> Preview:
        """How much there is."""
        out, charged = (find(self.target, self.ends_at).count() for find in (not_settled, not_charged))
        lines = [
            Line("Booked in its programs", number(out), number(0)),
            Line("Issued by its clients", number(charged), number(0)),
        ]
        return Preview(f"What is not settled before {self.cleaned_data['until']} is settled.", lines)

    def act(self) -> Done:
        """Close it."""
        made = close_period(partner=self.target, ends_at=self.ends_at, actor=self.actor, at=self.at, reason=self.reason)
        return Done(f"The period is closed; {made.net:,.2f} {made.currency} are left to pay to {self.target}.", made)

    def refuse(self, error: Any) -> None:
        """The service speaks of the instant, the form of the day."""
        if getattr(error, "field", None) == "ends_at":
            error.field = "until"
        super().refuse(error)


def balance_of(partner: Partner) -> Decimal:
    """What a partner has paid in advance, or (below zero) owes."""
    held = Balance.objects.get(wallet_id=partner.wallet_id, account_id=partner.money_account_id).active
    return Decimal(held) / 100


@admin.register(Partner)
class PartnerAdmin(HouseAdmin):
    """The companies points are exchanged with."""

    reads = READS
    list_display = ["name", "currency", "terms", "paid", "stands"]
    list_filter = ["terms"]
    search_fields = ["name"]
    ordering = ("name", "pk")
    creates = CreatePartner
    acts = (EditPartner, PayIn, ClosePeriod)
    says_empty = (
        "A partner is a company points are exchanged with: it has programs that points are issued in, or clients that"
        " issue, or both. Make the first one, then its programs and clients."
    )
    facts = (
        ("Partner", ("name", "stands", "currency", "terms", "floor", "alert_below")),
        ("Books", ("paid", "wallet_number")),
        ("About", ("profile_lines",)),
        ("Row", ("id", "created_at", "updated_at")),
    )

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what it has paid."""
        return _with_money(super().everything(request)).select_related("organization", "wallet")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With what each has paid."""
        return _with_money(super().get_queryset(request))

    def panels(self, request: HttpRequest, target: Any, at: datetime) -> Iterable[Panel]:
        """What was exchanged, and what needs a hand."""
        failed = Exchange.objects.filter(organization_id=target.organization_id, program__partner=target)
        failed = failed.filter(state__in=["failed", "reversing", "pending"]).order_by("pk")[:ROWS_SHOWN]
        rows = [(link_to(one), number(one.points), state(one.state), one.says, when(one.created_at)) for one in failed]
        yield Panel(
            "Not ended", ("Reference", "Points", "State", "Last word", "Issued"), rows, empty="Every issue has ended."
        )
        yield _volume(target, at)
        programs = [
            (
                link_to(one),
                one.get_connector_display(),
                price(one.price_per_point, target.currency),
                limits(one.min_value, one.max_value, "a value"),
                state("active" if one.active else "inactive"),
            )
            for one in target.programs.order_by("name")[:ROWS_SHOWN]
        ]
        yield Panel("Programs", ("Program", "Way", "A point", "Limits", "State"), programs, empty="It has none.")
        clients = [(link_to(one), one.client_id) for one in target.clients.order_by("name")[:ROWS_SHOWN]]
        yield Panel("Clients", ("Client", "Id"), clients, empty="None of its applications may call.")
        newest = Statement.objects.filter(partner=target).order_by("-number")[:ROWS_SHOWN]
        periods = [
            (
                link_to(one, f"Statement {one.number}"),
                when(one.ends_at),
                number(one.lines),
                money(one.net, one.currency),
            )
            for one in newest
        ]
        yield Panel("Statements", ("Statement", "Until", "Lines", "Left to pay"), periods, empty="None is closed yet.")

    @admin.display(description="Paid in advance")
    def paid(self, partner: Any) -> SafeString:
        """Below zero: what it owes."""
        return money(Decimal(partner.held) / 100, partner.currency)

    @admin.display(description="State")
    def stands(self, partner: Any) -> SafeString:
        """Whether it can go on issuing."""
        held = Decimal(partner.held) / 100
        if partner.floor is not None and held <= partner.floor:
            return state("used up")
        return state("low" if partner.is_low(held) else "active")

    @admin.display(description="Clearing wallet")
    def wallet_number(self, partner: Partner) -> Any:
        """Its page."""
        return link_to(partner.wallet)

    @admin.display(description="Profile")
    def profile_lines(self, partner: Partner) -> str:
        """As it is told to its clients."""
        return ", ".join(f"{name}: {value}" for name, value in partner.profile.items())


def _with_money(rows: QuerySet[Any]) -> QuerySet[Any]:
    held = Balance.objects.filter(wallet=OuterRef("wallet"), account=OuterRef("money_account"))
    return rows.annotate(held=Subquery(held.values("active")[:1]))


def _volume(partner: Partner, at: datetime) -> Panel:
    """Points issued and reversed in the partner's programs, day by day."""
    today = timezone.localdate(at)
    days = [today - timedelta(days=DAYS - 1 - back) for back in range(DAYS)]
    moved = volume_by_day(partner, timezone.get_current_timezone(), at - timedelta(days=DAYS))
    rows = [(day, *moved.get(day, (0, 0))) for day in days]
    sets = [
        {"label": "Issued", "data": [row[1] for row in rows], "backgroundColor": "var(--color-primary-600)", **BAR},
        {"label": "Reversed", "data": [-row[2] for row in rows], "backgroundColor": "#d97706", **BAR},
    ]
    issued, taken = sum(row[1] for row in rows), sum(row[2] for row in rows)
    says = f"In {DAYS} days {issued:,} points were issued and {taken:,} reversed."
    chart = chart_of([f"{day:%d %b}" for day in days], sets, says=says)
    shown = [(f"{day:%d %b}", number(one), number(two)) for day, one, two in rows[::-1] if one or two]
    return chart_panel(f"The last {DAYS} days", chart, ("Day", "Issued", "Reversed"), shown, says)
