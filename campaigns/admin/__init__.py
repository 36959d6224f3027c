"""The campaigns' pages on the console."""

from campaigns.admin import (
    actions,
    campaigns,
    deliveries,
    event_types,
    events,
    matchers,
    missions,
    orders,
    referrals,
    surveys,
    webhooks,
)
from campaigns.admin.causes import CampaignCauses
from campaigns.admin.missions import MissionsOnMembers
from campaigns.admin.on_members import OnMembers
from campaigns.admin.referrals_on_members import ReferralsOnMembers
from ledger.admin import register_causes
from members.admin import register_guest

register_causes(CampaignCauses())
register_guest(OnMembers())
register_guest(MissionsOnMembers())
register_guest(ReferralsOnMembers())

__all__ = [
    "actions",
    "campaigns",
    "deliveries",
    "event_types",
    "events",
    "matchers",
    "missions",
    "orders",
    "referrals",
    "surveys",
    "webhooks",
]
