"""What the database refuses whoever asks: changing or deleting what the ledger wrote."""

from __future__ import annotations

from loyalty.kernel.guards import Guards

# Rows of these tables are written once.
APPEND_ONLY = ("ledger_transaction", "ledger_lotuse", "ledger_holdslice")
# Rows of these change, but never these columns, and they are never deleted.
BORN_WITH = {
    "ledger_lot": ("account_id", "wallet_id", "transaction_id", "origin_id", "amount", "effective_at"),
    "ledger_hold": ("transaction_id", "kind", "amount", "created_at"),
    "ledger_wallet": ("organization_id", "kind", "created_at"),
    "ledger_ledgeraccount": ("organization_id", "ledger_id", "reserve_id", "burned_id", "expired_id", "issuance_id"),
}
GUARDS = Guards("ledger_is_append_only", "the ledger", APPEND_ONLY, BORN_WITH)
create_triggers, drop_triggers, missing_triggers = GUARDS.create, GUARDS.drop, GUARDS.missing
