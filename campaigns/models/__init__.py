"""Campaigns and what they gave, missions, referrals, matchers, an organization's own event types, surveys, webhooks."""

from campaigns.models.awards import Award, MonthlyPoints
from campaigns.models.campaigns import Campaign, CampaignAction, Playbook
from campaigns.models.event_types import LoyaltyEventType
from campaigns.models.matchers import ActionMatcher
from campaigns.models.missions import WHOLE_TIME, Mission, MissionAchievement, MissionProgress, MissionStep
from campaigns.models.referrals import (
    UNLIMITED,
    Referral,
    ReferralCode,
    ReferralProgram,
    ReferralReward,
    Referrer,
)
from campaigns.models.surveys import NpsResponse, NpsSurvey
from campaigns.models.webhooks import TRIES, Delivery, DeliveryTry, EventTrigger

__all__ = [
    "TRIES",
    "UNLIMITED",
    "WHOLE_TIME",
    "ActionMatcher",
    "Award",
    "Campaign",
    "CampaignAction",
    "Delivery",
    "DeliveryTry",
    "EventTrigger",
    "LoyaltyEventType",
    "Mission",
    "MissionAchievement",
    "MissionProgress",
    "MissionStep",
    "MonthlyPoints",
    "NpsResponse",
    "NpsSurvey",
    "Playbook",
    "Referral",
    "ReferralCode",
    "ReferralProgram",
    "ReferralReward",
    "Referrer",
]
