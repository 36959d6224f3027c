"""Gives members the codes by which others come (semantics 12.1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from campaigns.errors import MayNotRefer, ReferralCodeTaken, ReferralsClosed
from campaigns.models import ReferralCode, ReferralProgram, Referrer
from campaigns.selectors import list_referral_codes
from coupons.selectors.codes import code_key
from coupons.services.codes import check_code
from loyalty.kernel.actors import Actor
from loyalty.kernel.services import record
from members.errors import MemberInactive
from members.models import Member
from members.selectors import belongs, get_audience, get_member, member_document

MOST_CODES = 50


@transaction.atomic
def register_referral_codes(
    *, program: ReferralProgram, member: Member, codes: Sequence[str], actor: Actor, at: datetime, reason: str = ""
) -> list[ReferralCode]:
    """Give the member these codes, and answer them in this order. Those the member has already are kept as they are.

    :raises ReferralsClosed: the program is not active, or not valid now.
    :raises MemberInactive: the member is blocked.
    :raises MayNotRefer: the member does not belong to the program's audience.
    :raises ReferralCodeTaken: another member has one of the codes, whatever its case; none is given then.
    :raises InvalidInput: something that is no code.
    """
    wanted: dict[str, str] = {}
    for code in map(check_code, codes):
        wanted.setdefault(code_key(code), code)
    if not program.is_open_at(at):
        raise ReferralsClosed
    person = get_member(program.organization_id, member.pk)
    if not person.active:
        raise MemberInactive
    if program.audience_id is not None:
        audience = get_audience(program.organization_id, program.audience_id)
        if not belongs(member_document(person), audience, at=at):
            raise MayNotRefer
    referrer = _place(program, person, at)
    held = {code.code_key: code for code in list_referral_codes(program).filter(code_key__in=wanted)}
    if any(code.referrer_id != referrer.pk for code in held.values()):
        raise ReferralCodeTaken
    made = [
        ReferralCode(program=program, referrer=referrer, code=code, code_key=key, created_at=at)
        for key, code in wanted.items()
        if key not in held
    ]
    _write(made)
    if made:
        record(
            actor=actor,
            at=at,
            action="referralprogram.codes-given",
            target=program,
            organization_id=program.organization_id,
            after={"member": person.pk, "codes": len(made)},
            reason=reason,
        )
    held.update((code.code_key, code) for code in made)
    return [held[key] for key in wanted]


def _write(codes: Sequence[ReferralCode]) -> None:
    """:raises ReferralCodeTaken: where somebody else was given one of them in this very moment."""
    try:
        with transaction.atomic():
            ReferralCode.objects.bulk_create(codes)
    except IntegrityError as error:
        raise ReferralCodeTaken from error


def _place(program: ReferralProgram, member: Member, at: datetime) -> Referrer:
    """The member's place in the program, made where there is none yet, and locked: so that of two calls at once the
    second finds what the first has given.
    """
    Referrer.objects.bulk_create([Referrer(program=program, member=member, created_at=at)], ignore_conflicts=True)
    mine = Referrer.objects.select_for_update(of=("self",), no_key=True).select_related("member")
    return mine.get(program=program, member=member)
