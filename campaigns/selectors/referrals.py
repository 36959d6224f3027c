"""Reads of referral programs: their codes, who came with them, and what it brought (semantics 12)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import (
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from campaigns.models import Referral, ReferralCode, ReferralProgram, ReferralReward, Referrer
from loyalty.kernel.errors import NotFound
from members.models import Member, MemberContact

Side = ReferralReward.Side
# What was not wholly taken back.
_STANDS = Q(taken__lt=F("amount"))


# --- programs --------------------------------------------------------------------------------------------------------
def list_referral_programs(organization_id: int) -> QuerySet[ReferralProgram]:
    """The organization's referral programs, each with how many members it brought (`referred_count`)."""
    brought = Referrer.objects.filter(program=OuterRef("pk")).order_by().values("program")
    total = Subquery(brought.annotate(total=Sum("referred")).values("total"), output_field=IntegerField())
    programs = ReferralProgram.objects.filter(organization_id=organization_id)
    return programs.annotate(referred_count=Coalesce(total, Value(0)))


def get_referral_program(organization_id: int, program_id: int) -> ReferralProgram:
    """One of the organization's referral programs, with how many members it brought.

    :raises NotFound: where it has no such program.
    """
    program = list_referral_programs(organization_id).filter(pk=program_id).first()
    if program is None:
        raise NotFound("There is no such referral program.")
    return program


def totals_of(program: ReferralProgram) -> dict[str, int]:
    """The program in numbers: codes, members referred and those rewarded, and what both sides were given and kept."""
    rewards = ReferralReward.objects.filter(_STANDS, referral__program=program)
    kept = F("amount") - F("taken")
    sums = rewards.aggregate(
        rewarded=Count("referral", distinct=True),
        referrer=Sum(kept, filter=Q(side=Side.REFERRER)),
        referred=Sum(kept, filter=Q(side=Side.REFERRED)),
    )
    brought = Referrer.objects.filter(program=program).aggregate(total=Sum("referred"))["total"]
    return {
        "codes": ReferralCode.objects.filter(program=program).count(),
        "referred_count": int(brought or 0),
        "rewarded_count": int(sums["rewarded"]),
        "referrer_points": int(sums["referrer"] or 0),
        "referred_points": int(sums["referred"] or 0),
    }


# --- codes -----------------------------------------------------------------------------------------------------------
def list_referral_codes(program: ReferralProgram) -> QuerySet[ReferralCode]:
    """The program's codes, each with whose it is."""
    return ReferralCode.objects.filter(program=program).select_related("referrer__member")


def get_referral_code(program: ReferralProgram, code_id: int) -> ReferralCode:
    """One of the program's codes.

    :raises NotFound: where it has no such code.
    """
    code = list_referral_codes(program).filter(pk=code_id).first()
    if code is None:
        raise NotFound("There is no such referral code.")
    return code


def lock_codes_like(organization_id: int, code_key: str) -> list[ReferralCode]:
    """The codes that read so in active programs, with program and referrer; codes and referrers are locked until the
    caller's transaction ends, so that whoever counts there does it alone.
    """
    mine = ReferralCode.objects.filter(
        code_key=code_key, program__organization_id=organization_id, program__active=True
    )
    locked = mine.select_for_update(of=("self", "referrer"), no_key=True)
    return list(locked.select_related("program", "referrer").order_by("pk"))


def owners_like(member: Member, owner_ids: Sequence[int]) -> set[int]:
    """Which of these members have an address of this one: email, phone or card number."""
    own = MemberContact.objects.filter(member=member).values("kind", "value")
    shared = MemberContact.objects.filter(organization_id=member.organization_id, member__in=owner_ids)
    alike = own.filter(kind=OuterRef("kind"), value=OuterRef("value"))
    return set(shared.filter(Exists(alike)).values_list("member", flat=True))


# --- who came with them ----------------------------------------------------------------------------------------------
def list_referrals(program: ReferralProgram) -> QuerySet[Referral]:
    """Who came to the program, each with whether they were rewarded: and not everything was taken back since."""
    return with_rewarded(Referral.objects.filter(program=program).select_related("member"))


def with_rewarded(referrals: QuerySet[Referral]) -> QuerySet[Referral]:
    """The same, each with whether something that was given for it stands."""
    standing = ReferralReward.objects.filter(_STANDS, referral=OuterRef("pk"))
    return referrals.annotate(rewarded=Exists(standing))


