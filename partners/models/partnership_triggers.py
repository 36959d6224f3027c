"""What the database refuses whoever asks: other sides of a partnership or an offering, and a second decision."""

from __future__ import annotations

from loyalty.kernel.guards import Guards

GUARDS = Guards(
    "partnerships_are_kept",
    "who offered what to whom",
    born_with={
        "partners_partnership": ("organization_id", "partner_organization_id", "created_at"),
        "partners_couponbookoffering": (
            "partnership_id",
            "organization_id",
            "partner_organization_id",
            "offered_book_id",
            "created_at",
        ),
    },
    only_where={
        "partners_couponbookoffering": {
            "status": "OLD.status = 'pending'",
            "accepted_book_id": "OLD.status = 'pending'",
        }
    },
)
