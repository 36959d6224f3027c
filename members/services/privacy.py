"""What a person may ask for: everything kept of them, and to be forgotten."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction

from ledger.models import Lot, Transaction
from ledger.selectors import list_transactions_of_wallet
from ledger.services import forget_side, set_wallet_active
from loyalty.kernel.actors import Actor
from loyalty.kernel.clock import or_none
from loyalty.kernel.selectors import list_audit_of
from loyalty.kernel.services import forget_history, record
from members.errors import MemberGone
from members.models import (
    Enrollment,
    EventType,
    LoyaltyEvent,
    Member,
    MemberPassword,
    PurchaseOrder,
    RefreshToken,
    TierChange,
)
from members.selectors.claims import claims_of_member
from members.selectors.orders import order_document
from members.services.belongings import forget_belongings, parts_of_belongings
from members.services.claims import forget_claims
from members.services.journal import record_event
from members.services.members import make_findable


def export_member(*, member: Member, actor: Actor, at: datetime, reason: str = "") -> Iterator[dict[str, Any]]:
    """Everything kept of a member, in parts (`part` names each), so that a long history needs no memory. That it was
    asked for stands in the history.
    """
    record(
        actor=actor,
        at=at,
        action="member.exported",
        target=member,
        organization_id=member.organization_id,
        reason=reason,
    )
    return _parts(member)


def _parts(member: Member) -> Iterator[dict[str, Any]]:
    yield {
        "part": "member",
        "memberId": member.pk,
        "loyaltyMemberId": member.loyalty_member_id,
        "publicLoyaltyMemberId": member.public_loyalty_member_id,
        "customerId": str(member.customer_id),
        "memberType": member.member_type,
        "active": member.active,
        "profile": member.profile,
        "customAttributes": member.custom_attributes,
        "onChain": member.on_chain,
        "createdAt": member.created_at,
        "updatedAt": member.updated_at,
    }
    yield from _standing_of(member)
    yield from _points_of(member)
    yield from parts_of_belongings(member)
    yield from _told_of(member)


def _standing_of(member: Member) -> Iterator[dict[str, Any]]:
    for place in Enrollment.objects.filter(member=member).select_related("program", "effective_tier").order_by("pk"):
        tier = place.effective_tier.name if place.effective_tier else None
        yield {"part": "program", "program": place.program.name, "tier": tier, "since": place.created_at}
    for change in TierChange.objects.filter(member=member).select_related("program", "tier").order_by("pk").iterator():
        tier = change.tier.name if change.tier else None
        yield {
            "part": "tierChange",
            "program": change.program.name,
            "tier": tier,
            "reason": change.reason,
            "at": change.created_at,
        }


def _points_of(member: Member) -> Iterator[dict[str, Any]]:
    for row in list_transactions_of_wallet(member.wallet_id).iterator():
        yield {"part": "transaction", **_transaction(row, member.wallet_id)}
    for lot in Lot.objects.filter(wallet_id=member.wallet_id, remaining__gt=0).order_by("pk").iterator():
        yield {
            "part": "credit",
            "accountId": lot.account_id,
            "remaining": lot.remaining,
            "validFrom": or_none(lot.valid_from),
            "expiresAt": or_none(lot.expires_at),
        }
    for claim in claims_of_member(member).order_by("pk").iterator():
        yield {
            "part": "claim",
            "amount": claim.amount,
            "accountId": claim.account_id,
            "email": claim.email,
            "customerType": claim.customer_type,
            "createdAt": claim.created_at,
            "expiresAt": or_none(claim.expires_at),
            "claimedAt": claim.claimed_at,
            "transactionId": claim.transaction_id,
        }


def _told_of(member: Member) -> Iterator[dict[str, Any]]:
    for order in PurchaseOrder.objects.filter(member=member).order_by("pk").iterator():
        yield {"part": "order", **order_document(order), "at": order.created_at}
    for event in LoyaltyEvent.objects.filter(member=member).order_by("created_at", "pk").iterator():
        yield {
            "part": "event",
            "eventType": event.event_type,
            "payload": event.payload,
            "description": event.description,
            "transactionId": event.transaction_id,
            "at": event.created_at,
        }
    for entry in list_audit_of(member._meta.label_lower, member.pk).order_by("pk").iterator():
        yield {
            "part": "history",
            "action": entry.action,
            "before": entry.before,
            "after": entry.after,
            "reason": entry.reason,
            "at": entry.at,
        }


def _transaction(row: Transaction, wallet_id: int) -> dict[str, Any]:
    return {
        "transactionId": row.pk,
        "accountId": row.account_id,
        "kind": row.kind,
        "amount": row.amount if row.to_wallet_id == wallet_id else -row.amount,
        "description": row.description,
        "externalId": row.external_id,
        "tags": row.tags,
        "at": row.effective_at,
    }


@transaction.atomic
def erase_member(*, member: Member, actor: Actor, at: datetime, reason: str = "") -> Member:
    """Forget the person, with everybody who was merged into them: profile, ids, contacts, what the journal and the
    history say of them, and their addresses on claims; a claim that waited for one of those ends. The wallet and its
    transactions stay as they are, so that the books still prove; they lead to a number only.

    :raises MemberGone: the member is erased already, or part of another, who is the one to erase.
    """
    forget_claims(member=member, at=at)
    locked = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    if locked.is_gone:
        raise MemberGone
    parts = [locked]
    for part in parts:
        parts += Member.objects.select_for_update(no_key=True).filter(merged_into=part, erased_at__isnull=True)
    for part in parts:
        _blank(part, at)
    record_event(organization_id=locked.organization_id, event_type=EventType.DEACTIVATED, member_id=locked.pk, at=at)
    record(
        actor=actor,
        at=at,
        action="member.erased",
        target=locked,
        organization_id=locked.organization_id,
        reason=reason,
    )
    return locked


def _blank(member: Member, at: datetime) -> None:
    member.profile, member.custom_attributes, member.on_chain = {}, {}, {}
    member.loyalty_member_id, member.customer_id = f"erased-{member.pk}", uuid.uuid4()
    member.public_loyalty_member_id, member.referral_code, member.member_type = None, "", ""
    member.active, member.erased_at, member.updated_at = False, at, at
    member.save()
    set_wallet_active(wallet_id=member.wallet_id, active=False)
    make_findable(member)
    MemberPassword.objects.filter(member=member).delete()
    RefreshToken.objects.filter(member=member).delete()
    LoyaltyEvent.objects.filter(member=member).update(
        payload={}, description="", external_id="", tags=[], execution_results=[]
    )
    forget_belongings(member)
    PurchaseOrder.objects.filter(member=member).update(
        description="", items=[], tags=[], custom_attributes={}, returned=[]
    )
    forget_side(organization_id=member.organization_id, target=member)
    forget_history(member)
