"""The ledger's rows: the books (ledgers, accounts, wallets), what moved (transactions), what is left (lots)."""

from ledger.models.accounts import AccountSupply, Ledger, LedgerAccount
from ledger.models.chain import ChainNotice
from ledger.models.days import AccountDay
from ledger.models.lots import Hold, HoldSlice, Lot, LotUse
from ledger.models.transactions import Kind, Transaction
from ledger.models.wallets import Balance, Wallet

__all__ = [
    "AccountDay",
    "AccountSupply",
    "Balance",
    "ChainNotice",
    "Hold",
    "HoldSlice",
    "Kind",
    "Ledger",
    "LedgerAccount",
    "Lot",
    "LotUse",
    "Transaction",
    "Wallet",
]
