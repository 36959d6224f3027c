"""What may be written about campaigns, one verb each."""

from campaigns.services.event_types import create_event_type, put_event_type
from campaigns.services.matchers import create_matcher, update_matcher

__all__ = ["create_event_type", "create_matcher", "put_event_type", "update_matcher"]
