"""Transactions on the console: the books, newest first, and everything that is known of one of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter, TextFilter

from ledger.admin.base import Figure, PointsAdmin
from ledger.admin.causes import cause_of
from ledger.admin.display import kind_of, moved, named, names_of, points, status_label
from ledger.admin.holders import wallet_links
from ledger.admin.movements import lots_of_transaction, why_of
from ledger.admin.transaction_acts import TRANSACTION_ACTS, record_of
from ledger.models import Kind, Lot, LotUse, Transaction
from ledger.selectors import (
    Browsed,
    Wanted,
    accounts_of_wallet,
    browse_transactions,
    in_this_order,
    list_accounts,
    named_transactions,
)
from ledger.selectors.browsing import REACH
from loyalty.kernel.desk import Panel, copyable, link_to, seat_of, state, when
from loyalty.kernel.desk.display import NOTHING
from loyalty.kernel.desk.found import Asks, FoundList, whole_number

LOTS_SHOWN = 50


class AccountFilter(Asks, DropdownFilter):
    """In one account."""

    title, parameter_name = "account", "account"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        """The organization's accounts."""
        organization_id = seat_of(request).organization_id or 0
        return [(str(account.pk), account.name) for account in list_accounts(organization_id).order_by("name")]


class KindFilter(Asks, DropdownFilter):
    """Of one kind."""

    title, parameter_name = "kind", "kind"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        """All kinds, in the words of the list."""
        return [(kind.value, kind_of(Transaction(kind=kind))) for kind in Kind]


class WalletFilter(Asks, TextFilter):
    """From or to one wallet."""

    title, parameter_name = "wallet number", "wallet"


class DayFilter(Asks, RangeDateFilter):
    """That happened from one day to another, both included."""


class TransactionList(FoundList):
    """The page of transactions that were asked for, with both sides' names."""

    says_capped = "Ask for a wallet, an account or dates to see others."
    says_cut = f"Only the newest {REACH:,} were looked through. Ask for dates or an account to see older ones."

    def look(self, organization_id: int, request: HttpRequest) -> tuple[list[int], bool]:
        """What is named, else what the filters ask for."""
        text = self.query.strip()
        if text:
            found = self._named(organization_id, text)
        else:
            found = browse_transactions(self._wanted(organization_id), most=self.most + 1)
        return found.ids, found.is_cut

    def read(self, ids: Sequence[int], request: HttpRequest) -> list[Any]:
        """The rows, with both sides' names."""
        return dressed(in_this_order(ids), request)

    def _named(self, organization_id: int, text: str) -> Browsed:
        """What the text names; a number that no transaction has may be a wallet's."""
        exact = named_transactions(organization_id, text)
        wallet_id = whole_number(text.lower().removeprefix("wallet"))
        if exact or wallet_id is None:
            return Browsed(exact)
        wanted = Wanted(accounts_of_wallet(organization_id, wallet_id), wallet_id=wallet_id)
        return browse_transactions(wanted, most=self.most + 1)

    def _wanted(self, organization_id: int) -> Wanted:
        asked = self.asked
        wallet_id = whole_number(asked.get("wallet"))
        if asked.get("wallet") and wallet_id is None:
            return Wanted([])
        accounts = [account.pk for account in list_accounts(organization_id)]
        if wallet_id is not None:
            accounts = accounts_of_wallet(organization_id, wallet_id)
        if asked.get("account"):
            accounts = [pk for pk in accounts if str(pk) == asked["account"]]
        return Wanted(
            accounts,
            wallet_id=wallet_id,
            kind=str(asked["kind"]) if asked.get("kind") in Kind.values else "",
            since=_midnight(asked.get("effective_at_from")),
            until=_midnight(asked.get("effective_at_to"), days=1),
        )


def _midnight(text: Any, *, days: int = 0) -> datetime | None:
    """The start of the day a person wrote, in the organization's zone; None where it is none."""
    try:
        day = parse_date(str(text)) if text else None
        return None if day is None else timezone.make_aware(datetime.combine(day + timedelta(days=days), time()))
    except (ValueError, OverflowError):
        return None


def dressed(rows: list[Transaction], request: HttpRequest) -> list[Transaction]:
    """Rows with what their columns need, read for all of them at once."""
    wallets = {pk for row in rows for pk in (row.from_wallet_id, row.to_wallet_id)}
    links, names = wallet_links(wallets, seat_of(request)), names_of(row.actor for row in rows)
    for row in rows:
        row.links, row.actor_name = links, names[row.actor]  # type: ignore[attr-defined]
    return rows


