"""Where the ledger's operations are mounted, under /api/v1/organizations/{organizationId}/."""

from django.urls import path

from ledger.api import movements, stats, views
from loyalty.kernel.api import paths  # noqa: F401 - registers the converters

_ledger = "ledgers/<rowid:ledgerId>"
_account = f"{_ledger}/accounts/<rowid:ledgerAccountId>"
_wallet = f"{_account}/wallets/<rowid:walletId>"

urlpatterns = [
    path("ledgers", views.LedgerViewSet.as_view({"get": "list", "post": "create"})),
    path(_ledger, views.LedgerViewSet.as_view({"get": "retrieve", "put": "update"})),
    path(f"{_ledger}/accounts", views.AccountViewSet.as_view({"get": "list", "post": "create"})),
    path(_account, views.AccountViewSet.as_view({"get": "retrieve", "put": "update"})),
    path(f"{_account}/supply", views.AccountViewSet.as_view({"put": "set_supply"})),
    path(_wallet, views.AccountWalletViewSet.as_view({"get": "retrieve"})),
    path(f"{_wallet}/mint", movements.AccountMovementViewSet.as_view({"post": "mint"})),
    path(f"{_wallet}/burn", movements.AccountMovementViewSet.as_view({"post": "burn"})),
    path(f"{_account}/transactions", movements.TransactionViewSet.as_view({"get": "list", "post": "create"})),
    path(f"{_account}/transactions/capture", movements.TransactionViewSet.as_view({"post": "capture"})),
    path(f"{_account}/transactions/revert", movements.TransactionViewSet.as_view({"post": "revert"})),
    path(f"{_ledger}/transaction-sets", movements.TransactionSetViewSet.as_view({"post": "create"})),
    path("batch/ledger-transactions", movements.BatchViewSet.as_view({"post": "create"})),
    path(f"{_ledger}/wallets/<rowid:walletId>", views.LedgerWalletViewSet.as_view({"get": "retrieve"})),
    path(f"{_ledger}/wallets/<rowid:walletId>/mint", views.LedgerWalletViewSet.as_view({"post": "mint"})),
    path(f"{_ledger}/wallets/<rowid:walletId>/burn", views.LedgerWalletViewSet.as_view({"post": "burn"})),
    path("stats/ledger-accounts/<rowid:ledgerAccountId>", stats.AccountStatsViewSet.as_view({"get": "retrieve"})),
]
