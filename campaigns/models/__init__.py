"""Campaigns, what they gave, matchers of items and the organization's own types of events."""

from campaigns.models.awards import Award, MonthlyPoints
from campaigns.models.campaigns import Campaign, CampaignAction, Playbook
from campaigns.models.event_types import LoyaltyEventType
from campaigns.models.matchers import ActionMatcher

__all__ = ["ActionMatcher", "Award", "Campaign", "CampaignAction", "LoyaltyEventType", "MonthlyPoints", "Playbook"]
