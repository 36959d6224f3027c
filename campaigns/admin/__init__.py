"""The campaigns' pages on the console."""

from campaigns.admin import deliveries, webhooks

__all__ = ["deliveries", "webhooks"]
