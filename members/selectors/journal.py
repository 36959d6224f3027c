"""Reads of the journal: a member's events, and how their tiers went."""

from __future__ import annotations

from django.db.models import QuerySet

from loyalty.kernel.errors import NotFound
from members.models import LoyaltyEvent, LoyaltyProgram, Member, TierChange


def list_events(member: Member) -> QuerySet[LoyaltyEvent]:
    """What happened to the member, with what the ledger posted."""
    return LoyaltyEvent.objects.filter(member=member).select_related("transaction")


def list_tier_changes(member: Member, program: LoyaltyProgram) -> QuerySet[TierChange]:
    """How the member's tier in the program went.

    :raises NotFound: where the member never was in it.
    """
    changes = TierChange.objects.filter(member=member, program=program)
    if not (changes.exists() or member.enrollments.filter(program=program).exists()):
        raise NotFound("The member is not in this program.")
    return changes
