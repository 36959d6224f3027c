"""Makes claims, revokes them, and gives their points to whoever comes for them, once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from ledger.services import SYSTEM, mint, post_transactions
from loyalty.kernel.actors import Actor
from loyalty.kernel.clock import NEVER, end_of_local_day
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.services import record
from members.contacts import normal_email
from members.errors import ClaimClosed, ClaimOfAnother, MemberInactive
from members.models import Claim, ClaimCode, Member, Store
from members.selectors import match_members
from members.selectors.claims import claimed_with, emails_of
from members.services.members import create_member, update_member
from members.services.stores import dates_at

SOURCE = "claim"
# As many smallest units as an amount may have anywhere (semantics 0.7).
MOST_POINTS = 18_446_744_073_709
MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class ClaimDraft:
    """A claim that is asked for: `amount` smallest units; for whom, if for somebody; `days` as the contract's K4."""

    amount: int
    email: str = ""
    customer_type: str = ""
    days: int | None = None


def read_email(text: str) -> str:
    """The address as it is compared.

    :raises InvalidInput: where it is none.
    """
    email = normal_email(text)
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvalidInput("Supplied email is invalid", field="email") from error
    if len(email) > 254:
        raise InvalidInput("Supplied email is invalid", field="email")
    return email


def _drawn(store: Store, draft: ClaimDraft, zone: str, at: datetime) -> Claim:
    """The claim a draft asks for, not yet written.

    :raises InvalidInput: with the field that is wrong.
    """
    if not 1 <= draft.amount <= MOST_POINTS:
        raise InvalidInput("The amount must be at least 1, and not larger than can be kept.", field="amount")
    email = read_email(draft.email) if draft.email else ""
    if draft.customer_type and draft.customer_type not in store.customer_types:
        raise InvalidInput("The customerType is not one of this store's.", field="customerType")
    days = store.claim_days if draft.days is None else draft.days
    if days is not None and not 0 <= days <= MOST_DAYS:
        raise InvalidInput(f"expires is a number of days from 0 to {MOST_DAYS}.", field="expires")
    return Claim(
        organization_id=store.organization_id,
        store=store,
        account_id=store.account_id,
        amount=draft.amount,
        email=email,
        customer_type=draft.customer_type,
        created_at=at,
        expires_at=NEVER if days is None else end_of_local_day(at, zone, days=days),
    )


@transaction.atomic
def create_claims(
    *, store: Store, zone: str, drafts: Sequence[ClaimDraft], actor: Actor, at: datetime
) -> list[Claim | InvalidInput]:
    """A claim for each draft (contract coggins K1 to K4), or what is wrong with it: the others are made all the same.
    A few queries, however many.

    A claim ends with the local day of `zone` that lies its days after `at`. An address nobody has is fine: the claim
    waits. Nothing is mailed.
    """
    answers: list[Claim | InvalidInput] = []
    for draft in drafts:
        try:
            answers.append(_drawn(store, draft, zone, at))
        except InvalidInput as refusal:
            answers.append(refusal)
    made = Claim.objects.bulk_create([answer for answer in answers if isinstance(answer, Claim)])
    # Without addresses: a history outlives the person it would name.
    if len(made) == 1:
        after = {"amount": made[0].amount, "bound": bool(made[0].email), "customer_type": made[0].customer_type}
        record(
            actor=actor,
            at=at,
            action="claim.created",
            target=made[0],
            organization_id=store.organization_id,
            after=after,
        )
    elif made:
        after = {"claims": len(made), "amount": sum(claim.amount for claim in made)}
        record(
            actor=actor,
            at=at,
            action="claims.created",
            target=store,
            organization_id=store.organization_id,
            after=after,
        )
    return answers


def _locked(claim: Claim) -> Claim:
    rows = Claim.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("store", "account", "organization").get(pk=claim.pk)


def require_open(claim: Claim, at: datetime) -> None:
    """:raises ClaimClosed: where the claim was claimed or revoked, or its time is over (contract coggins K7)."""
    state = claim.state_at(at)
    says = {
        "claimed": "These points were claimed before.",
        "revoked": "These points can no longer be claimed.",
        "expired": "The time to claim these points is over.",
    }
    if state in says:
        raise ClaimClosed(says[state], state=state)


