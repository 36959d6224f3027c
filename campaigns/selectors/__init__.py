"""Reads of campaigns."""

from campaigns.selectors.webhooks import (
    count_given_up,
    due_triggers,
    get_delivery,
    list_triggers,
    triggers_listening,
)

__all__ = ["count_given_up", "due_triggers", "get_delivery", "list_triggers", "triggers_listening"]
