"""Creates and changes members."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from ledger.services import create_wallet, set_wallet_active, set_wallet_holder
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import DuplicateValue
from loyalty.kernel.services import apply_changes, record
from members.contacts import contacts_of
from members.errors import MemberGone
from members.models import EventType, Member, MemberContact
from members.selectors import default_program, get_member
from members.services.journal import record_event
from members.services.referring import use_referral_code
from members.services.standing import enroll
from members.words import search_text_of

# Objects of which an update gives only the parts that change (semantics 5.2).
_MERGED = ("profile", "custom_attributes")


@transaction.atomic
def create_member(
    *,
    organization_id: int,
    loyalty_member_id: str,
    actor: Actor,
    at: datetime,
    customer_id: uuid.UUID | None = None,
    public_loyalty_member_id: str | None = None,
    member_type: str | None = "",
    active: bool = True,
    profile: Mapping[str, Any] | None = None,
    on_chain: Mapping[str, Any] | None = None,
    custom_attributes: Mapping[str, Any] | None = None,
    referral_code: str | None = "",
) -> Member:
    """A new member with a wallet, enrolled in the default program at its default tier (semantics 5.1), who may have
    come with the referral code of another.

    :raises DuplicateValue: an id another member has.
    :raises ReferralCodeRefused: a referral code no active referral program knows, one that is used up, or one's own.
    """
    code = (referral_code or "").strip()
    wallet = create_wallet(organization_id=organization_id, at=at)
    member = Member(
        organization_id=organization_id,
        customer_id=customer_id or uuid.uuid4(),
        loyalty_member_id=loyalty_member_id,
        public_loyalty_member_id=public_loyalty_member_id or None,
        member_type=member_type or "",
        active=active,
        wallet=wallet,
        profile=dict(profile or {}),
        on_chain=dict(on_chain or {}),
        custom_attributes=dict(custom_attributes or {}),
        referral_code=code,
        created_at=at,
        updated_at=at,
    )
    member.search_text = search_text_of(member)
    _save(member)
    set_wallet_holder(wallet=wallet, holder_id=member.pk)
    if not active:
        set_wallet_active(wallet_id=wallet.pk, active=False)
    _write_contacts(member)
    program = default_program(organization_id)
    if program is not None:
        enroll(member=member, program=program, actor=actor, at=at, points=0)
    event = record_event(
        organization_id=organization_id, event_type=EventType.MEMBER_CREATED, member_id=member.pk, at=at
    )
    record(
        actor=actor,
        at=at,
        action="member.created",
        target=member,
        organization_id=organization_id,
        after={"loyalty_member_id": loyalty_member_id, "active": active},
    )
    made = get_member(organization_id, member.pk)
    if code:
        use_referral_code(member=made, code=code, event=event, actor=actor, at=at)
    return made


@transaction.atomic
def update_member(
    *, member: Member, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> Member:
    """Change what is named; `profile` and `custom_attributes` merge one level, null deletes a key (semantics 5.2).

    :raises DuplicateValue: an id another member has.
    :raises MemberGone: the member was merged into another, or erased.
    """
    locked = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    if locked.is_gone:
        raise MemberGone
    wanted = dict(changes)
    for name in _MERGED:
        if name in wanted:
            wanted[name] = _merged(getattr(locked, name), wanted[name] or {})
    if "public_loyalty_member_id" in wanted:
        wanted["public_loyalty_member_id"] = wanted["public_loyalty_member_id"] or None
    if "member_type" in wanted:
        wanted["member_type"] = wanted["member_type"] or ""
    was_active, held = locked.active, {name: getattr(locked, name) for name in wanted}
    try:
        with transaction.atomic():
            changed = apply_changes(
                locked,
                wanted,
                actor=actor,
                at=at,
                action="member.updated",
                organization_id=locked.organization_id,
                reason=reason,
            )
    except IntegrityError as error:
        raise DuplicateValue(field=_taken(error)) from error
    if changed:
        make_findable(locked)
        if locked.active != was_active:
            set_wallet_active(wallet_id=locked.wallet_id, active=locked.active)
        kind = EventType.DEACTIVATED if was_active and not locked.active else EventType.MEMBER_UPDATED
        record_event(
            organization_id=locked.organization_id,
            event_type=kind,
            member_id=locked.pk,
            at=at,
            payload={"changed": sorted(name for name in wanted if wanted[name] != held[name])},
        )
    return get_member(locked.organization_id, locked.pk)


def _merged(held: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**held, **given}.items() if value is not None}


def _save(member: Member) -> None:
    try:
        with transaction.atomic():
            member.save(force_insert=True)
    except IntegrityError as error:
        raise DuplicateValue(field=_taken(error)) from error


def _taken(error: IntegrityError) -> str:
    """Which id the database refused; each of them names its constraint or its column."""
    text = str(error)
    if "public" in text:
        return "publicLoyaltyMemberId"
    return "customerId" if "customer_id" in text else "loyaltyMemberId"


def make_findable(member: Member) -> None:
    """Have the member found by what its profile and its ids say now."""
    _write_contacts(member)
    said = search_text_of(member)
    if said != member.search_text:
        member.search_text = said
        member.save(update_fields=["search_text"])


def _write_contacts(member: Member) -> None:
    """Make the member's contacts what its profile says."""
    wanted = contacts_of(member.profile, member.public_loyalty_member_id)
    held = {(contact.kind, contact.value): contact.pk for contact in member.contacts.all()}
    MemberContact.objects.filter(pk__in=[pk for key, pk in held.items() if key not in wanted]).delete()
    MemberContact.objects.bulk_create(
        MemberContact(organization_id=member.organization_id, member=member, kind=kind, value=value)
        for kind, value in sorted(wanted - held.keys())
    )
