"""Uses the referral code with which somebody joins (semantics 12.2)."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from campaigns.models import Referral, ReferralCode, Referrer
from campaigns.selectors.occasions import Occasion
from campaigns.selectors.playbook import playbook_of
from campaigns.selectors.referrals import lock_codes_like, owners_like
from campaigns.services.evaluating import try_again
from campaigns.services.hearing import causing
from campaigns.services.rewarding import Referrals
from campaigns.services.running import Run
from coupons.selectors.codes import code_key
from loyalty.kernel.actors import Actor
from members.errors import ReferralCodeRefused
from members.models import LoyaltyEvent, Member

Status = LoyaltyEvent.Status
_UNKNOWN = "There is no such referral code."
_USED_UP = "The referral code was used as often as it may be."
_OWN = "Nobody refers themselves."


def use_referral_code(*, member: Member, code: str, event: LoyaltyEvent, actor: Actor, at: datetime) -> None:
    """Write down who brought a new member, in each program that knows the code and is open, and reward it where joining
    is what is rewarded. `event` is the one that tells of the new member, whose transaction this is part of.

    :raises ReferralCodeRefused: no open program knows the code; it, or whoever has it, brought as many as may be; or it
        is of somebody with the same email, phone or card number.
    """
    codes = _find(member.organization_id, code, at)
    if not codes:
        raise ReferralCodeRefused(_UNKNOWN)
    own = owners_like(member, [one.referrer.member_id for one in codes])
    codes = [one for one in codes if one.referrer.member_id not in own]
    if not codes:
        raise ReferralCodeRefused(_OWN)
    codes = [one for one in codes if _has_room(one)]
    if not codes:
        raise ReferralCodeRefused(_USED_UP)
    Referral.objects.bulk_create(
        Referral(program_id=one.program_id, code=one, referrer=one.referrer, member=member, created_at=at)
        for one in codes
    )
    ReferralCode.objects.filter(pk__in=[one.pk for one in codes]).update(referred=F("referred") + 1)
    Referrer.objects.filter(pk__in=[one.referrer_id for one in codes]).update(referred=F("referred") + 1)
    _reward_at_once(member, event, actor, at)


def _find(organization_id: int, code: str, at: datetime) -> list[ReferralCode]:
    """The codes that are meant, in programs that are open, locked with those who have them."""
    key = code_key(code)
    # Whoever has it may be becoming part of another member in this very moment: then it is found with that one.
    codes = lock_codes_like(organization_id, key) or lock_codes_like(organization_id, key)
    return [one for one in codes if one.program.is_open_at(at)]


def _has_room(code: ReferralCode) -> bool:
    program = code.program
    return code.referred < program.max_per_code and code.referrer.referred < program.max_per_member


def _reward_at_once(member: Member, event: LoyaltyEvent, actor: Actor, at: datetime) -> None:
    """Reward the referrals of a new member whose programs reward joining, in the transaction that makes the member.
    What cannot be given stands in the event's results, and is tried again.
    """
    book = playbook_of(member.organization_id)
    occasion = Occasion(event, member, at)
    if not book.referrals_on(occasion.types):
        return
    stage, run = Referrals(), Run(member.organization_id, book.zone, actor, at)
    (plan,) = stage.weigh(book, [occasion])
    stage.prepare(run, [(occasion, plan)])
    with causing([occasion]):
        event.execution_results = stage.do(run, occasion, plan, ())
        run.finish()
    mine = LoyaltyEvent.objects.filter(pk=event.pk)
    mine.update(execution_results=event.execution_results)
    # One that waits to be asked about is asked about this again, too.
    has_failed = any(row["result"] == "failed" for row in event.execution_results)
    if has_failed and mine.filter(status=Status.SUCCESS).update(status=Status.FAILED):
        try_again(event, actor=actor, at=at)
