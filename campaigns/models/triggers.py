"""What the database refuses whoever asks: to change or delete what receivers were told, and the journal of missions."""

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

# A line is its member's, or theirs whom the member turned out to be.
_FOLLOWS = "EXISTS (SELECT 1 FROM members_member m WHERE m.id = OLD.member_id AND m.merged_into_id = NEW.member_id)"
_ERASED = "EXISTS (SELECT 1 FROM members_member m WHERE m.id = OLD.member_id AND m.erased_at IS NOT NULL)"

MISSIONS = Guards(
    "missions_are_append_only",
    "the journal of missions",
    born_with={
        "campaigns_missionstep": (
            "organization_id",
            "mission_id",
            "first_day",
            "kind",
            "amount",
            "event_id",
            "order_id",
            "rule",
            "unique_key",
            "content_hash",
            "balance",
            "actor",
            "happened_at",
            "created_at",
        ),
        "campaigns_missionachievement": (
            "organization_id",
            "mission_id",
            "first_day",
            "number",
            "unique_key",
            "spent",
            "points",
            "transaction_id",
            "happened_at",
            "created_at",
        ),
        "campaigns_mission": ("organization_id", "key", "repetition_period", "created_at"),
    },
    only_where={
        "campaigns_missionstep": {
            "member_id": _FOLLOWS,
            # What was written beside it may be forgotten with the person.
            "description": f"NEW.description = '' AND {_ERASED}",
            "external_id": f"NEW.external_id = '' AND {_ERASED}",
            "tags": f"NEW.tags = '[]' AND {_ERASED}",
        },
        "campaigns_missionachievement": {"member_id": _FOLLOWS},
    },
)
