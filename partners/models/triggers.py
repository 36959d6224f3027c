"""What the database refuses whoever asks: rewriting exchanges, their entries, and what was settled."""

from __future__ import annotations

from loyalty.kernel.guards import Guards

_ERASED = "EXISTS (SELECT 1 FROM members_member m WHERE m.id = OLD.member_id AND m.erased_at IS NOT NULL)"
_MERGED = "EXISTS (SELECT 1 FROM members_member m WHERE m.id = OLD.member_id AND m.merged_into_id = NEW.member_id)"
# What is worked out while a period is closed is written once.
_AT_CLOSING = "OLD.digest = ''"
_WORKED_OUT = ("due_to_partner", "due_from_partner", "net", "lines", "digest", "money_transaction_id")
_ONCE = {column: f"OLD.{column} IS NULL" for column in ("statement_id", "payer_statement_id")}

GUARDS = Guards(
    "partners_is_append_only",
    "the exchange",
    append_only=("partners_statementtotal", "partners_connectionevent"),
    born_with={
        "partners_partner": ("organization_id", "currency", "wallet_id", "money_account_id", "created_at"),
        "partners_partnerprogram": ("organization_id", "partner_id", "account_id", "created_at"),
        "partners_exchangeclient": ("organization_id", "partner_id", "client_id", "created_at"),
        "partners_exchange": (
            "organization_id",
            "client_id",
            "program_id",
            "is_sandbox",
            "reference_number",
            "content_hash",
            "original_program_id",
            "value",
            "currency",
            "rate",
            "points",
            "created_at",
        ),
        "partners_exchangeentry": (
            "exchange_id",
            "kind",
            "program_id",
            "partner_id",
            "payer_id",
            "points",
            "rate",
            "value",
            "transaction_id",
            "money_transaction_id",
            "credit_transaction_id",
            "created_at",
        ),
        "partners_statement": (
            "organization_id",
            "partner_id",
            "number",
            "starts_at",
            "ends_at",
            "currency",
            "terms",
            "created_at",
        ),
    },
    only_where={
        "partners_exchange": {
            "state": "OLD.state <> 'reversed' AND (OLD.state <> 'issued' OR NEW.state = 'reversed')",
            "member_id": _MERGED,
            "destination_user_id": f"NEW.destination_user_id = '' AND {_ERASED}",
            "destination_user_email": f"NEW.destination_user_email = '' AND {_ERASED}",
            "description": f"NEW.description = '' AND {_ERASED}",
        },
        "partners_exchangeentry": _ONCE,
        "partners_statement": dict.fromkeys(_WORKED_OUT, _AT_CLOSING),
    },
)
