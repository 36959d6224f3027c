"""Reads of campaigns, matchers and types of events."""

from campaigns.selectors.campaigns import get_campaign, list_actions, list_campaigns
from campaigns.selectors.event_types import KnownType, find_event_type, list_event_types, type_answered
from campaigns.selectors.matchers import get_matcher_by_key, list_matchers
from campaigns.selectors.playbook import playbook_of

__all__ = [
    "KnownType",
    "find_event_type",
    "get_campaign",
    "get_matcher_by_key",
    "list_actions",
    "list_campaigns",
    "list_event_types",
    "list_matchers",
    "playbook_of",
    "type_answered",
]
