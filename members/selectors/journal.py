"""Reads of the journal: a member's events, and how their tiers went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from ledger.models import Balance, Transaction
from loyalty.kernel.errors import NotFound
from members.models import Enrollment, LoyaltyEvent, LoyaltyProgram, LoyaltyTier, Member, TierChange


def list_events(member: Member) -> QuerySet[LoyaltyEvent]:
    """What happened to the member, with what the ledger posted."""
    return LoyaltyEvent.objects.filter(member=member).select_related("transaction")


def event_document(event: LoyaltyEvent) -> dict[str, Any]:
    """The event as callers read it and receivers of webhooks are told it (semantics 15b); its number is a text. What
    the ledger posted says the words of its own, so `transaction` should be at hand.
    """
    posted = event.transaction
    words = event if posted is None else posted
    return {
        "loyaltyEventId": str(event.pk),
        "organizationId": event.organization_id,
        "eventType": event.event_type,
        "status": event.status,
        "memberId": event.member_id,
        "systemUniqueKey": event.unique_key or words.unique_key,
        "externalId": words.external_id or None,
        "description": words.description or None,
        "payload": event.payload if posted is None else _posted(posted),
        "tags": list(words.tags),
        "externalEventDate": words.external_event_at,
        "executionResults": event.execution_results,
        "createdAt": event.created_at,
    }


def _posted(posted: Transaction) -> dict[str, Any]:
    return {
        "ledgerTransactionId": str(posted.pk),
        "ledgerAccountId": posted.account_id,
        "kind": posted.kind,
        "amount": posted.amount,
        "fromWalletId": posted.from_wallet_id,
        "toWalletId": posted.to_wallet_id,
    }


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


def progress_of(places: Sequence[Enrollment]) -> dict[int, Step]:
    """The next tier above what the member's points reach, by place; none at the top, or where no points decide. The
    places are one member's.
    """
    accounts = {place.program.tier_account_id for place in places} - {None}
    wallets = {place.member.wallet_id for place in places}
    balances = Balance.objects.filter(wallet__in=wallets, account__in=accounts)
    held = {balance.account_id: balance.active for balance in balances}
    steps: dict[int, Step] = {}
    programs = {place.program_id: place for place in places if place.program.tier_account_id is not None}
    tiers = LoyaltyTier.objects.filter(program__in=programs, active=True)
    for tier in tiers.order_by("min_required_points", "tier_order"):
        place = programs[tier.program_id]
        missing = tier.min_required_points - held.get(place.program.tier_account_id or 0, 0)
        if missing > 0:
            steps.setdefault(place.pk, Step(tier, missing))
    return steps
