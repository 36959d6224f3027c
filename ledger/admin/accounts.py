"""Ledgers and accounts on the console: what the program owes, and when it goes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.views import ChangeList

from ledger.admin.account_acts import CreateAccount, CreateLedger, EditAccount, EditLedger, SetSupply
from ledger.admin.base import Figure, PointsAdmin
from ledger.admin.display import points
from ledger.amounts import for_people
from ledger.models import Ledger, LedgerAccount
from ledger.selectors import expiring, list_accounts, monthly_totals, with_totals
from ledger.selectors.accounts import AccountTotals
from loyalty.kernel.clock import end_of_local_day
from loyalty.kernel.desk import Panel, link_to, state, when, yes_no
from loyalty.kernel.desk.display import NOTHING

MONTHS_SHOWN = 13
DAYS_AHEAD = 90


class AccountList(ChangeList):
    """Accounts with their totals, read for all of them at once."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        """The page's rows."""
        super().get_results(request)
        self.result_list = with_totals(list(self.result_list))


@admin.register(LedgerAccount)
class AccountAdmin(PointsAdmin):
    """One kind of point: how much there is of it, and by what rules it lives."""

    reads = "ledgers:read"
    list_display = ["name", "ledger", "is_open", "owed", "issued", "spent", "gone", "is_default"]
    list_select_related = ["ledger"]
    ordering = ("name", "pk")
    search_fields = ["name", "key"]
    creates = CreateAccount
    acts = (EditAccount, SetSupply)
    says_empty = "An account is one kind of point: how it is shown, how much of it may exist, when it expires."
    facts = (
        ("Account", ("name", "key", "ledger", "is_open", "is_default", "decimals", "format_string")),
        ("Rules", ("expiry", "spend_order", "point_tracking_enabled", "is_revolving", "may_owe", "is_currency")),
        ("Its own wallets", ("reserve", "burned", "expired", "issuance")),
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Our list."""
        return AccountList

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a reading page speaks of."""
        return (
            super()
            .everything(request)
            .select_related("ledger", "organization", "reserve", "burned", "expired", "issuance", "supply")
        )

    @admin.display(description="State")
    def is_open(self, account: LedgerAccount) -> SafeString:
        """Whether it takes movements."""
        return state("active" if account.active else "inactive")

    @admin.display(description="Owed")
    def owed(self, account: Any) -> SafeString:
        """What members hold."""
        return points(account.totals.circulating, account, unit=False)

    @admin.display(description="Given")
    def issued(self, account: Any) -> SafeString:
        """What was given, ever."""
        return points(account.totals.minted, account, unit=False)

    @admin.display(description="Spent")
    def spent(self, account: Any) -> SafeString:
        """What was spent, ever."""
        return points(account.totals.burned, account, unit=False)

    @admin.display(description="Expired")
    def gone(self, account: Any) -> SafeString:
        """What expired, ever."""
        return points(account.totals.expired, account, unit=False)

    @admin.display(description="Points expire")
    def expiry(self, account: LedgerAccount) -> str:
        """When points expire where nobody says otherwise."""
        months = account.expires_in_months
        return "never" if months is None else f"{months} month{'s' if months > 1 else ''} after they become valid"

    def figures(self, request: HttpRequest, target: LedgerAccount, at: datetime) -> Sequence[Figure]:
        """What is owed, what was given, what went, what there may be."""
        months = monthly_totals(target.pk)
        target.months = months  # type: ignore[attr-defined]

        def all_of(name: str) -> int:
            return sum(getattr(totals, name) for _, totals in months)

        def shown(amount: int) -> SafeString:
            return points(amount, target, unit=False)

        owed = all_of("circulating")
        figures = [
            Figure(
                "Owed to members", shown(owed), [("held", shown(all_of("held"))), ("pending", shown(all_of("pending")))]
            ),
            Figure("Given", shown(all_of("minted")), [("reverted", shown(all_of("reverted")))]),
            Figure("Spent", shown(all_of("burned")), [("transferred", shown(all_of("transferred")))]),
            Figure("Expired", shown(all_of("expired"))),
        ]
        supply = getattr(target, "supply", None)
        if supply is None:
            return [*figures, Figure("Supply", "unlimited")]
        notes = [("used", shown(supply.consumed)), ("left", shown(supply.max_supply - supply.consumed))]
        return [*figures, Figure("Supply", shown(supply.max_supply), notes)]

    def panels(self, request: HttpRequest, target: LedgerAccount, at: datetime) -> Iterable[Panel]:
        """What expires soon, and the months."""
        zone = target.organization.timezone
        weeks: dict[date, int] = {}
        for day, amount in expiring(target.pk, at, end_of_local_day(at, zone, days=DAYS_AHEAD), zone):
            monday = day - timedelta(days=day.weekday())
            weeks[monday] = weeks.get(monday, 0) + amount
        total = sum(weeks.values())
        yield Panel(
            f"Expires in the next {DAYS_AHEAD} days",
            ("Week", "Points"),
            [(f"{week:%d %b} to {week + timedelta(days=6):%d %b %Y}", points(n, target)) for week, n in weeks.items()],
            empty="Nothing expires in this time.",
            note=f"{target.name}: {for_people(total, target.decimals)} in all, as far as nobody spends them."
            if total
            else "",
        )
        months = getattr(target, "months", None) or monthly_totals(target.pk)
        yield Panel(
            "By month",
            ("Month", "Given", "Spent", "Expired", "Reverted", "Owed at its end"),
            _months(months, target),
            empty="Nothing has moved yet.",
            more=f"{reverse('admin:ledger_transaction_changelist')}?account={target.pk}" if months else "",
            note="A movement that was reverted counts in no month but under Reverted." if months else "",
        )


def _months(months: Sequence[tuple[date, AccountTotals]], account: LedgerAccount) -> list[tuple[Any, ...]]:
    """A row for each month, newest first, with what was owed at its end."""
    rows, owed = [], 0
    for month, totals in months:
        owed += totals.circulating
        figures = (totals.minted, totals.burned, totals.expired, totals.reverted, owed)
        rows.append((f"{month:%B %Y}", *(points(figure, account, unit=False) for figure in figures)))
    return rows[::-1][:MONTHS_SHOWN]


@admin.register(Ledger)
class LedgerAdmin(PointsAdmin):
    """The books of an organization."""

    reads = "ledgers:read"
    list_display = ["name", "key", "description", "made"]
    ordering = ("name", "pk")
    search_fields = ["name", "key"]
    creates = CreateLedger
    acts = (EditLedger,)
    says_empty = "A ledger is the organization's books: it holds the accounts, one for each kind of point."
    facts = (("Ledger", ("name", "key", "description", "made")),)

    @admin.display(description="Since")
    def made(self, ledger: Ledger) -> SafeString:
        """Since when."""
        return when(ledger.created_at)

    def panels(self, request: HttpRequest, target: Ledger, at: datetime) -> Iterable[Panel]:
        """Its accounts."""
        accounts: Any = with_totals(list(list_accounts(target.organization_id, target.pk).order_by("name")))
        yield Panel(
            "Accounts",
            ("Account", "State", "Default", "Owed to members", "Given", "Spent", "Expired"),
            [
                (
                    link_to(account),
                    state("active" if account.active else "inactive"),
                    yes_no(account.is_default) if account.is_default else NOTHING,
                    *(
                        points(figure, account, unit=False)
                        for figure in (
                            account.totals.circulating,
                            account.totals.minted,
                            account.totals.burned,
                            account.totals.expired,
                        )
                    ),
                )
                for account in accounts
            ],
            empty="It has no account yet.",
        )
