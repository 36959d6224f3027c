"""Missions: what members are to do how often, how far they are, and the journal of what was counted and achieved."""

from __future__ import annotations

from datetime import date, datetime

from django.db import models
from django.db.models import F, Q

from campaigns.models.matchers import ActionMatcher
from ledger.models import Ledger, LedgerAccount, Transaction
from loyalty.kernel.models import Organization
from members.models import Audience, EventType, LoyaltyEvent, LoyaltyProgram, Member, PurchaseOrder

# The first day of what is counted over the whole time, and not for each period by itself.
WHOLE_TIME = date.min


class Mission(models.Model):
    """Something members of a program do several times, and are given points for (semantics 11).

    `key` and `repetition_period` never change. `goal_count` counted is one achievement; there are at most
    `max_repetitions` of them, and at most `period_limit` in a period (null: no limit, 0: none). `points` are smallest
    units for each achievement (null: none), of the account named, else of the program's main one.
    """

    class Period(models.TextChoices):
        """After which the counter begins anew, in the organization's calendar."""

        DAY = "day", "Day"
        WEEK = "week", "Week"
        MONTH = "month", "Month"
        YEAR = "year", "Year"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    program = models.ForeignKey(LoyaltyProgram, on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=100)
    code = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    short_description = models.CharField(max_length=1000, blank=True, default="")
    description = models.TextField(blank=True, default="")
    picture_url = models.CharField(max_length=2000, blank=True, default="")
    custom_attributes = models.JSONField(default=dict, blank=True)
    type = models.CharField(max_length=100, blank=True, default="")
    tags = models.JSONField(default=list, blank=True)
    active = models.BooleanField(default=True)
    event_type = models.CharField(max_length=100, choices=EventType)
    audience = models.ForeignKey(
        Audience, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    matcher = models.ForeignKey(
        ActionMatcher, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_to = models.DateTimeField(null=True, blank=True)
    goal_count = models.BigIntegerField()
    max_repetitions = models.BigIntegerField()
    repetition_period = models.CharField(max_length=5, choices=Period, blank=True, default="")
    period_limit = models.BigIntegerField(null=True, blank=True)
    points = models.BigIntegerField(null=True, blank=True)
    ledger = models.ForeignKey(
        Ledger, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    account = models.ForeignKey(
        LedgerAccount, on_delete=models.PROTECT, related_name="+", null=True, blank=True, db_index=False
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="mission_key_once"),
            models.UniqueConstraint(fields=["organization", "code"], name="mission_code_once"),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True) | Q(valid_to__isnull=True) | Q(valid_from__lt=F("valid_to")),
                name="mission_valid_for_some_time",
            ),
            models.CheckConstraint(
                condition=Q(goal_count__gte=1, max_repetitions__gte=1)
                & (Q(period_limit__isnull=True) | Q(period_limit__gte=0))
                & (Q(points__isnull=True) | Q(points__gte=0)),
                name="mission_numbers_fit",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "id"], name="mission_of_organization"),
            models.Index(fields=["organization", "id"], name="mission_active", condition=Q(active=True)),
        ]

    def __str__(self) -> str:
        return self.name

    def is_valid_at(self, at: datetime) -> bool:
        """Whether `at` is within the mission's time: from its first instant to before its last."""
        return (self.valid_from is None or self.valid_from <= at) and (self.valid_to is None or at < self.valid_to)


