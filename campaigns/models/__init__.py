"""Campaigns and what they gave, matchers, the organization's own types of events, and webhooks."""

from campaigns.models.awards import Award, MonthlyPoints
from campaigns.models.campaigns import Campaign, CampaignAction, Playbook
from campaigns.models.event_types import LoyaltyEventType
from campaigns.models.matchers import ActionMatcher
from campaigns.models.webhooks import TRIES, Delivery, DeliveryTry, EventTrigger

__all__ = [
    "TRIES",
    "ActionMatcher",
    "Award",
    "Campaign",
    "CampaignAction",
    "Delivery",
    "DeliveryTry",
    "EventTrigger",
    "LoyaltyEventType",
    "MonthlyPoints",
    "Playbook",
]
