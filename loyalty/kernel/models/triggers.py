"""What the database refuses whoever asks: changing or deleting what later rows speak of."""

from __future__ import annotations

from loyalty.kernel.guards import Guards

# Orders, campaigns and rules name these by their codes.
CATALOG = ("loyalty_orderlocation", "loyalty_productcategory", "loyalty_location", "loyalty_category")
GUARDS = Guards(
    "loyalty_is_append_only",
    "the house",
    ("loyalty_contentschemaversion",),
    dict.fromkeys(CATALOG, ("organization_id", "code", "created_at")),
)
