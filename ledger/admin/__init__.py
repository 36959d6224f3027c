"""The ledger's pages on the console."""

from ledger.admin import accounts, transactions, wallets
from ledger.admin.base import Figure, PointsAdmin, balance_figures, balance_lines
from ledger.admin.causes import Causes, register_causes
from ledger.admin.display import PointsField, points, points_by_account
from ledger.admin.holders import Holder, Holders, register_holders

__all__ = [
    "Causes",
    "Figure",
    "Holder",
    "Holders",
    "PointsAdmin",
    "PointsField",
    "accounts",
    "balance_figures",
    "balance_lines",
    "points",
    "points_by_account",
    "register_causes",
    "register_holders",
    "transactions",
    "wallets",
]
