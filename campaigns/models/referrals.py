"""Referral programs: members who bring others, by which code, and what both got for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q

from campaigns.models.awards import NEVER_OVERTAKEN, Given
from ledger.models import Ledger, LedgerAccount
from loyalty.kernel.models import Organization
from members.models import Audience, LoyaltyEvent, LoyaltyProgram, Member, PurchaseOrder

# What the document writes for "without a limit" (semantics 12.2).
UNLIMITED = 9_007_199_254_740_991


class ReferralProgram(models.Model):
    """Who gets what when a member brings another (semantics 12): points for the one who refers and for the one who is
    referred, whenever the latter produces `event_type`.

    `code` is the organization's own name for it. `max_redeems` is how often one referred member is rewarded, once where
    it is null. Points that are 0 or null are not given.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    program = models.ForeignKey(
        LoyaltyProgram, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    code = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    picture_url = models.CharField(max_length=2000, blank=True, default="")
    custom_attributes = models.JSONField(default=dict, blank=True)
    tags = models.JSONField(default=list, blank=True)
    active = models.BooleanField(default=True)
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_to = models.DateTimeField(null=True, blank=True)
    max_per_code = models.BigIntegerField()
    max_per_member = models.BigIntegerField(default=UNLIMITED)
    max_redeems = models.BigIntegerField(null=True, blank=True)
    audience = models.ForeignKey(
        Audience, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    event_type = models.CharField(max_length=100)
    referrer_points = models.BigIntegerField(null=True, blank=True)
    referrer_ledger = models.ForeignKey(
        Ledger, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    referrer_account = models.ForeignKey(
        LedgerAccount, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    referred_points = models.BigIntegerField(null=True, blank=True)
    referred_ledger = models.ForeignKey(
        Ledger, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    referred_account = models.ForeignKey(
        LedgerAccount, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "referral program"
        constraints = [
            models.UniqueConstraint(fields=["organization", "code"], name="referral_program_code_once"),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True) | Q(valid_to__isnull=True) | Q(valid_from__lt=F("valid_to")),
                name="referral_program_valid_for_some_time",
            ),
            models.CheckConstraint(
                condition=Q(max_per_code__gte=0, max_per_member__gte=0)
                & (Q(max_redeems__isnull=True) | Q(max_redeems__gte=0))
                & (Q(referrer_points__isnull=True) | Q(referrer_points__gte=0))
                & (Q(referred_points__isnull=True) | Q(referred_points__gte=0)),
                name="referral_program_limits_not_negative",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "id"], name="referral_program_of_house"),
            models.Index(fields=["organization", "id"], name="referral_program_active", condition=Q(active=True)),
        ]

    def __str__(self) -> str:
        return self.name

    def is_open_at(self, at: datetime) -> bool:
        """Whether members can refer and be referred at this moment."""
        is_valid = (self.valid_from is None or self.valid_from <= at) and (self.valid_to is None or at < self.valid_to)
        return self.active and is_valid

    @property
    def most_redeems(self) -> int:
        """How often one referred member is rewarded."""
        return 1 if self.max_redeems is None else self.max_redeems


class Referrer(models.Model):
    """A member's place in a referral program as one who refers. `referred` counts whom they brought by any of their
    codes; whoever counts there has locked the row.
    """

    program = models.ForeignKey(ReferralProgram, on_delete=models.PROTECT, related_name="referrers", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="referrers", db_index=False)
    referred = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "program"], name="referrer_once"),
            models.CheckConstraint(condition=Q(referred__gte=0), name="referrer_referred_not_negative"),
        ]
        indexes = [models.Index(fields=["program", "id"], name="referrer_of_program")]

    def __str__(self) -> str:
        return f"{self.member} in {self.program}"


