"""Tells every process that the campaigns, missions or referral programs of an organization changed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from itertools import chain

from campaigns.models import Campaign, Mission, Playbook, ReferralProgram
from campaigns.selectors.playbook import TOLD, UNASKED
from members.models import EventType


def touch_playbook(organization_id: int) -> None:
    """Have the organization's campaigns, missions and referral programs read anew, once the caller's transaction is
    committed.
    """
    named, awaited = _waited_for(organization_id)
    Playbook.objects.bulk_create(
        [
            Playbook(
                organization_id=organization_id,
                stamp=uuid.uuid4(),
                named=_between_bars(named),
                awaited=_between_bars(awaited),
            )
        ],
        update_conflicts=True,
        unique_fields=["organization"],
        update_fields=["stamp", "named", "awaited"],
    )


def _waited_for(organization_id: int) -> tuple[frozenset[str], frozenset[str]]:
    """The types that the system tells and something active names, and all that it waits for."""
    active = Campaign.objects.filter(organization_id=organization_id, active=True)
    asked = [{kind, *topics} - {""} for kind, topics in active.values_list("event_type", "enabled_topics")]
    missions = Mission.objects.filter(organization_id=organization_id, active=True)
    # Who joins is rewarded in the same step, without anybody having to wait.
    referrals = ReferralProgram.objects.filter(organization_id=organization_id, active=True)
    referrals = referrals.exclude(event_type=EventType.MEMBER_CREATED)
    counted = missions.values_list("event_type", flat=True).union(referrals.values_list("event_type", flat=True))
    named = TOLD.intersection(chain(chain.from_iterable(asked), counted))
    return named, named if all(asked) else named | (TOLD - UNASKED)


def _between_bars(types: Iterable[str]) -> str:
    return "".join(f"|{kind}|" for kind in sorted(types))
