"""Ledgers, accounts and wallets of the core API (tags Ledgers, Ledger Accounts and Wallets, Ledger Wallets)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import selectors, services
from ledger.api import serializers as shapes
from ledger.api.movements import MovementViewSet
from ledger.models import Ledger, LedgerAccount
from loyalty.kernel.api.filters import TextFilter
from loyalty.kernel.api.resources import CoreViewSet, ResourceViewSet, written_all


class LedgerFilters(django_filters.FilterSet):
    """What a list of ledgers is narrowed by."""

    ledgerKey = TextFilter(field_name="key")


class LedgerViewSet(ResourceViewSet):
    """The books of the organization."""

    tag = "Ledgers"
    operations = {"list": "listLedgers", "retrieve": "getLedger", "create": "createLedger", "update": "updateLedger"}
    reads, writes = "ledgers:read", "ledgers:write"
    wrapper = "ledger"
    queryset = Ledger.objects.none()
    lookup_url_kwarg = "ledgerId"
    lookup_field = "pk"
    serializer_class = shapes.LedgerAnswer
    inputs = {"create": shapes.LedgerInput, "update": shapes.LedgerUpdate}
    filterset_class = LedgerFilters
    order_columns = {"ledgerId": "pk", "name": "name", "ledgerKey": "key", "createdAt": "created_at"}

    def get_queryset(self) -> QuerySet[Ledger]:
        """The organization's ledgers."""
        return selectors.list_ledgers(self.organization_id)

    def perform_create(self, fields: Mapping[str, Any]) -> Ledger:  # type: ignore[override]
        """A ledger without accounts."""
        made = services.create_ledger(organization_id=self.organization_id, actor=self.actor, at=self.at, **fields)
        return selectors.get_ledger(self.organization_id, made.pk)

    def perform_update(self, row: Ledger, fields: Mapping[str, Any]) -> Ledger:  # type: ignore[override]
        """The changed ledger."""
        services.update_ledger(ledger=row, changes=fields, actor=self.actor, at=self.at)
        return selectors.get_ledger(self.organization_id, row.pk)


class AccountFilters(django_filters.FilterSet):
    """What a list of accounts is narrowed by."""

    name = TextFilter(field_name="name")
    ledgerAccountKey = TextFilter(field_name="key")


class AccountViewSet(ResourceViewSet):
    """The point types of a ledger."""

    tag = "Ledger Accounts and Wallets"
    operations = {
        "list": "listLedgerAccounts",
        "retrieve": "getLedgerAccount",
        "create": "createLedgerAccount",
        "update": "updateLedgerAccount",
        "set_supply": "updateLedgerAccountSupply",
    }
    reads, writes = "ledgers:read", "ledgers:write"
    wrapper = "ledgerAccount"
    queryset = LedgerAccount.objects.none()
    lookup_url_kwarg = "ledgerAccountId"
    lookup_field = "pk"
    serializer_class = shapes.AccountAnswer
    inputs = {"create": shapes.AccountInput, "update": shapes.AccountUpdate, "set_supply": shapes.SupplyInput}
    answers = {"set_supply": shapes.TransactionsAnswer}
    filterset_class = AccountFilters
    order_columns = {"ledgerAccountId": "pk", "name": "name", "ledgerAccountKey": "key", "createdAt": "created_at"}

    def get_queryset(self) -> QuerySet[LedgerAccount]:
        """The ledger's accounts; no such ledger is a 404."""
        selectors.get_ledger(self.organization_id, self.kwargs["ledgerId"])
        return selectors.list_accounts(self.organization_id, self.kwargs["ledgerId"])

    def window(self, queryset: QuerySet[LedgerAccount], start: int, stop: int) -> Any:
        """A page of accounts with their totals."""
        return selectors.with_totals(list(queryset[start:stop]))

    def answer(self, value: LedgerAccount, *, status: int = 200) -> Response:
        """The account with its totals."""
        return super().answer(selectors.with_totals([value])[0], status=status)

    def perform_create(self, fields: Mapping[str, Any]) -> LedgerAccount:  # type: ignore[override]
        """An account with its own wallets."""
        ledger = selectors.get_ledger(self.organization_id, self.kwargs["ledgerId"])
        return services.create_account(ledger=ledger, actor=self.actor, at=self.at, **fields)

    def perform_update(self, row: LedgerAccount, fields: Mapping[str, Any]) -> LedgerAccount:  # type: ignore[override]
        """The changed account."""
        return services.update_account(account=row, changes=fields, actor=self.actor, at=self.at)

    def set_supply(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Raise, lower or lift the account's supply; an empty body makes it unlimited (semantics 1.3)."""
        fields = self.read_input()
        posting = services.set_supply(account=self.get_object(), actor=self.actor, at=self.at, source="core", **fields)
        return Response({"transactions": written_all(shapes.TransactionAnswer, posting.records)})


class AccountWalletViewSet(CoreViewSet):
    """One wallet in one account."""

    tag = "Ledger Accounts and Wallets"
    operations = {"retrieve": "getLedgerAccountWallet"}
    reads = "ledgers:read"
    wrapper = "wallet"
    serializer_class = shapes.WalletAnswer

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The balance as it is now; a wallet never used here has zeros (semantics 1.1, 1.8)."""
        balance = services.current_balance(
            organization_id=self.organization_id,
            ledger_id=kwargs["ledgerId"],
            account_id=kwargs["ledgerAccountId"],
            wallet_id=kwargs["walletId"],
            actor=self.actor,
            at=self.at,
        )
        return self.answer(balance)


class LedgerWalletViewSet(MovementViewSet):
    """One wallet in a ledger: all its balances, and movements in the ledger's default account."""

    tag = "Ledger Wallets"
    operations = {
        "retrieve": "getWalletBalances",
        "mint": "mintWalletPointsDefaultAccount",
        "burn": "burnWalletPointsDefaultAccount",
    }
    inputs = {"mint": shapes.MintInput, "burn": shapes.BurnInput}
    answers = {
        "retrieve": shapes.WalletsAnswer,
        "mint": shapes.TransactionsAnswer,
        "burn": shapes.TransactionsAnswer,
    }

    def account_id(self) -> int:
        """The ledger's default account."""
        return services.default_account(self.organization_id, self.kwargs["ledgerId"]).pk

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The wallet in every account of the ledger, zeros included (semantics 1.8)."""
        selectors.get_ledger(self.organization_id, kwargs["ledgerId"])
        balances = services.current_balances(
            organization_id=self.organization_id,
            ledger_id=kwargs["ledgerId"],
            wallet_id=kwargs["walletId"],
            actor=self.actor,
            at=self.at,
        )
        return Response({"wallets": written_all(shapes.WalletAnswer, balances)})