class MissionProgress(models.Model):
    """How far a member is: what is counted towards the next achievement, and how often it was achieved.

    One row of WHOLE_TIME, which is locked while something is counted and has all achievements; where the mission has a
    period, beside it one row for each, by its first local day, with the period's own counter and achievements.
    """

    mission = models.ForeignKey(Mission, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", db_index=False)
    first_day = models.DateField()
    counter = models.BigIntegerField(default=0)
    achieved = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = "mission progress"
        constraints = [
            models.UniqueConstraint(fields=["member", "mission", "first_day"], name="mission_progress_once"),
            models.CheckConstraint(condition=Q(counter__gte=0, achieved__gte=0), name="mission_progress_not_negative"),
        ]
        indexes = [
            models.Index(fields=["mission", "member"], name="mission_progress_of_mission"),
            # Who achieved how much, over all missions.
            models.Index(
                fields=["mission", "member", "achieved"],
                name="mission_progress_achieved",
                condition=Q(first_day=WHOLE_TIME, achieved__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.counter} of mission {self.mission_id}"


class MissionStep(models.Model):
    """One line of the journal of missions: `amount` counted for a member, in the period that begins on `first_day`.

    Written once; only `taken`, what a return took back of it (semantics 8.4), changes, and no line is deleted
    (triggers). Of a member who was merged into another it becomes that one's, of one who was erased what callers wrote
    is blanked. By an event it is counted once for each mission; a `unique_key` acts once in its organization and kind,
    `content_hash` tells a repeat from another request, and `balance` is what that is answered. `rule` is that of the
    matcher by which the items of an order were counted.
    """

    class Kind(models.TextChoices):
        """What counted it."""

        EVENT = "event", "By an event"
        EFFECT = "effect", "By a campaign"
        HAND = "hand", "By hand"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    mission = models.ForeignKey(Mission, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", db_index=False)
    first_day = models.DateField()
    kind = models.CharField(max_length=6, choices=Kind)
    amount = models.BigIntegerField()
    taken = models.BigIntegerField(default=0)
    event = models.ForeignKey(
        LoyaltyEvent,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
    )
    # The order that is behind the event, where one is: what goes back of it takes this with it.
    order = models.ForeignKey(
        PurchaseOrder,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
    )
    rule = models.TextField(blank=True, default="")
    unique_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 - null is "no key", many have none
    content_hash = models.CharField(max_length=32, blank=True, default="")
    balance = models.JSONField(default=dict, blank=True)
    external_id = models.CharField(max_length=255, blank=True, default="")
    description = models.CharField(max_length=1000, blank=True, default="")
    tags = models.JSONField(default=list, blank=True)
    actor = models.CharField(max_length=100)
    happened_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "mission step"
        constraints = [
            models.UniqueConstraint(
                fields=["event", "mission"], condition=Q(kind="event"), name="mission_step_once_for_event"
            ),
            models.UniqueConstraint(
                fields=["unique_key", "organization", "kind"],
                condition=Q(unique_key__isnull=False),
                name="mission_step_key_once",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, taken__gte=0, taken__lte=F("amount")), name="mission_step_never_overtaken"
            ),
            models.CheckConstraint(
                condition=Q(kind="hand", event__isnull=True, order__isnull=True)
                | Q(kind__in=["event", "effect"], event__isnull=False),
                name="mission_step_fits_its_kind",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "mission", "first_day", "id"], name="mission_step_of_member"),
            models.Index(fields=["mission", "id"], name="mission_step_of_mission"),
            models.Index(fields=["order", "id"], name="mission_step_of_order", condition=Q(order__isnull=False)),
            # For counting: what was not taken back wholly.
            models.Index(
                fields=["organization", "happened_at", "mission", "member"],
                name="mission_step_counted",
                condition=Q(taken__lt=F("amount")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of mission {self.mission_id}"


class MissionAchievement(models.Model):
    """A goal that was reached: the `number`th of its member at that time. Written once; of a member who was merged into
    another it becomes that one's.

    `spent` is what it took off the counter of the period that begins on `first_day`. `points` were minted for it by
    `transaction`, under the `unique_key`.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    mission = models.ForeignKey(Mission, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", db_index=False)
    first_day = models.DateField()
    number = models.BigIntegerField()
    unique_key = models.CharField(max_length=100)
    spent = models.BigIntegerField()
    points = models.BigIntegerField(default=0)
    transaction = models.ForeignKey(
        Transaction,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
    )
    happened_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "mission achievement"
        constraints = [
            models.UniqueConstraint(fields=["unique_key"], name="mission_achievement_once"),
            models.CheckConstraint(
                condition=Q(spent__gte=1, points=0, transaction__isnull=True)
                | Q(spent__gte=1, points__gt=0, transaction__isnull=False),
                name="mission_achievement_is_paid",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "mission", "id"], name="mission_achieved_by_member"),
            models.Index(fields=["mission", "id"], name="mission_achieved"),
            models.Index(
                fields=["organization", "happened_at", "mission", "member", "points"], name="mission_achieved_counted"
            ),
        ]

    def __str__(self) -> str:
        return f"achievement {self.number} of mission {self.mission_id}"
