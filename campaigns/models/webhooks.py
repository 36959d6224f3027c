"""Webhooks: who is told of events, what waits to be told, and how it went."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from loyalty.kernel.models import Organization
from members.models import LoyaltyEvent

TRIES = 8


class EventTrigger(models.Model):
    """An address that is told of an organization's events (semantics 7.6), of some types or (`event_types` empty) all.

    What it is told is signed with `secret`; after a rotation with `previous_secret` too, until `previous_secret_until`.
    One worker at a time works on it, not before `next_run_at`: a worker moves that ahead while it is at work, and so
    does a receiver that cannot be reached (`failures` times in a row by now).
    """

    class Type(models.TextChoices):
        """How it tells."""

        WEBHOOK = "WebHook", "Webhook"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+", db_index=False)
    type = models.CharField(max_length=7, choices=Type, default=Type.WEBHOOK)
    name = models.CharField(max_length=255)
    active = models.BooleanField(default=True)
    url = models.CharField("address", max_length=2000)
    secret = models.CharField(max_length=255, editable=False)
    previous_secret = models.CharField(max_length=255, blank=True, default="", editable=False)
    previous_secret_until = models.DateTimeField(null=True, blank=True, editable=False)
    headers = models.JSONField(default=dict, blank=True)
    event_types = models.JSONField(default=list, blank=True)
    next_run_at = models.DateTimeField()
    failures = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "webhook"
        constraints = [
            models.CheckConstraint(
                condition=Q(url__startswith="https://") | Q(url__startswith="http://"), name="trigger_calls_the_web"
            ),
            models.CheckConstraint(condition=~Q(secret=""), name="trigger_has_a_secret"),
            models.CheckConstraint(
                condition=Q(previous_secret="", previous_secret_until__isnull=True)
                | (~Q(previous_secret="") & Q(previous_secret_until__isnull=False)),
                name="trigger_previous_secret_ends",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "id"], name="trigger_of_organization"),
            models.Index(fields=["organization"], name="trigger_listening", condition=Q(active=True)),
        ]

    def __str__(self) -> str:
        return self.name

    def secrets_at(self, at: datetime) -> list[str]:
        """What to sign with, the newest first."""
        old = self.previous_secret_until is not None and self.previous_secret_until > at
        return [self.secret, self.previous_secret] if old else [self.secret]


class Delivery(models.Model):
    """One event to be told to one address, written in the same transaction as the event; or (without event) a test.

    Its `sequence` counts what the address is told of one `subject`: a member, or (0) the organization itself. It is
    given when the delivery is first looked at after its commit, so that only what is lost leaves a gap. It is due at
    `next_try_at` and was tried `tries` times; `tries_left` are left before it is given up, which is what `failed` says.
    What waits when its trigger is turned off is `dropped`.
    """

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"
        DROPPED = "dropped", "Dropped"

    # Not checked again by the database: these rows were just read or written, and nobody can delete them.
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    trigger = models.ForeignKey(
        EventTrigger,
        on_delete=models.PROTECT,
        related_name="deliveries",
        db_index=False,
        db_constraint=False,
        verbose_name="webhook",
    )
    event = models.ForeignKey(
        LoyaltyEvent, on_delete=models.PROTECT, related_name="+", null=True, db_index=False, db_constraint=False
    )
    subject = models.BigIntegerField()
    sequence = models.BigIntegerField(null=True, blank=True)
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    tries = models.PositiveIntegerField(default=0)
    tries_left = models.PositiveSmallIntegerField(default=TRIES)
    next_try_at = models.DateTimeField()
    last_answer = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "webhook delivery"
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.UniqueConstraint(fields=["event", "trigger"], name="delivery_once_for_event"),
            models.UniqueConstraint(
                fields=["trigger", "subject", "sequence"],
                condition=Q(sequence__isnull=False),
                name="delivery_sequence_once",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", ended_at__isnull=True) | (~Q(state="waiting") & Q(ended_at__isnull=False)),
                name="delivery_ends_or_waits",
            ),
            models.CheckConstraint(
                condition=Q(state="failed", tries_left=0) | (~Q(state="failed") & Q(tries_left__gt=0)),
                name="delivery_fails_when_no_try_is_left",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "id"], name="delivery_of_organization"),
            models.Index(fields=["trigger", "id"], name="delivery_of_trigger"),
            models.Index(
                fields=["trigger", "next_try_at", "id"], name="delivery_waiting", condition=Q(state="waiting")
            ),
            models.Index(
                fields=["trigger", "id"],
                name="delivery_without_number",
                condition=Q(sequence__isnull=True, event__isnull=False),
            ),
            models.Index(
                fields=["organization", "trigger"],
                name="delivery_given_up",
                condition=Q(state="failed", event__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Delivery {self.pk}"

    @property
    def is_test(self) -> bool:
        """Whether it tells of nothing that happened."""
        return self.event_id is None


class DeliveryTry(models.Model):
    """One try to tell; begun before anything is sent, so that a worker that dies leaves it without an end."""

    delivery = models.ForeignKey(
        Delivery, on_delete=models.PROTECT, related_name="attempts", db_index=False, db_constraint=False
    )
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    # The status of the answer; none where nobody answered.
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    answer = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        verbose_name = "try of a webhook"
        verbose_name_plural = "tries of webhooks"
        constraints = [
            # Two workers never begin the same try.
            models.UniqueConstraint(fields=["delivery", "number"], name="try_once"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")), name="try_ends_after_it_began"
            ),
        ]

    def __str__(self) -> str:
        return f"Try {self.number} of delivery {self.delivery_id}"
