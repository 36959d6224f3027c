"""A member as rules read it: the document that the API answers, with times as times and exact numbers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from loyalty.expressions import prepared
from members.models import Enrollment, Member

_TIMES = ("createdAt", "updatedAt")


def member_document(member: Member) -> dict[str, Any]:
    """The member's document (semantics 15b); its enrollments with their effective tiers should be at hand."""
    return {
        "memberId": member.pk,
        "organizationId": member.organization_id,
        "loyaltyMemberId": member.loyalty_member_id,
        "publicLoyaltyMemberId": member.public_loyalty_member_id,
        "memberType": member.member_type or None,
        "active": member.active,
        "walletId": member.wallet_id,
        "profile": prepared(member.profile),
        "onChain": prepared({"wallets": [], **member.on_chain}),
        "customAttributes": prepared(member.custom_attributes),
        "referralCode": member.referral_code or None,
        "tiers": [_place(enrollment) for enrollment in member.enrollments.all()],
        "createdAt": member.created_at,
        "updatedAt": member.updated_at,
    }


def _place(enrollment: Enrollment) -> dict[str, Any]:
    tier = enrollment.effective_tier
    return {
        "loyaltyProgramId": enrollment.program_id,
        "loyaltyTierId": enrollment.effective_tier_id,
        "loyaltyTierKey": tier.key if tier is not None else None,
        "loyaltyManualTierId": enrollment.manual_tier_id,
        "loyaltySystemTierId": enrollment.system_tier_id,
        "expiresAt": enrollment.manual_expires_at,
    }


def document_given(document: Mapping[str, Any]) -> dict[str, Any]:
    """A member document that somebody wrote, as rules read it: its times are read, nothing is added."""
    read: dict[str, Any] = prepared(document)
    for name in _TIMES:
        _read_time(read, name)
    tiers = read.get("tiers")
    for place in tiers if isinstance(tiers, list) else ():
        if isinstance(place, dict):
            _read_time(place, "expiresAt")
    return read


def _read_time(held: dict[str, Any], name: str) -> None:
    """Put a time in the place of its text; what is no time stays, and fails whatever rule compares it."""
    if isinstance(held.get(name), str):
        with suppress(ValueError):
            moment = datetime.fromisoformat(held[name])
            held[name] = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
