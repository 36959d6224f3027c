"""Matchers of items and the organization's own types of events."""

from campaigns.models.event_types import LoyaltyEventType
from campaigns.models.matchers import ActionMatcher

__all__ = ["ActionMatcher", "LoyaltyEventType"]
