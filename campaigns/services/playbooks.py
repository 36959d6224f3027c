"""Tells every process that the campaigns of an organization changed."""

from __future__ import annotations

import uuid

from campaigns.models import Campaign, Playbook
from members.models import EventType
from members.selectors import ORDER_EVENTS


def touch_playbook(organization_id: int) -> None:
    """Have the organization's campaigns read anew, once the caller's transaction is committed."""
    active = Campaign.objects.filter(organization_id=organization_id, active=True)
    outside = set(map(str, ORDER_EVENTS)) | {str(EventType.GENERIC)}
    asked = active.values_list("event_type", "enabled_topics")
    hears = any(not outside.issuperset({kind, *topics} - {""}) or not (kind or topics) for kind, topics in asked)
    Playbook.objects.bulk_create(
        [Playbook(organization_id=organization_id, stamp=uuid.uuid4(), hears_told=hears)],
        update_conflicts=True,
        unique_fields=["organization"],
        update_fields=["stamp", "hears_told"],
    )