@admin.register(Transaction)
class TransactionAdmin(PointsAdmin):
    """What moved, from where, to where, and why."""

    reads = "ledgers:read"
    asked = frozenset({"account", "kind", "wallet", "effective_at_from", "effective_at_to"})
    list_display = ["number", "happened", "what", "moved_points", "sender", "receiver", "why", "who"]
    list_filter = [AccountFilter, KindFilter, WalletFilter, ("effective_at", DayFilter)]
    list_filter_submit = True
    list_before_template = "admin/list_note.html"
    search_fields = ["id"]
    search_help_text = "Number, unique key, external id or wallet"
    acts = TRANSACTION_ACTS
    says_empty = "Every movement of points is kept here for good: given, spent, transferred, expired, reverted."
    facts = (
        ("Movement", ("what", "stands", "sender", "receiver", "account")),
        ("Cause", ("why", "caused_by", "who", "came_by", "key", "other_id", "labels")),
        ("When", ("happened", "written", "said_date", "answered")),
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[TransactionList]:
        """Our list."""
        return TransactionList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """The list does it."""
        return queryset, False

    def find(self, request: HttpRequest, term: str, most: int) -> Iterable[Transaction]:
        """By number, unique key or external id."""
        return in_this_order(named_transactions(seat_of(request).organization_id or 0, term)[:most])

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a reading page speaks of."""
        return super().everything(request).select_related("account", "answers")

    # --- columns and facts ---
    @admin.display(description="Transaction")
    def number(self, row: Transaction) -> str:
        """Its number."""
        return f"#{row.pk}"

    @admin.display(description="Happened")
    def happened(self, row: Transaction) -> SafeString:
        """When, in the world."""
        return when(row.effective_at)

    @admin.display(description="What")
    def what(self, row: Transaction) -> str:
        """What it was."""
        return kind_of(row)

    @admin.display(description="Points")
    def moved_points(self, row: Transaction) -> SafeString:
        """How much."""
        return moved(row)

    @admin.display(description="From")
    def sender(self, row: Transaction) -> Any:
        """Out of which wallet."""
        return row.links.get(row.from_wallet_id, NOTHING)  # type: ignore[attr-defined]

    @admin.display(description="To")
    def receiver(self, row: Transaction) -> Any:
        """Into which wallet."""
        return row.links.get(row.to_wallet_id, NOTHING)  # type: ignore[attr-defined]

    @admin.display(description="Why")
    def why(self, row: Transaction) -> Any:
        """Why, as far as it says."""
        return why_of(row)

    @admin.display(description="Who")
    def who(self, row: Transaction) -> str:
        """By whom."""
        return row.actor_name  # type: ignore[attr-defined]

    @admin.display(description="Came by")
    def came_by(self, row: Transaction) -> Any:
        """Through which door."""
        return row.source or NOTHING

    @admin.display(description="Unique key")
    def key(self, row: Transaction) -> SafeString:
        """The key that makes it once."""
        return copyable(row.unique_key)

    @admin.display(description="External id")
    def other_id(self, row: Transaction) -> SafeString:
        """What another system calls it."""
        return copyable(row.external_id)

    @admin.display(description="Tags")
    def labels(self, row: Transaction) -> Any:
        """Its tags."""
        return format_html_join(" ", "{}", ((state(tag),) for tag in row.tags)) or NOTHING

    @admin.display(description="State")
    def stands(self, row: Transaction) -> SafeString:
        """How far it is."""
        return status_label(record_of(row).status)

    @admin.display(description="Written")
    def written(self, row: Transaction) -> SafeString:
        """When it was written down."""
        return when(row.created_at)

    @admin.display(description="Date given")
    def said_date(self, row: Transaction) -> SafeString:
        """The date the caller gave."""
        return when(row.external_event_at)

    @admin.display(description="Answers")
    def answered(self, row: Transaction) -> SafeString:
        """What it is the answer to."""
        return link_to(row.answers, named(row.answers)) if row.answers is not None else NOTHING

    @admin.display(description="For")
    def caused_by(self, row: Transaction) -> Any:
        """What caused it."""
        return row.cause or NOTHING  # type: ignore[attr-defined]

    # --- the reading page ---
    def name_of(self, target: Transaction) -> str:
        """What it was, and its number."""
        return named(target)

    def get_facts(self, request: HttpRequest, target: Transaction) -> Sequence[tuple[str, Sequence[str]]]:
        """Its facts, with the names looked up once, and what caused it where that is known."""
        dressed([target], request)
        target.cause = cause_of(target, seat_of(request))  # type: ignore[attr-defined]
        return self.facts

    def figures(self, request: HttpRequest, target: Transaction, at: datetime) -> Sequence[Figure]:
        """How much."""
        record = record_of(target)
        notes: list[tuple[str, Any]] = []
        if target.kind == Kind.HOLD and record.captured_amount:
            notes.append(("captured", points(record.captured_amount, target.account, unit=False)))
        return [Figure(target.account.name, points(target.amount, target.account, unit=False), notes)]

    def panels(self, request: HttpRequest, target: Transaction, at: datetime) -> Iterable[Panel]:
        """What answered it, and the credits on both sides."""
        answers = list(Transaction.objects.filter(answers=target).select_related("account").order_by("pk")[:LOTS_SHOWN])
        if answers:
            names = names_of(row.actor for row in answers)
            rows = [
                (when(r.effective_at), link_to(r, named(r)), points(r.amount, r.account), why_of(r), names[r.actor])
                for r in answers
            ]
            yield Panel("Answered by", ("When", "What", "Points", "Why", "Who"), rows)
        made = Lot.objects.filter(transaction=target).order_by("pk")
        lots = list(made[: LOTS_SHOWN + 1])
        if lots:
            more = made.count() - LOTS_SHOWN if len(lots) > LOTS_SHOWN else 0
            yield lots_of_transaction(lots[:LOTS_SHOWN], more, target.account)
        yield from _taken(target)


def _taken(target: Transaction) -> Iterable[Panel]:
    uses = LotUse.objects.filter(transaction=target).select_related("lot").order_by("pk")
    taken = list(uses[: LOTS_SHOWN + 1])
    if taken:
        more = uses.count() - LOTS_SHOWN if len(taken) > LOTS_SHOWN else 0
        rows = [
            (
                link_to(use.lot, f"#{use.lot_id}"),
                points(-use.amount, target.account, signed=True),
                points(use.lot.remaining, target.account, unit=False),
                when(use.lot.expires_at),
            )
            for use in taken[:LOTS_SHOWN]
        ]
        headers = ("Credit", "Points", "Left of it", "Expires")
        yield Panel("Credits it took from", headers, rows, note=f"And {more} more." if more else "")
