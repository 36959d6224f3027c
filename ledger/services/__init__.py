"""What may be written in the ledger, one verb each; every movement of value goes through the engine."""

from ledger.engine.requests import CLIENT, IMPORT, SYSTEM, Move, Reclaim, Revert, burn, mint, transfer
from ledger.engine.run import Outcome
from ledger.services.accounts import create_account, default_account, update_account
from ledger.services.balances import available_balances, current_balance, current_balances
from ledger.services.chain import ChainAdapter, LocalAdapter, deliver_notices
from ledger.services.checking import Finding, check_books
from ledger.services.corrections import (
    activate_credit,
    cancel_credit,
    capture_held_points,
    expire_credit,
    forget_side,
    give_points,
    release_held_points,
    revert_transaction,
    take_points,
    transfer_points,
)
from ledger.services.holds import capture_holds, release_hold, void_stale_holds
from ledger.services.ledgers import create_ledger, update_ledger
from ledger.services.lots import activate_lot, cancel_lot, expire_lot
from ledger.services.posting import Posting, post_batch, post_groups, post_transactions
from ledger.services.proofs import Proof, prove
from ledger.services.rehearsing import rehearse
from ledger.services.reverting import preview_revert, revert_transactions
from ledger.services.settling import Settled, settle_balance, settle_due
from ledger.services.supply import set_supply
from ledger.services.wallets import create_wallet, open_balance, set_wallet_active, set_wallet_holder

__all__ = [
    "CLIENT",
    "IMPORT",
    "SYSTEM",
    "ChainAdapter",
    "Finding",
    "LocalAdapter",
    "Move",
    "Outcome",
    "Posting",
    "Proof",
    "Reclaim",
    "Revert",
    "Settled",
    "activate_credit",
    "activate_lot",
    "available_balances",
    "burn",
    "cancel_credit",
    "cancel_lot",
    "capture_held_points",
    "capture_holds",
    "check_books",
    "create_account",
    "create_ledger",
    "create_wallet",
    "current_balance",
    "current_balances",
    "default_account",
    "deliver_notices",
    "expire_credit",
    "expire_lot",
    "forget_side",
    "give_points",
    "mint",
    "open_balance",
    "post_batch",
    "post_groups",
    "post_transactions",
    "preview_revert",
    "prove",
    "rehearse",
    "release_held_points",
    "release_hold",
    "revert_transaction",
    "revert_transactions",
    "set_supply",
    "set_wallet_active",
    "set_wallet_holder",
    "settle_balance",
    "settle_due",
    "take_points",
    "transfer",
    "transfer_points",
    "update_account",
    "update_ledger",
    "void_stale_holds",
]
