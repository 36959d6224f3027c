"""Where the operations of campaigns and rules are mounted, under /api/v1/organizations/{organizationId}/."""

from django.urls import path

from campaigns.api import expressions, triggers
from loyalty.kernel.api import paths  # noqa: F401 - registers the converters

_triggers = triggers.EventTriggerViewSet

urlpatterns = [
    path("event-triggers", _triggers.as_view({"get": "list", "post": "create"})),
    path("event-triggers/<rowid:triggerId>", _triggers.as_view({"get": "retrieve", "put": "update"})),
    path("rules/expressions/parse", expressions.ExpressionViewSet.as_view({"post": "parse"})),
    path("rules/expressions/serialize", expressions.ExpressionViewSet.as_view({"post": "write"})),
]
