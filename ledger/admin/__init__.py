"""The ledger's pages on the console."""

from ledger.admin import accounts, transactions, wallets
from ledger.admin.base import Figure, PointsAdmin, balance_figures, balance_lines
from ledger.admin.display import PointsField, points
from ledger.admin.holders import Holder, Holders, register_holders

__all__ = [
    "Figure",
    "Holder",
    "Holders",
    "PointsAdmin",
    "PointsField",
    "accounts",
    "balance_figures",
    "balance_lines",
    "points",
    "register_holders",
    "transactions",
    "wallets",
]
