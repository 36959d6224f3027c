"""Wallets and their credits on the console."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.views import ChangeList

from ledger.admin.base import Figure, PointsAdmin, balance_figures
from ledger.admin.display import named, points
from ledger.admin.holders import holder_link, holders_of, wallets_found
from ledger.admin.lot_acts import LOT_ACTS
from ledger.admin.movements import holds_panel, lots_panel, movements_panel, start_of
from ledger.models import Lot, LotUse, Wallet
from ledger.selectors import list_accounts
from ledger.services import current_balances
from loyalty.kernel.desk import Panel, link_to, seat_of, state, when
from loyalty.kernel.desk.display import NOTHING

USES_SHOWN = 50


class WalletList(ChangeList):
    """A page of wallets, each with its holder, who is told in one query for all."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        """The page's rows."""
        super().get_results(request)
        rows = list(self.result_list)
        holders = holders_of([row.pk for row in rows], seat_of(request))
        for row in rows:
            row.holder_on_page = holders.get(row.pk)
        self.result_list = rows


@admin.register(Wallet)
class WalletAdmin(PointsAdmin):
    """Who holds points, and what of which account."""

    reads = "ledgers:read"
    list_display = ["number", "kind", "holder", "is_open", "opened"]
    search_fields = ["id"]
    search_help_text = "Wallet number, or anything that names its holder"
    says_empty = "A wallet holds points: every member has one, and every account a few of its own."
    facts = (("Wallet", ("id", "kind", "held_by", "is_open", "opened")),)

    @admin.display(description="Wallet")
    def number(self, wallet: Wallet) -> str:
        """Its number."""
        return str(wallet)

    @admin.display(description="Holder")
    def holder(self, wallet: Wallet) -> str:
        """Its holder's name, on a list."""
        held = getattr(wallet, "holder_on_page", None)
        return held.name if held is not None else NOTHING

    @admin.display(description="Held by")
    def held_by(self, wallet: Wallet) -> SafeString:
        """A link to its holder."""
        return getattr(wallet, "holder_link", NOTHING)

    @admin.display(description="State")
    def is_open(self, wallet: Wallet) -> SafeString:
        """Whether it takes movements."""
        return state("active" if wallet.active else "blocked")

    @admin.display(description="Opened")
    def opened(self, wallet: Wallet) -> SafeString:
        """Since when there is one."""
        return when(wallet.created_at)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Our list."""
        return WalletList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Wallet], search_term: str
    ) -> tuple[QuerySet[Wallet], bool]:
        """By number, or by holder."""
        text, seat = search_term.strip(), seat_of(request)
        if not text or seat.organization_id is None:
            return queryset, False
        found = wallets_found(seat.organization_id, text, seat)
        if text.isascii() and text.isdigit() and len(text) < 19:
            found.append(int(text))
        return queryset.filter(pk__in=found), False

    def get_facts(self, request: HttpRequest, target: Wallet) -> Sequence[tuple[str, Sequence[str]]]:
        """Its facts, with the holder looked up once."""
        target.holder_link = holder_link(target, seat_of(request))  # type: ignore[attr-defined]
        return self.facts

    def figures(self, request: HttpRequest, target: Wallet, at: datetime) -> Sequence[Figure]:
        """What a member's or partner's wallet holds; the other side of the books has no balance of its own."""
        if target.kind not in (Wallet.Kind.MEMBER, Wallet.Kind.CLEARING):
            return ()
        return wallet_figures(request, target, at)

    def panels(self, request: HttpRequest, target: Wallet, at: datetime) -> Iterable[Panel]:
        """Credits, holds and movements."""
        may_end = seat_of(request).may("ledgers:write", target.organization_id)
        if target.kind in (Wallet.Kind.MEMBER, Wallet.Kind.CLEARING):
            yield from holds_panel(target.pk, may_end=may_end)
            yield lots_panel(target.pk)
        yield movements_panel(target)


def wallet_figures(request: HttpRequest, wallet: Wallet, at: datetime) -> list[Figure]:
    """What a wallet holds in each account, as it is at `at`."""
    balances = current_balances(
        organization_id=wallet.organization_id,
        ledger_id=None,
        wallet_id=wallet.pk,
        actor=seat_of(request).actor,
        at=at,
    )
    accounts = {account.pk: account for account in list_accounts(wallet.organization_id)}
    return balance_figures(balances, accounts)


@admin.register(Lot)
class LotAdmin(PointsAdmin):
    """One credit: what is left of it, where it came from and where it went."""

    reads = "ledgers:read"
    organization_of = "account__organization"
    acts = LOT_ACTS
    facts = (
        ("Credit", ("left", "given", "kept", "stands", "account", "wallet")),
        ("Life", ("came_from", "cut_from", "happened", "starts", "ends")),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lot]:
        """Credits with their accounts."""
        return super().get_queryset(request).select_related("account", "wallet")

    def everything(self, request: HttpRequest) -> QuerySet[Lot]:
        """Credits with their accounts."""
        return super().everything(request).select_related("account", "wallet", "transaction", "origin")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Credits are looked at by wallet."""
        return HttpResponseRedirect(reverse("admin:ledger_wallet_changelist"))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """They have no list of their own."""
        return False

    @admin.display(description="Left")
    def left(self, lot: Lot) -> SafeString:
        """What is left."""
        return points(lot.remaining, lot.account)

    @admin.display(description="Given")
    def given(self, lot: Lot) -> SafeString:
        """What it began with."""
        return points(lot.amount, lot.account)

    @admin.display(description="Held")
    def kept(self, lot: Lot) -> SafeString:
        """What holds keep of it."""
        return points(lot.held, lot.account)

    @admin.display(description="State")
    def stands(self, lot: Lot) -> SafeString:
        """How it stands."""
        return state(lot.get_state_display())

    @admin.display(description="Came from")
    def came_from(self, lot: Lot) -> SafeString:
        """The transaction that made it."""
        return link_to(lot.transaction, named(lot.transaction)) if lot.transaction is not None else NOTHING

    @admin.display(description="Cut from")
    def cut_from(self, lot: Lot) -> SafeString:
        """The credit a transfer cut it from."""
        return link_to(lot.origin)

    @admin.display(description="Happened")
    def happened(self, lot: Lot) -> SafeString:
        """When it was given, in the world."""
        return when(lot.effective_at)

    @admin.display(description="Valid from")
    def starts(self, lot: Lot) -> Any:
        """From when it can be spent."""
        return start_of(lot)

    @admin.display(description="Expires")
    def ends(self, lot: Lot) -> SafeString:
        """When it expires."""
        return when(lot.expires_at)

    def panels(self, request: HttpRequest, target: Lot, at: datetime) -> Iterable[Panel]:
        """Where its points went."""
        uses = list(LotUse.objects.filter(lot=target).select_related("transaction").order_by("-pk")[: USES_SHOWN + 1])
        rows = [
            (
                when(use.transaction.effective_at),
                link_to(use.transaction, named(use.transaction)),
                points(-use.amount, target.account, signed=True),
                use.transaction.description,
            )
            for use in uses[:USES_SHOWN]
        ]
        note = f"The last {USES_SHOWN}." if len(uses) > USES_SHOWN else ""
        yield Panel("What took of it", ("When", "What", "Points", "Why"), rows, "Nothing has.", note=note)
