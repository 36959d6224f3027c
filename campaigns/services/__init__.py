"""What may be written about campaigns, one verb each."""

from campaigns.services.actions import create_action, update_action
from campaigns.services.campaigns import create_campaign, update_campaign
from campaigns.services.event_types import create_event_type, put_event_type
from campaigns.services.matchers import create_matcher, update_matcher
from campaigns.services.retrying import evaluate_waiting
from campaigns.services.tracking import evaluate_event, track_event

__all__ = [
    "create_action",
    "create_campaign",
    "create_event_type",
    "create_matcher",
    "evaluate_event",
    "evaluate_waiting",
    "put_event_type",
    "track_event",
    "update_action",
    "update_campaign",
    "update_matcher",
]
