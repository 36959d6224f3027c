"""Referrals go along with their members: in a merge, an export, an erasure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns.models import Referral, ReferralCode, ReferralReward, Referrer
from campaigns.selectors import codes_of_member, open_programs, referrals_made_by, referrals_of
from members.models import Member
from members.services import Belongings

# A member who refers in the same programs as another: what the two of them brought is the other's now.
_JOIN_PLACES = """
UPDATE campaigns_referrer SET referred = referred + (
  SELECT m.referred FROM campaigns_referrer m WHERE m.member_id = %s AND m.program_id = campaigns_referrer.program_id
) WHERE member_id = %s AND EXISTS (
  SELECT 1 FROM campaigns_referrer m WHERE m.member_id = %s AND m.program_id = campaigns_referrer.program_id
)
"""
_MOVE_TO_PLACE = """
UPDATE {table} SET referrer_id = (
  SELECT k.id FROM campaigns_referrer k JOIN campaigns_referrer m ON m.program_id = k.program_id
  WHERE k.member_id = %s AND m.id = {table}.referrer_id
) WHERE referrer_id IN (
  SELECT m.id FROM campaigns_referrer m JOIN campaigns_referrer k ON k.program_id = m.program_id
  WHERE m.member_id = %s AND k.member_id = %s
)
"""


def move_referrals(kept: Member, merged: Member) -> None:
    """Make the merged member's codes, and whom they brought, the kept one's; and whoever brought the merged one has
    brought the kept one, unless somebody else did in that program, or it was the kept one. What both brought may be
    more than a program's limit for one member.

    Whoever comes with a code, or is rewarded, waits for the codes, places and referrals that are locked here.
    """
    both = (kept, merged)
    _lock(ReferralCode.objects.filter(referrer__member__in=both))
    _lock(Referrer.objects.filter(member__in=both))
    _lock(Referral.objects.filter(Q(member__in=both) | Q(referrer__member__in=both)))
    with connection.cursor() as cursor:
        cursor.execute(_JOIN_PLACES, [merged.pk, kept.pk, merged.pk])
        for table in ("campaigns_referralcode", "campaigns_referral"):
            cursor.execute(_MOVE_TO_PLACE.format(table=table), [kept.pk, merged.pk, kept.pk])
    mine = Referrer.objects.filter(member=merged)
    mine.filter(Exists(Referrer.objects.filter(member=kept, program=OuterRef("program")))).delete()
    mine.update(member=kept)
    came = Referral.objects.filter(member=kept, program=OuterRef("program"))
    moving = Referral.objects.filter(member=merged).exclude(Exists(came)).exclude(referrer__member=kept)
    Referral.objects.filter(pk__in=list(moving.values_list("pk", flat=True))).update(member=kept)


def _lock(rows: QuerySet[Any]) -> None:
    """Lock the rows in the order of their numbers, until the caller's transaction ends."""
    list(rows.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True))


def parts_of_referrals(member: Member) -> Iterator[dict[str, Any]]:
    """The member's codes, with whose code they came, whom they brought, and what they got for it."""
    for code in codes_of_member(member).iterator():
        yield {"part": "referralCode", "program": code.program.name, "code": code.code, "at": code.created_at}
    for came in referrals_of(member).iterator():
        yield {"part": "referral", "program": came.program.name, "side": "referred", "at": came.created_at}
    for brought in referrals_made_by(member).iterator():
        yield {"part": "referral", "program": brought.program.name, "side": "referrer", "at": brought.created_at}
    rewards = ReferralReward.objects.filter(member=member).select_related("referral__program").order_by("pk")
    for reward in rewards.iterator():
        yield {
            "part": "referralReward",
            "program": reward.referral.program.name,
            "side": reward.side,
            "amount": reward.amount,
            "taken": reward.taken,
            "transactionId": reward.transaction_id,
            "at": reward.created_at,
        }


def forget_referrals(member: Member) -> None:
    """Blank the member's codes, which may be their address, also where those who came with one keep it."""
    came = Referral.objects.filter(referrer__member=member).values("member")
    theirs = Member.objects.filter(pk__in=came).exclude(referral_code="")
    _lock(theirs)
    theirs.update(referral_code="")
    ReferralCode.objects.filter(referrer__member=member).update(code="", code_key=None)


def count_referral_codes(member: Member, at: datetime) -> int:
    """How many codes of the member can be used."""
    programs = open_programs(member.organization_id, at)
    return ReferralCode.objects.filter(referrer__member=member, code_key__isnull=False, program__in=programs).count()


REFERRALS = Belongings("Referral codes", move_referrals, parts_of_referrals, forget_referrals, count_referral_codes)
