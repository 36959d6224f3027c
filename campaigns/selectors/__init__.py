"""Reads of campaigns, matchers, types of events and webhooks."""

from campaigns.selectors.campaigns import get_campaign, list_actions, list_campaigns
from campaigns.selectors.event_types import KnownType, find_event_type, list_event_types, type_answered
from campaigns.selectors.matchers import get_matcher_by_key, list_matchers
from campaigns.selectors.playbook import playbook_of
from campaigns.selectors.webhooks import (
    count_given_up,
    due_triggers,
    get_delivery,
    list_triggers,
    triggers_listening,
)

__all__ = [
    "KnownType",
    "count_given_up",
    "due_triggers",
    "find_event_type",
    "get_campaign",
    "get_delivery",
    "get_matcher_by_key",
    "list_actions",
    "list_campaigns",
    "list_event_types",
    "list_matchers",
    "list_triggers",
    "playbook_of",
    "triggers_listening",
    "type_answered",
]
