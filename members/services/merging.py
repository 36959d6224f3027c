"""Merges two members who turned out to be one person: points, profile and places go to the one who is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from ledger.models import Lot
from ledger.services import cancel_lot, current_balances, mint, post_transactions, set_wallet_active, transfer
from loyalty.kernel.actors import Actor
from loyalty.kernel.clock import NEVER
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.services import record
from members.errors import MemberGone, MemberInactive, OpenHolds
from members.models import Enrollment, EventType, Member, PurchaseOrder
from members.selectors import get_member
from members.services.belongings import move_belongings
from members.services.claims import follow_merge
from members.services.journal import record_event
from members.services.members import make_findable
from members.services.standing import enroll, set_member_tier

# Of these a person has several: both members' stand in the list, the kept one's first.
_LISTS = {"email": "emails", "phone": "phones", "loyaltyCardNumber": "loyaltyCardNumbers"}
SOURCE = "merge"


@transaction.atomic
def merge_members(*, kept: Member, merged: Member, actor: Actor, at: datetime, reason: str = "") -> Member:
    """Make `merged` part of `kept`: its points move over with their expiry, what its profile knows and the other's does
    not is added, its places in programs are taken over, and what else it has (see `Belongings`). It stays behind
    blocked and empty, with its history.

    :raises InvalidInput: one and the same member, or members of two organizations.
    :raises MemberGone: one of them was merged or erased before.
    :raises MemberInactive: the kept one is blocked.
    :raises OpenHolds: points of the merged one are held.
    :raises AccountInactive: an account in which the merged one has points takes no movements now.
    """
    if kept.pk == merged.pk or kept.organization_id != merged.organization_id:
        raise InvalidInput("Choose two members of one organization.", field="member")
    # In the order of their numbers, and so that postings, which name members too, need not wait.
    rows = {
        row.pk: row
        for row in Member.objects.select_for_update(no_key=True).filter(pk__in=[kept.pk, merged.pk]).order_by("pk")
    }
    kept, merged = rows[kept.pk], rows[merged.pk]
    if kept.is_gone or merged.is_gone:
        raise MemberGone
    if not kept.active:
        raise MemberInactive("The member who is kept is blocked.")
    _move_profile(kept, merged, at)
    # In the order in which whoever takes something back locks: orders, what they gave, balances.
    orders = PurchaseOrder.objects.select_for_update().filter(member=merged).order_by("pk")
    PurchaseOrder.objects.filter(pk__in=list(orders.values_list("pk", flat=True))).update(member=kept)
    move_belongings(kept=kept, merged=merged)
    _move_points(kept, merged, actor, at)
    _move_places(kept, merged, actor, at)
    follow_merge(kept=kept, merged=merged)
    sides = {"kept": kept.pk, "merged": merged.pk}
    for member, kind in ((kept, EventType.MEMBER_UPDATED), (merged, EventType.DEACTIVATED)):
        record_event(
            organization_id=kept.organization_id,
            event_type=kind,
            member_id=member.pk,
            at=at,
            payload={"mergedMemberId": merged.pk, "keptMemberId": kept.pk},
        )
        record(
            actor=actor,
            at=at,
            action="member.merged",
            target=member,
            organization_id=kept.organization_id,
            after=sides,
            reason=reason,
        )
    return get_member(kept.organization_id, kept.pk)


def gather_points(*, member: Member, wallet_id: int, actor: Actor, at: datetime) -> None:
    """Move to the member what came back into the wallet of somebody who became part of them, as a merge does it. From
    the wallet of somebody who was never merged, and to a member who is blocked or gone, nothing moves.
    """
    merged = Member.objects.filter(wallet_id=wallet_id, merged_into__isnull=False).first()
    if merged is not None and member.active:
        _move_points(member, merged, actor, at)


def _move_points(kept: Member, merged: Member, actor: Actor, at: datetime) -> None:
    """Transfer what is valid, and issue anew what becomes valid later."""
    organization_id, giver, taker = kept.organization_id, merged.wallet_id, kept.wallet_id
    # A blocked one's points move too: it is one person.
    set_wallet_active(wallet_id=giver, active=True)
    balances = current_balances(organization_id=organization_id, ledger_id=None, wallet_id=giver, actor=actor, at=at)
    if any(balance.pending_balance for balance in balances):
        raise OpenHolds
    words: dict[str, Any] = {"description": f"Merged from member {merged.pk}", "source": SOURCE}
    moves = [
        transfer(
            account_id=balance.ledger_account_id,
            from_wallet_id=giver,
            to_wallet_id=taker,
            amount=balance.balance,
            **words,
        )
        for balance in balances
        if balance.balance > 0
    ]
    for lot in Lot.objects.filter(wallet_id=giver, state=Lot.State.PENDING).order_by("pk"):
        cancel_lot(organization_id=organization_id, lot_id=lot.pk, actor=actor, at=at, **words)
        moves.append(
            mint(
                account_id=lot.account_id,
                wallet_id=taker,
                amount=lot.remaining,
                valid_from=None if lot.valid_from >= NEVER else lot.valid_from,
                waits=lot.valid_from >= NEVER,
                expires_at=lot.expires_at,
                **words,
            )
        )
    if moves:
        post_transactions(organization_id=organization_id, moves=moves, actor=actor, at=at)
    set_wallet_active(wallet_id=giver, active=False)


def _move_profile(kept: Member, merged: Member, at: datetime) -> None:
    kept.profile = _joined(kept.profile, merged.profile)
    kept.custom_attributes = {**merged.custom_attributes, **kept.custom_attributes}
    kept.on_chain = {**merged.on_chain, **kept.on_chain}
    kept.updated_at = merged.updated_at = at
    merged.profile, merged.custom_attributes, merged.on_chain = {}, {}, {}
    merged.active, merged.merged_into = False, kept
    merged.save()
    kept.save()
    for member in (merged, kept):
        make_findable(member)


def _joined(kept: Mapping[str, Any], merged: Mapping[str, Any]) -> dict[str, Any]:
    joined = {**merged, **kept}
    for one, many in _LISTS.items():
        values = [value for profile in (kept, merged) for value in _values(profile, one, many)]
        if len(set(values)) > 1:
            joined[many] = list(dict.fromkeys(values))
    return joined


def _values(profile: Mapping[str, Any], one: str, many: str) -> list[Any]:
    listed = profile.get(many)
    values = [profile.get(one), *(listed if isinstance(listed, list) else [listed])]
    return [value for value in values if isinstance(value, str | int) and value]


def _move_places(kept: Member, merged: Member, actor: Actor, at: datetime) -> None:
    own = set(Enrollment.objects.filter(member=kept).values_list("program_id", flat=True))
    for place in Enrollment.objects.filter(member=merged).select_related("program", "manual_tier").order_by("pk"):
        if place.program_id in own:
            continue
        enroll(member=kept, program=place.program, actor=actor, at=at)
        tier, ends = place.manual_tier, place.manual_expires_at
        if tier is not None and tier.active and (ends is None or ends > at):
            set_member_tier(
                member=kept,
                program=place.program,
                loyalty_tier_id=tier.pk,
                expires_at=ends,
                actor=actor,
                at=at,
            )
