"""What effects did: one row each, from which returns, limits and "why" are worked out."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from campaigns.models.campaigns import Campaign, CampaignAction
from coupons.models import CouponUsage
from ledger.models import Transaction
from loyalty.kernel.models import Organization
from members.models import LoyaltyEvent, Member, PurchaseOrder

# Nothing was given, or as much as was given was taken back or should have been.
NEVER_OVERTAKEN = Q(taken__gte=0, shortfall__gte=0, amount__gte=F("taken") + F("shortfall"))


class Given(models.Model):
    """What was given for an event, and what of it was taken back since.

    `amount` are points or coupons; `taken` of them were taken back, and `shortfall` should have been, but were not
    there any more (8.4). `recipe` says how the amount came about when it was given, so that goods which go back are
    counted by the same measure: the order's document, and the rules that were asked.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, related_name="+", null=True, db_index=False, db_constraint=False
    )
    amount = models.BigIntegerField(default=0)
    taken = models.BigIntegerField(default=0)
    shortfall = models.BigIntegerField(default=0)
    recipe = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True

    @property
    def giver(self) -> str:
        """The name of what gave it."""
        raise NotImplementedError

    def told_as(self) -> dict[str, Any]:
        """What gave it, as a line of an event's results names it."""
        raise NotImplementedError


class Award(Given):
    """What one effect of an action did for one event, once (semantics 9.4, 7.4)."""

    event = models.ForeignKey(
        LoyaltyEvent, on_delete=models.PROTECT, related_name="awards", db_index=False, db_constraint=False
    )
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="awards", db_index=False)
    action = models.ForeignKey(CampaignAction, on_delete=models.PROTECT, related_name="+", db_index=False)
    position = models.PositiveSmallIntegerField()
    effect_type = models.CharField(max_length=40)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="awards", db_index=False)
    # The order that is behind the event, where one is: what goes back of it takes this with it.
    order = models.ForeignKey(
        PurchaseOrder, on_delete=models.PROTECT, related_name="awards", null=True, db_index=False, db_constraint=False
    )
    usage = models.ForeignKey(CouponUsage, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    # Counts against the campaign's limit of this month; null where it has none.
    month = models.DateField(null=True)

    class Meta:
        constraints = [
            # The usage tells apart the coupons of one effect; nothing else gives more than one thing.
            models.UniqueConstraint(
                fields=["event", "action", "position"], condition=Q(usage__isnull=True), name="award_once"
            ),
            models.UniqueConstraint(fields=["usage"], condition=Q(usage__isnull=False), name="award_usage_once"),
            models.CheckConstraint(condition=NEVER_OVERTAKEN, name="award_never_overtaken"),
        ]
        indexes = [
            models.Index(fields=["member", "id"], name="award_of_member"),
            models.Index(fields=["campaign", "id"], name="award_of_campaign"),
            models.Index(fields=["order", "id"], name="award_of_order", condition=Q(order__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.effect_type} {self.pk}"

    @property
    def giver(self) -> str:
        """The campaign's name."""
        return self.campaign.name

    def told_as(self) -> dict[str, Any]:
        """The campaign, the action and the effect."""
        return {
            "effectType": self.effect_type,
            "campaignId": self.campaign_id,
            "campaignCode": self.campaign.code,
            "actionId": self.action_id,
        }


class MonthlyPoints(models.Model):
    """The points a campaign with a monthly limit gave a member in one local month, less those taken back (9.3)."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", db_index=False)
    month = models.DateField()
    points = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "campaign", "month"], name="monthly_points_once"),
            models.CheckConstraint(condition=Q(points__gte=0), name="monthly_points_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.points} in {self.month}"