def referrals_made_by(member: Member) -> QuerySet[Referral]:
    """Whom the member brought, the newest first."""
    mine = Referral.objects.filter(referrer__member=member).select_related("program", "code", "member")
    return with_rewarded(mine).order_by("-pk")


def referrals_of(member: Member) -> QuerySet[Referral]:
    """With whose codes the member came, the newest first."""
    mine = Referral.objects.filter(member=member).select_related("program", "code", "referrer__member")
    return with_rewarded(mine).order_by("-pk")


_AROUND = """
SELECT id FROM (SELECT id FROM campaigns_referral WHERE member_id = %s ORDER BY id DESC LIMIT %s) came
UNION ALL
SELECT id FROM (
  SELECT r.id FROM campaigns_referrer f JOIN campaigns_referral r ON r.referrer_id = f.id
  WHERE f.member_id = %s ORDER BY r.id DESC LIMIT %s
) brought
"""


def referrals_around(member: Member, most: int) -> QuerySet[Referral]:
    """With whose codes the member came, and whom the member brought, the newest first; at most so many of each."""
    numbers = RawSQL(_AROUND, [member.pk, most, member.pk, most])  # noqa: S611 - a text of ours, with bound values
    found = Referral.objects.filter(pk__in=numbers).select_related("program", "member", "referrer__member")
    return with_rewarded(found).order_by("-pk")


def codes_of_member(member: Member) -> QuerySet[ReferralCode]:
    """The member's codes, with their programs, the newest first."""
    return ReferralCode.objects.filter(referrer__member=member).select_related("program").order_by("-pk")


def open_programs(organization_id: int, at: datetime) -> QuerySet[ReferralProgram]:
    """The programs in which members can refer at this moment."""
    since, until = Q(valid_from__isnull=True) | Q(valid_from__lte=at), Q(valid_to__isnull=True) | Q(valid_to__gt=at)
    return ReferralProgram.objects.filter(since, until, organization_id=organization_id, active=True)


# --- the report ------------------------------------------------------------------------------------------------------
def list_referrers(program: ReferralProgram) -> QuerySet[Referrer]:
    """Who refers in the program."""
    return Referrer.objects.filter(program=program).select_related("member")


def report_on(referrers: Sequence[Referrer]) -> list[Referrer]:
    """The same, each with its `code_texts`, the members of theirs who were `rewarded`, and the `points` they themselves
    were given and kept (semantics 12.4); two queries for any number of them.
    """
    ids = [referrer.pk for referrer in referrers]
    texts: dict[int, list[str]] = {pk: [] for pk in ids}
    codes = ReferralCode.objects.filter(referrer__in=ids, code_key__isnull=False)
    for pk, code in codes.order_by("pk").values_list("referrer", "code") if ids else ():
        texts[pk].append(code)
    rewards = ReferralReward.objects.filter(_STANDS, referral__referrer__in=ids).order_by()
    sums = rewards.values("referral__referrer").annotate(
        rewarded=Count("referral", distinct=True),
        points=Sum(F("amount") - F("taken"), filter=Q(side=Side.REFERRER)),
    )
    rows = sums.values_list("referral__referrer", "rewarded", "points") if ids else ()
    found = {pk: (rewarded, points or 0) for pk, rewarded, points in rows}
    for referrer in referrers:
        referrer.code_texts = texts[referrer.pk]  # type: ignore[attr-defined]
        referrer.rewarded, referrer.points = found.get(referrer.pk, (0, 0))  # type: ignore[attr-defined]
    return list(referrers)


# --- rewards ---------------------------------------------------------------------------------------------------------
def rewards_counted(referral_ids: Sequence[int]) -> list[tuple[int, int, int, bool]]:
    """Each reward of these referrals: referral, number, event, and whether it stands."""
    rewards = ReferralReward.objects.filter(referral__in=referral_ids).order_by("referral", "number")
    rows = rewards.values_list("referral_id", "number", "event_id", "amount", "taken")
    return [(referral, number, event, taken < amount) for referral, number, event, amount, taken in rows]


def referrals_waiting(member_ids: Sequence[int], program_ids: Sequence[int]) -> QuerySet[Referral]:
    """The referrals of these members in these programs, each with how often it was rewarded (`redeemed`)."""
    standing = Q(rewards__taken__lt=F("rewards__amount"))
    return (
        Referral.objects.filter(member__in=member_ids, program__in=program_ids)
        .annotate(redeemed=Count("rewards__number", distinct=True, filter=standing))
        .order_by("program", "pk")
    )
