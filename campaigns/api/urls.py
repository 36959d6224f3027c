"""Where the operations of campaigns and rules are mounted, under /api/v1/organizations/{organizationId}/."""

from django.urls import path

from campaigns.api import expressions

urlpatterns = [
    path("rules/expressions/parse", expressions.ExpressionViewSet.as_view({"post": "parse"})),
    path("rules/expressions/serialize", expressions.ExpressionViewSet.as_view({"post": "write"})),
]
