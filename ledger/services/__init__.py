"""What may be written in the ledger, one verb each; every movement of value goes through the engine."""

from ledger.engine.requests import CLIENT, IMPORT, SYSTEM, Move, burn, mint, transfer
from ledger.engine.run import Outcome
from ledger.services.accounts import create_account, default_account, update_account
from ledger.services.balances import current_balance, current_balances
from ledger.services.checking import Finding, check_books
from ledger.services.holds import capture_holds, release_hold, void_stale_holds
from ledger.services.ledgers import create_ledger, update_ledger
from ledger.services.lots import activate_lot, cancel_lot, expire_lot
from ledger.services.posting import Posting, post_batch, post_groups, post_transactions
from ledger.services.reverting import preview_revert, revert_transactions
from ledger.services.settling import Settled, settle_balance, settle_due
from ledger.services.supply import set_supply
from ledger.services.wallets import create_wallet, set_wallet_active, set_wallet_holder

__all__ = [
    "CLIENT",
    "IMPORT",
    "SYSTEM",
    "Finding",
    "Move",
    "Outcome",
    "Posting",
    "Settled",
    "activate_lot",
    "burn",
    "cancel_lot",
    "capture_holds",
    "check_books",
    "create_account",
    "create_ledger",
    "create_wallet",
    "current_balance",
    "current_balances",
    "default_account",
    "expire_lot",
    "mint",
    "post_batch",
    "post_groups",
    "post_transactions",
    "preview_revert",
    "release_hold",
    "revert_transactions",
    "set_supply",
    "set_wallet_active",
    "set_wallet_holder",
    "settle_balance",
    "settle_due",
    "transfer",
    "update_account",
    "update_ledger",
    "void_stale_holds",
]
