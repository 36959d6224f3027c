"""What the database refuses whoever asks: rewriting the journal of coupons."""

from __future__ import annotations

from loyalty.kernel.guards import Guards

GUARDS = Guards(
    "coupons_is_append_only",
    "the journal of coupons",
    born_with={
        "coupons_couponusage": (
            "organization_id",
            "book_id",
            "coupon_id",
            "member_id",
            "kind",
            "assignment_id",
            "made_assignment",
            "amount",
            "expires_at",
            "transaction_id",
            "custom_attributes",
            "unique_key",
            "content_hash",
            "created_at",
        ),
        "coupons_couponbook": ("organization_id", "key", "type", "created_at"),
        "coupons_coupon": ("book_id", "created_at"),
    },
)
