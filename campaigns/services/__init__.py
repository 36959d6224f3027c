"""What may be written about campaigns, one verb each."""

from campaigns.services.actions import create_action, update_action
from campaigns.services.campaigns import create_campaign, update_campaign
from campaigns.services.correcting import Kept, correct_order, draft_as, kept_of_order
from campaigns.services.delivering import deliver
from campaigns.services.event_types import create_event_type, put_event_type
from campaigns.services.hearing import heard, question
from campaigns.services.import_preview import OrdersPreview, preview_order_import
from campaigns.services.importing import OrdersSurvey, start_order_import, survey_orders
from campaigns.services.incrementing import Incremented, increment_mission
from campaigns.services.matchers import create_matcher, update_matcher
from campaigns.services.missions import create_mission, update_mission
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
from campaigns.services.pointing import SOURCE
from campaigns.services.referral_codes import register_referral_codes
from campaigns.services.referral_programs import create_referral_program, update_referral_program
from campaigns.services.referring import use_referral_code
from campaigns.services.retrying import evaluate_told, evaluate_waiting
from campaigns.services.running import RETURNED, Row
from campaigns.services.surveys import add_answers, create_survey, update_survey
from campaigns.services.tracking import evaluate_event, track_event
from campaigns.services.triggers import NewSecret, create_trigger, rotate_secret, update_trigger
from campaigns.services.trying import Told, Trial, try_event, try_order

__all__ = [
    "CREATED",
    "RETURNED",
    "SOURCE",
    "Incremented",
    "Kept",
    "NewSecret",
    "OrdersPreview",
    "OrdersSurvey",
    "Placed",
    "Row",
    "Told",
    "Trial",
    "add_answers",
    "correct_order",
    "create_action",
    "create_campaign",
    "create_event_type",
    "create_matcher",
    "create_mission",
    "create_referral_program",
    "create_survey",
    "create_trigger",
    "deliver",
    "draft_as",
    "enqueue",
    "evaluate_event",
    "evaluate_told",
    "evaluate_waiting",
    "heard",
    "import_orders",
    "increment_mission",
    "kept_of_order",
    "place_orders",
    "preview_order",
    "preview_order_import",
    "put_event_type",
    "put_order",
    "question",
    "register_referral_codes",
    "replay_all",
    "replay_delivery",
    "results_of",
    "rotate_secret",
    "rows_of",
    "send_test",
    "start_order_import",
    "survey_orders",
    "track_event",
    "try_event",
    "try_order",
    "update_action",
    "update_campaign",
    "update_matcher",
    "update_mission",
    "update_referral_program",
    "update_survey",
    "update_trigger",
    "use_referral_code",
]
