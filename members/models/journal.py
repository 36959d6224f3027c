"""The journal: what happened to members, and how their tiers went."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from ledger.models import Transaction
from loyalty.kernel.models import Organization
from members.models.members import Member
from members.models.programs import LoyaltyProgram, LoyaltyTier


class EventType(models.TextChoices):
    """The types of events that are built in (semantics 0.15)."""

    ORDER_CREATED = "member-purchase-order-created", "Order placed"
    ORDER_CONFIRMED = "member-purchase-order-confirmed", "Order confirmed"
    ORDER_CANCELLED = "member-purchase-order-cancelled", "Order cancelled"
    ORDER_RETURNED = "member-purchase-order-returned", "Order returned"
    ORDER_PARTIALLY_RETURNED = "member-purchase-order-partially-returned", "Order returned in part"
    MEMBER_CREATED = "member-created", "Joined"
    MEMBER_UPDATED = "member-updated", "Profile changed"
    TIER_SET = "member-tier-set", "Tier changed"
    TIER_REMOVED = "member-tier-removed", "Tier taken away"
    DEACTIVATED = "member-profile-deactivated", "Blocked"
    GENERIC = "member-generic-event", "Something happened"
    BENEFIT_USED = "benefit-used", "Benefit used"
    COUPON_ASSIGNED = "coupon-code-assigned", "Coupon given"
    COUPON_USED = "coupon-code-used", "Coupon used"
    BADGE_MINTED = "badge-minted", "Badge given"
    MISSION_UPDATED = "mission-status-updated", "Mission moved on"
    TRANSACTION_CREATED = "ledger-transaction-created", "Points moved"


class LoyaltyEvent(models.Model):
    """Something that happened, written in the same transaction as what it announces.

    Its type is built in or one of the organization's own. Only its `status` and `execution_results` change, while it
    is worked on; the erasure of a person blanks what was personal in it. What the ledger posted stands in
    `transaction`, which says the rest.
    """

    class Status(models.TextChoices):
        """How far the work on it is."""

        PENDING = "pending", "Waiting"
        RUNNING = "running", "Running"
        FAILED = "failed", "Failed"
        SUCCESS = "success", "Done"

    # Organization, member and transaction are not checked again by the database: the ledger has just written the
    # transaction, and nobody can delete it or the member. Checks for each row of a bulk cost more than the row.
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    event_type = models.CharField(max_length=100)
    status = models.CharField(max_length=7, choices=Status, default=Status.SUCCESS)
    member = models.ForeignKey(
        Member,
        on_delete=models.PROTECT,
        related_name="events",
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
    )
    transaction = models.ForeignKey(
        Transaction,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
    )
    unique_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 - null is "none", many have none
    external_id = models.CharField(max_length=255, blank=True, default="")
    description = models.CharField(max_length=1000, blank=True, default="")
    payload = models.JSONField(default=dict, blank=True)
    tags = models.JSONField(default=list, blank=True)
    external_event_at = models.DateTimeField(null=True, blank=True)
    execution_results = models.JSONField(default=list, blank=True)
    # Tells a repeat under the same unique key from another event.
    content_hash = models.CharField(max_length=32, null=True, blank=True)  # noqa: DJ001 - null is "no key", many have none
    # The event an effect of which this is, and how many such steps lie behind it.
    caused_by = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False, db_constraint=False
    )
    depth = models.PositiveSmallIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "event"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "unique_key"], condition=Q(unique_key__isnull=False), name="event_key_once"
            )
        ]
        indexes = [
            models.Index(fields=["member", "created_at", "id"], name="event_of_member"),
            models.Index(fields=["created_at", "id"], name="event_waiting", condition=Q(status="pending")),
            # For counting: an event is in one of them, by when it happened.
            models.Index(
                fields=["organization", "event_type", "status", "created_at"],
                name="event_by_type",
                condition=Q(external_event_at__isnull=True),
            ),
            models.Index(
                fields=["organization", "event_type", "status", "external_event_at"],
                name="event_by_own_date",
                condition=Q(external_event_at__isnull=False),
            ),
            # They are few, and want a hand.
            models.Index(fields=["organization", "id"], name="event_failed", condition=Q(status="failed")),
        ]

    def __str__(self) -> str:
        return self.event_type


class TierChange(models.Model):
    """One change of the tier that counts for a member in a program; written once, never changed."""

    class Reason(models.TextChoices):
        """What changed it."""

        SYSTEM = "system", "Reached by points"
        MANUAL = "manual", "Given by hand"
        EXPIRED = "expired", "Given by hand until now"
        REMOVED = "removed", "Taken away by hand"
        DEFAULT = "default", "The program's default"

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="tier_changes", db_index=False)
    program = models.ForeignKey(LoyaltyProgram, on_delete=models.PROTECT, related_name="+")
    tier = models.ForeignKey(LoyaltyTier, on_delete=models.PROTECT, related_name="+", null=True)
    previous_tier = models.ForeignKey(LoyaltyTier, on_delete=models.PROTECT, related_name="+", null=True)
    reason = models.CharField(max_length=7, choices=Reason)
    actor = models.CharField(max_length=100)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "tier change"
        constraints = [
            # What is not a change is not written (semantics 6.4).
            models.CheckConstraint(
                condition=~Q(tier=models.F("previous_tier")) & ~Q(tier__isnull=True, previous_tier__isnull=True),
                name="tier_change_is_one",
            )
        ]
        indexes = [models.Index(fields=["member", "program", "id"], name="tier_change_of_member")]

    def __str__(self) -> str:
        return f"{self.member} in {self.program}: {self.reason}"
