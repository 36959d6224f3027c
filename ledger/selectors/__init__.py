"""Reads of the ledger."""

from ledger.selectors.accounts import (
    account_totals,
    find_default_account,
    get_account,
    get_ledger,
    list_accounts,
    list_ledgers,
    with_totals,
)
from ledger.selectors.history import LotThen, WalletThen, balance_at
from ledger.selectors.records import TransactionRecord, describe
from ledger.selectors.transactions import (
    TransactionFilter,
    count_transactions,
    find_transactions,
    list_transactions,
    window_transactions,
)
from ledger.selectors.wallets import WalletBalance, get_wallet, read_balance, read_balances

__all__ = [
    "LotThen",
    "TransactionFilter",
    "TransactionRecord",
    "WalletBalance",
    "WalletThen",
    "account_totals",
    "balance_at",
    "count_transactions",
    "describe",
    "find_default_account",
    "find_transactions",
    "get_account",
    "get_ledger",
    "get_wallet",
    "list_accounts",
    "list_ledgers",
    "list_transactions",
    "read_balance",
    "read_balances",
    "window_transactions",
    "with_totals",
]
