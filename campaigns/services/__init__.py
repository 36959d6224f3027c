"""What may be written about campaigns, one verb each."""

from campaigns.services.actions import create_action, update_action
from campaigns.services.campaigns import create_campaign, update_campaign
from campaigns.services.delivering import deliver
from campaigns.services.event_types import create_event_type, put_event_type
from campaigns.services.hearing import hear, question
from campaigns.services.importing import start_order_import
from campaigns.services.matchers import create_matcher, update_matcher
from campaigns.services.ordering import (
    CREATED,
    Placed,
    import_orders,
    place_orders,
    preview_order,
    put_order,
    results_of,
    rows_of,
)
from campaigns.services.outbox import enqueue, replay_all, replay_delivery, send_test
from campaigns.services.retrying import evaluate_told, evaluate_waiting
from campaigns.services.running import Row
from campaigns.services.tracking import evaluate_event, track_event
from campaigns.services.triggers import NewSecret, create_trigger, rotate_secret, update_trigger

__all__ = [
    "CREATED",
    "NewSecret",
    "Placed",
    "Row",
    "create_action",
    "create_campaign",
    "create_event_type",
    "create_matcher",
    "create_trigger",
    "deliver",
    "enqueue",
    "evaluate_event",
    "evaluate_told",
    "evaluate_waiting",
    "hear",
    "import_orders",
    "place_orders",
    "preview_order",
    "put_event_type",
    "put_order",
    "question",
    "replay_all",
    "replay_delivery",
    "results_of",
    "rotate_secret",
    "rows_of",
    "send_test",
    "start_order_import",
    "track_event",
    "update_action",
    "update_campaign",
    "update_matcher",
    "update_trigger",
]
