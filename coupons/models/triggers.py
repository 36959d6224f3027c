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
            "kind",
            "assignment_id",
            "made_assignment",
            "amount",
            "expires_at",
            "transaction_id",
            "unique_key",
            "content_hash",
            "created_at",
        ),
        "coupons_couponbook": ("organization_id", "key", "type", "created_at"),
        "coupons_coupon": ("book_id", "created_at"),
    },
    only_where={
        "coupons_couponusage": {
            # A line is its member's, or theirs whom the member turned out to be.
            "member_id": (
                "EXISTS (SELECT 1 FROM members_member m"
                " WHERE m.id = OLD.member_id AND m.merged_into_id = NEW.member_id)"
            ),
            # What was written beside it may be forgotten with the person.
            "custom_attributes": (
                "NEW.custom_attributes = '{}' AND EXISTS"
                " (SELECT 1 FROM members_member m WHERE m.id = OLD.member_id AND m.erased_at IS NOT NULL)"
            ),
        }
    },
)
# Apart from the others, which were made before there was such a column.
LINKS = Guards(
    "coupons_links_are_for_good",
    "what a linked book is linked to",
    only_where={"coupons_couponbook": {"source_book_id": "false"}},
)
