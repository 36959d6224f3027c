"""What the database refuses whoever asks: changing or deleting what the journal tells."""

from __future__ import annotations

from loyalty.kernel.guards import Guards

GUARDS = Guards(
    "members_is_append_only",
    "the journal",
    ("members_tierchange",),
    {"members_loyaltyevent": ("organization_id", "event_type", "member_id", "transaction_id", "created_at")},
    # Erased and merged members keep their row: the journal names it.
    ("members_member",),
)
