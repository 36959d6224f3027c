"""Reads of the ledger."""

from ledger.selectors.accounts import (
    account_totals,
    find_default_account,
    get_account,
    get_ledger,
    list_accounts,
    list_ledgers,
    list_member_accounts,
    with_totals,
)
from ledger.selectors.browsing import (
    Browsed,
    Wanted,
    accounts_moved,
    accounts_of_wallet,
    browse_transactions,
    in_this_order,
    named_transactions,
)
from ledger.selectors.figures import OpenLots, becoming_valid, daily_totals, expiring, monthly_totals, open_lots
from ledger.selectors.history import LotThen, WalletThen, balance_at
from ledger.selectors.records import TransactionRecord, describe
from ledger.selectors.statements import StatementRow, count_statement, list_statement
from ledger.selectors.stats import moved_in
from ledger.selectors.transactions import (
    TransactionFilter,
    count_transactions,
    find_transactions,
    list_transactions,
    list_transactions_of_wallet,
    window_transactions,
)
from ledger.selectors.wallets import WalletBalance, get_wallet, read_balance, read_balances, spent_by

__all__ = [
    "Browsed",
    "LotThen",
    "OpenLots",
    "StatementRow",
    "TransactionFilter",
    "TransactionRecord",
    "WalletBalance",
    "WalletThen",
    "Wanted",
    "account_totals",
    "accounts_moved",
    "accounts_of_wallet",
    "balance_at",
    "becoming_valid",
    "browse_transactions",
    "count_statement",
    "count_transactions",
    "daily_totals",
    "describe",
    "expiring",
    "find_default_account",
    "find_transactions",
    "get_account",
    "get_ledger",
    "get_wallet",
    "in_this_order",
    "list_accounts",
    "list_ledgers",
    "list_member_accounts",
    "list_statement",
    "list_transactions",
    "list_transactions_of_wallet",
    "monthly_totals",
    "moved_in",
    "named_transactions",
    "open_lots",
    "read_balance",
    "read_balances",
    "spent_by",
    "window_transactions",
    "with_totals",
]
