"""Reads of the journal: a member's events, and how their tiers went."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from ledger.models import Balance
from loyalty.kernel.errors import NotFound
from members.models import Enrollment, LoyaltyEvent, LoyaltyProgram, LoyaltyTier, Member, TierChange


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


@dataclass(frozen=True, slots=True)
class Step:
    """The next tier, and how many points (smallest units) are missing."""

    tier: LoyaltyTier
    missing: int


def progress_of(place: Enrollment) -> Step | None:
    """The next tier above what the member's points reach; None at the top, or where no points decide."""
    account_id = place.program.tier_account_id
    if account_id is None:
        return None
    balance = Balance.objects.filter(wallet=place.member.wallet_id, account=account_id).first()
    held = balance.active if balance is not None else 0
    above = LoyaltyTier.objects.filter(program=place.program_id, active=True, min_required_points__gt=held)
    tier = above.order_by("min_required_points", "tier_order").first()
    return Step(tier, tier.min_required_points - held) if tier is not None else None
