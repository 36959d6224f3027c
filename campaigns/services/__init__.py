"""What may be written of campaigns, one verb each."""

from campaigns.services.delivering import deliver
from campaigns.services.outbox import enqueue, replay_all, replay_delivery, send_test
from campaigns.services.triggers import NewSecret, create_trigger, rotate_secret, update_trigger

__all__ = [
    "NewSecret",
    "create_trigger",
    "deliver",
    "enqueue",
    "replay_all",
    "replay_delivery",
    "rotate_secret",
    "send_test",
    "update_trigger",
]
