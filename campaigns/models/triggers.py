"""What the database refuses whoever asks: changing or deleting what receivers were told."""

from __future__ import annotations

from loyalty.kernel.guards import Guards

GUARDS = Guards(
    "campaigns_is_append_only",
    "the outbox",
    (),
    {
        "campaigns_delivery": ("organization_id", "trigger_id", "event_id", "subject", "created_at"),
        "campaigns_deliverytry": ("delivery_id", "number", "started_at"),
    },
    # Deliveries name their trigger.
    ("campaigns_eventtrigger",),
)
