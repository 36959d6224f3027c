"""Reads of members, programs and tiers."""

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

__all__ = [
    "best_found",
    "default_program",
    "find_member",
    "find_members",
    "get_member",
    "get_member_by_loyalty_id",
    "get_named_member",
    "get_open_portal",
    "get_program",
    "in_tier",
    "list_events",
    "list_members",
    "list_portals",
    "list_programs",
    "list_tier_changes",
    "list_tiers",
    "match_members",
    "progress_of",
    "resolve_account",
    "search_members",
]
