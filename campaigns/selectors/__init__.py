"""Reads of campaigns, missions, referrals, matchers, types of events, surveys and webhooks."""

from campaigns.selectors.campaigns import get_campaign, list_actions, list_campaigns
from campaigns.selectors.event_types import KnownType, find_event_type, list_event_types, type_answered
from campaigns.selectors.matchers import get_matcher_by_key, list_matchers
from campaigns.selectors.mission_stats import (
    MissionFigures,
    figures_of_missions,
    members_by_completions,
    members_on_missions,
    top_members,
)
from campaigns.selectors.missions import get_mission, list_missions, missions_of_member, missions_to_show
from campaigns.selectors.numbers import CampaignNumbers, count_failed_events, newest_awards, numbers_of_campaign
from campaigns.selectors.playbook import playbook_of
from campaigns.selectors.referrals import (
    codes_of_member,
    get_referral_code,
    get_referral_program,
    list_referral_codes,
    list_referral_programs,
    list_referrals,
    list_referrers,
    open_programs,
    referrals_around,
    referrals_made_by,
    referrals_of,
    report_on,
    totals_of,
)
from campaigns.selectors.surveys import NetPromoters, get_survey, list_surveys, net_promoters, scores_of
from campaigns.selectors.webhooks import (
    count_given_up,
    due_triggers,
    get_delivery,
    list_triggers,
    triggers_listening,
)

__all__ = [
    "CampaignNumbers",
    "KnownType",
    "MissionFigures",
    "NetPromoters",
    "codes_of_member",
    "count_failed_events",
    "count_given_up",
    "due_triggers",
    "figures_of_missions",
    "find_event_type",
    "get_campaign",
    "get_delivery",
    "get_matcher_by_key",
    "get_mission",
    "get_referral_code",
    "get_referral_program",
    "get_survey",
    "list_actions",
    "list_campaigns",
    "list_event_types",
    "list_matchers",
    "list_missions",
    "list_referral_codes",
    "list_referral_programs",
    "list_referrals",
    "list_referrers",
    "list_surveys",
    "list_triggers",
    "members_by_completions",
    "members_on_missions",
    "missions_of_member",
    "missions_to_show",
    "net_promoters",
    "newest_awards",
    "numbers_of_campaign",
    "open_programs",
    "playbook_of",
    "referrals_around",
    "referrals_made_by",
    "referrals_of",
    "report_on",
    "scores_of",
    "top_members",
    "totals_of",
    "triggers_listening",
    "type_answered",
]
