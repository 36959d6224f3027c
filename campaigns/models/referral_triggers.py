"""What the database refuses whoever asks: rewriting who came with whose code, and what was given for it."""

from __future__ import annotations

from loyalty.kernel.guards import Guards

GUARDS = Guards(
    "referrals_are_append_only",
    "the journal of referrals",
    born_with={
        "campaigns_referralcode": ("program_id", "created_at"),
        "campaigns_referral": ("program_id", "code_id", "created_at"),
        "campaigns_referralreward": (
            "organization_id",
            "referral_id",
            "event_id",
            "number",
            "side",
            "member_id",
            "order_id",
            "transaction_id",
            "amount",
            "recipe",
            "created_at",
        ),
    },
)