class ReferralCode(models.Model):
    """One code of a member's, as it was given; `code_key` is the same without case, once in a program. Both are gone
    when the member is erased: a code may be an address. `referred` counts who came with it.
    """

    program = models.ForeignKey(ReferralProgram, on_delete=models.PROTECT, related_name="codes", db_index=False)
    referrer = models.ForeignKey(Referrer, on_delete=models.PROTECT, related_name="codes", db_index=False)
    code = models.CharField(max_length=255, blank=True)
    # Case folding may make a text three times as long.
    code_key = models.CharField(max_length=765, null=True)  # noqa: DJ001 - null is "forgotten", many are
    referred = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "referral code"
        constraints = [
            models.UniqueConstraint(fields=["code_key", "program"], name="referral_code_once"),
            models.CheckConstraint(condition=Q(referred__gte=0), name="referral_code_referred_not_negative"),
        ]
        indexes = [
            models.Index(fields=["program", "id"], name="referral_code_of_program"),
            models.Index(fields=["referrer", "id"], name="referral_code_of_referrer"),
        ]

    def __str__(self) -> str:
        return self.code or "a forgotten code"


class Referral(models.Model):
    """That a member came with somebody's code: once in a program (semantics 12.2)."""

    program = models.ForeignKey(ReferralProgram, on_delete=models.PROTECT, related_name="referrals", db_index=False)
    code = models.ForeignKey(ReferralCode, on_delete=models.PROTECT, related_name="referrals", db_index=False)
    referrer = models.ForeignKey(Referrer, on_delete=models.PROTECT, related_name="referrals", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="referrals", db_index=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "program"], name="referred_once_in_a_program")]
        indexes = [
            models.Index(fields=["program", "id"], name="referral_of_program"),
            models.Index(fields=["code", "id"], name="referral_of_code"),
            models.Index(fields=["referrer", "id"], name="referral_of_referrer"),
        ]

    def __str__(self) -> str:
        return f"Referral {self.pk}"


class ReferralReward(Given):
    """The points of one side for one event of a referred member (semantics 12.3). `number` counts the rewards of a
    referral; one that was wholly taken back does not count against the program's limit.
    """

    class Side(models.TextChoices):
        """Who got it."""

        REFERRER = "referrer", "Who referred"
        REFERRED = "referred", "Who was referred"

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="rewards", db_index=False)
    event = models.ForeignKey(
        LoyaltyEvent, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    number = models.PositiveIntegerField()
    side = models.CharField(max_length=8, choices=Side)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", db_index=False)
    # The order that is behind the event, where one is: what goes back of it takes this with it.
    order = models.ForeignKey(
        PurchaseOrder, on_delete=models.PROTECT, related_name="+", null=True, db_index=False, db_constraint=False
    )

    # It is points, no coupon.
    usage_id = None

    class Meta:
        verbose_name = "referral reward"
        constraints = [
            models.UniqueConstraint(fields=["referral", "number", "side"], name="referral_reward_once"),
            models.UniqueConstraint(fields=["referral", "event", "side"], name="referral_reward_once_for_an_event"),
            models.CheckConstraint(condition=NEVER_OVERTAKEN & Q(amount__gt=0), name="referral_reward_never_overtaken"),
        ]
        indexes = [
            models.Index(fields=["order", "id"], name="referral_reward_of_order", condition=Q(order__isnull=False))
        ]

    def __str__(self) -> str:
        return f"reward {self.number} of referral {self.referral_id}"

    @property
    def giver(self) -> str:
        """The referral program's name."""
        return self.referral.program.name

    def told_as(self) -> dict[str, Any]:
        """The referral program, the referral and who got it."""
        program = self.referral.program
        return reward_told(program.pk, program.code, self.referral_id, self.side, self.member_id)


def reward_told(program_id: int, code: str, referral_id: int, side: str, member_id: int) -> dict[str, Any]:
    """A reward as a line of an event's results names it."""
    return {
        "effectType": "mint-points",
        "referralProgramId": program_id,
        "referralProgramCode": code,
        "referralId": referral_id,
        "side": side,
        "memberId": member_id,
    }
