"""Where the operations of campaigns and rules are mounted, under /api/v1/organizations/{organizationId}/."""

from django.urls import path

from campaigns.api import campaigns, effects, event_types, events, expressions, matchers, orders, triggers
from loyalty.kernel.api import paths  # noqa: F401 - registers the converters

_types = "loyalty-event-types"
_campaign = "campaigns/<rowid:campaignId>"
_orders = "members/<rowid:memberId>/purchase-orders"
_action = f"{_campaign}/actions/<rowid:actionId>"
_triggers = triggers.EventTriggerViewSet

urlpatterns = [
    path("event-triggers", _triggers.as_view({"get": "list", "post": "create"})),
    path("event-triggers/<rowid:triggerId>", _triggers.as_view({"get": "retrieve", "put": "update"})),
    path("rules/expressions/parse", expressions.ExpressionViewSet.as_view({"post": "parse"})),
    path("rules/expressions/serialize", expressions.ExpressionViewSet.as_view({"post": "write"})),
    path("rules/effects", effects.EffectViewSet.as_view({"get": "list"})),
    path("rules/effects/<opaque:effectId>", effects.EffectViewSet.as_view({"get": "retrieve"})),
    path("matchers", matchers.MatcherViewSet.as_view({"get": "list", "post": "create"})),
    path("matchers/<rowid:matcherId>", matchers.MatcherViewSet.as_view({"get": "retrieve", "put": "update"})),
    path("matchers/by-key/<opaque:matcherKey>", matchers.MatcherByKeyViewSet.as_view({"get": "retrieve"})),
    path(_types, event_types.EventTypeViewSet.as_view({"get": "list", "post": "create", "put": "put"})),
    path(f"{_types}/<opaque:apiCode>", event_types.EventTypeViewSet.as_view({"get": "retrieve"})),
    path("loyalty-events", events.EventViewSet.as_view({"post": "create"})),
    path("campaigns", campaigns.CampaignViewSet.as_view({"get": "list", "post": "create"})),
    path(_campaign, campaigns.CampaignViewSet.as_view({"get": "retrieve", "put": "update"})),
    path(f"{_campaign}/actions", campaigns.ActionViewSet.as_view({"get": "list", "post": "create"})),
    path(_action, campaigns.ActionViewSet.as_view({"get": "retrieve", "put": "update"})),
    path("purchase-orders/import", orders.OrderImportViewSet.as_view({"post": "take"})),
    path(_orders, orders.OrderViewSet.as_view({"get": "list", "put": "put"})),
    path(f"{_orders}/<rowid:orderId>", orders.OrderViewSet.as_view({"get": "retrieve"})),
]