@transaction.atomic
def revoke_claim(*, claim: Claim, actor: Actor, at: datetime, reason: str = "") -> Claim:
    """End a claim nobody has claimed: its address gives nothing any more.

    :raises ClaimClosed: it was claimed or revoked before.
    """
    locked = _locked(claim)
    if locked.state_at(at) in ("claimed", "revoked"):
        require_open(locked, at)
    locked.revoked_at = at
    locked.save(update_fields=["revoked_at"])
    record(
        actor=actor,
        at=at,
        action="claim.revoked",
        target=locked,
        organization_id=locked.organization_id,
        reason=reason,
    )
    return locked


@transaction.atomic
def claim_points(*, claim: Claim, email: str, actor: Actor, at: datetime) -> Claim:
    """Give the claim's points to the member with `email`, who has proved to read its mail; where nobody has it, to a
    new member. Once: asked again for the same member, nothing happens. (Contract coggins G4, K2, K3, K7.)

    Points become valid and expire as the store's rules say of points given now.

    :raises ClaimClosed: somebody else claimed, or it was revoked, or its time is over.
    :raises ClaimOfAnother: the claim is bound to another address.
    :raises MemberInactive: the member is blocked; the claim stays open.
    :raises DomainError: whatever keeps the account from giving points; the claim stays open.
    """
    email = normal_email(email)
    locked = _locked(claim)
    if claimed_with(locked, email):
        return locked
    require_open(locked, at)
    if locked.email not in ("", email):
        raise ClaimOfAnother
    member = _claimer(locked, email, actor, at)
    dates = dates_at(locked.store, at, locked.organization.timezone)
    posting = post_transactions(
        organization_id=locked.organization_id,
        moves=[
            mint(
                account_id=locked.account_id,
                wallet_id=member.wallet_id,
                amount=locked.amount,
                valid_from=dates.valid_from,
                expires_at=dates.expires_at,
                unique_key=f"claim:{locked.pk}",
                key_kind=SYSTEM,
                source=SOURCE,
                description="Claimed points",
            )
        ],
        actor=actor,
        at=at,
    )
    locked.claimed_at, locked.claimed_by, locked.transaction_id = at, member, posting.records[0].id
    locked.save(update_fields=["claimed_at", "claimed_by", "transaction"])
    record(
        actor=actor,
        at=at,
        action="claim.claimed",
        target=locked,
        organization_id=locked.organization_id,
        after={"member": member.pk, "transaction": locked.transaction_id},
    )
    return locked


def _claimer(claim: Claim, email: str, actor: Actor, at: datetime) -> Member:
    """The member with the address, of the claim's customer type from now on; a new one where nobody has it."""
    found = _find(claim, email)
    if found is None:
        # Two claims of one new person at once: the second waits here, and finds the member the first made.
        Store.objects.select_for_update(no_key=True).get(pk=claim.store_id)
        found = _find(claim, email)
    if found is None:
        return create_member(
            organization_id=claim.organization_id,
            loyalty_member_id=str(uuid.uuid4()),
            member_type=claim.customer_type,
            profile={"email": email},
            actor=actor,
            at=at,
        )
    if not found.active:
        raise MemberInactive("This account takes no points now. Please ask the store.")
    if claim.customer_type and found.member_type != claim.customer_type:
        changes = {"member_type": claim.customer_type}
        return update_member(member=found, changes=changes, actor=actor, at=at, reason=str(claim))
    return found


def _find(claim: Claim, email: str) -> Member | None:
    contact = ("email", email)
    match = match_members(claim.organization_id, customer_ids=(), contacts=[contact])[1].get(contact)
    return None if match is None else Member.objects.get(pk=match.member_id)


def forget_claims(*, member: Member, at: datetime) -> None:
    """Blank the member's addresses on claims, and delete the codes mailed to them. A claim that waits for one of them
    ends: it must not be open to everybody. For erasing a person, before anything of the member is locked.
    """
    emails = emails_of(member)
    # In one order, and before the member: whoever claims has the claim locked first, then the member.
    bound = Claim.objects.select_for_update(no_key=True).filter(
        organization_id=member.organization_id, email__in=emails
    )
    numbers = [claim.pk for claim in bound.order_by("pk")]
    mine = Claim.objects.filter(pk__in=numbers)
    mine.filter(claimed_at__isnull=True, revoked_at__isnull=True).update(revoked_at=at)
    mine.update(email="")
    Claim.objects.filter(claimed_by=member).exclude(email="").update(email="")
    ClaimCode.objects.filter(claim__organization_id=member.organization_id, email__in=emails).delete()
    ClaimCode.objects.filter(claim__claimed_by=member).delete()


def follow_merge(*, kept: Member, merged: Member) -> None:
    """What the merged member has claimed was claimed by the one who is kept."""
    Claim.objects.filter(claimed_by=merged).update(claimed_by=kept)
