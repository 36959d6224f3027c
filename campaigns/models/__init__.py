"""The campaigns' rows: who is told of events, and what they were told."""

from campaigns.models.webhooks import TRIES, Delivery, DeliveryTry, EventTrigger

__all__ = ["TRIES", "Delivery", "DeliveryTry", "EventTrigger"]
