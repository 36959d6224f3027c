"""Reads of members, programs and tiers."""

from members.selectors.audiences import (
    Glance,
    belongs,
    due_audiences,
    get_audience,
    get_audiences,
    list_audiences,
    list_every_audience,
    matching_audiences,
    members_by_rule,
    members_of,
)
from members.selectors.documents import document_given, member_document
from members.selectors.journal import list_events, list_tier_changes, progress_of
from members.selectors.members import (
    find_member,
    get_member,
    get_member_by_loyalty_id,
    list_members,
    match_members,
)
from members.selectors.portals import get_open_portal, list_portals
from members.selectors.programs import (
    default_program,
    get_program,
    list_programs,
    list_tiers,
    resolve_account,
)
from members.selectors.search import best_found, find_members, get_named_member, in_tier, search_members
from members.selectors.stores import (
    find_operator_who_may_sell,
    get_default_store,
    get_open_store,
    list_sellers,
    list_stores,
)

__all__ = [
    "Glance",
    "belongs",
    "best_found",
    "default_program",
    "document_given",
    "due_audiences",
    "find_member",
    "find_members",
    "find_operator_who_may_sell",
    "get_audience",
    "get_audiences",
    "get_default_store",
    "get_member",
    "get_member_by_loyalty_id",
    "get_named_member",
    "get_open_portal",
    "get_open_store",
    "get_program",
    "in_tier",
    "list_audiences",
    "list_events",
    "list_every_audience",
    "list_members",
    "list_portals",
    "list_programs",
    "list_sellers",
    "list_stores",
    "list_tier_changes",
    "list_tiers",
    "match_members",
    "matching_audiences",
    "member_document",
    "members_by_rule",
    "members_of",
    "progress_of",
    "resolve_account",
    "search_members",
]
