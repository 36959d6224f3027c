"""Tells every process that the campaigns of an organization changed."""

from __future__ import annotations

import uuid

from django.db.models import Q

from campaigns.models import Campaign, Playbook
from members.models import EventType


def touch_playbook(organization_id: int) -> None:
    """Have the organization's campaigns read anew, once the caller's transaction is committed."""
    kind = str(EventType.TRANSACTION_CREATED)
    active = Campaign.objects.filter(organization_id=organization_id, active=True)
    named = active.filter(~Q(enabled_topics=[])).values_list("enabled_topics", flat=True)
    hears = active.filter(event_type=kind).exists() or any(kind in topics for topics in named)
    Playbook.objects.bulk_create(
        [Playbook(organization_id=organization_id, stamp=uuid.uuid4(), hears_postings=hears)],
        update_conflicts=True,
        unique_fields=["organization"],
        update_fields=["stamp", "hears_postings"],
    )
