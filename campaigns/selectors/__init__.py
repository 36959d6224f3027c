"""Reads of matchers and of types of events."""

from campaigns.selectors.event_types import KnownType, find_event_type, list_event_types, type_answered
from campaigns.selectors.matchers import get_matcher_by_key, list_matchers

__all__ = [
    "KnownType",
    "find_event_type",
    "get_matcher_by_key",
    "list_event_types",
    "list_matchers",
    "type_answered",
]
