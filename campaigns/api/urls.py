"""Where the operations of campaigns and rules are mounted, under /api/v1/organizations/{organizationId}/."""

from django.urls import path

from campaigns.api import (
    campaigns,
    effects,
    event_types,
    events,
    expressions,
    matchers,
    missions,
    orders,
    referrals,
    stats,
    triggers,
)
from loyalty.kernel.api import paths  # noqa: F401 - registers the converters

_types = "loyalty-event-types"
_campaign = "campaigns/<rowid:campaignId>"
_missions = "members/<rowid:memberId>/missions"
_orders = "members/<rowid:memberId>/purchase-orders"
_action = f"{_campaign}/actions/<rowid:actionId>"
_referral = "referral-programs/<rowid:referralProgramId>"
_referred = f"{_referral}/referral-codes/<rowid:referralCodeId>/referred"
_triggers = triggers.EventTriggerViewSet

urlpatterns = [
    # They are tried one after the other: what cash desks call stands first.
    path("loyalty-events", events.EventViewSet.as_view({"post": "create"})),
    path(_orders, orders.OrderViewSet.as_view({"get": "list", "put": "put"})),
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
    path("campaigns", campaigns.CampaignViewSet.as_view({"get": "list", "post": "create"})),
    path(_campaign, campaigns.CampaignViewSet.as_view({"get": "retrieve", "put": "update"})),
    path(f"{_campaign}/actions", campaigns.ActionViewSet.as_view({"get": "list", "post": "create"})),
    path(_action, campaigns.ActionViewSet.as_view({"get": "retrieve", "put": "update"})),
    path("missions", missions.MissionViewSet.as_view({"get": "list", "post": "create"})),
    path("missions/<rowid:missionId>", missions.MissionViewSet.as_view({"get": "retrieve", "put": "update"})),
    path(_missions, missions.MemberMissionViewSet.as_view({"get": "list"})),
    path(f"{_missions}/<rowid:missionId>/increment", missions.IncrementViewSet.as_view({"post": "increment"})),
    path("referral-programs", referrals.ReferralProgramViewSet.as_view({"get": "list", "post": "create"})),
    path(_referral, referrals.ReferralProgramViewSet.as_view({"get": "retrieve", "put": "update"})),
    path(f"{_referral}/referral-codes", referrals.ReferralCodeViewSet.as_view({"get": "list", "post": "create"})),
    path(_referred, referrals.ReferredViewSet.as_view({"get": "list"})),
    path(f"{_referral}/members-report", referrals.ReferralReportViewSet.as_view({"get": "list"})),
    path("purchase-orders/import", orders.OrderImportViewSet.as_view({"post": "take"})),
    path(f"{_orders}/<rowid:orderId>", orders.OrderViewSet.as_view({"get": "retrieve"})),
    path("stats/missions", stats.MissionStatsViewSet.as_view({"get": "retrieve"})),
    path("stats/missions/totals", stats.MissionTotalsViewSet.as_view({"get": "retrieve"})),
    path("stats/missions/top-members", stats.TopMembersViewSet.as_view({"get": "retrieve"})),
    path("stats/missions/completions", stats.CompletionsViewSet.as_view({"get": "retrieve"})),
    path("stats/events/<opaque:eventType>", stats.EventStatsViewSet.as_view({"get": "retrieve"})),
]
