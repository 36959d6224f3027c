"""Reads of campaigns and their actions."""

from __future__ import annotations

from django.db.models import QuerySet

from campaigns.models import Campaign, CampaignAction
from loyalty.kernel.errors import NotFound


def list_campaigns(organization_id: int) -> QuerySet[Campaign]:
    """The organization's campaigns."""
    return Campaign.objects.filter(organization_id=organization_id)


def get_campaign(organization_id: int, campaign_id: int) -> Campaign:
    """One of the organization's campaigns.

    :raises NotFound: where it has no such campaign.
    """
    campaign = list_campaigns(organization_id).filter(pk=campaign_id).first()
    if campaign is None:
        raise NotFound("There is no such campaign.")
    return campaign


def list_actions(campaign: Campaign) -> QuerySet[CampaignAction]:
    """The campaign's actions."""
    return CampaignAction.objects.filter(campaign=campaign)
