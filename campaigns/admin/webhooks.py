"""Webhooks on the console: who is told what, whether it arrives, and what to do where it does not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from campaigns.models import Delivery, EventTrigger
from campaigns.services import create_trigger, replay_all, rotate_secret, send_test, update_trigger
from campaigns.tasks import ring_for_trigger
from loyalty.kernel import clock
from loyalty.kernel.desk import Act, Done, HouseAdmin, Line, Panel, Preview, link_to, number, state, when
from loyalty.kernel.roles import ADMIN
from members.models import EventType

READS = "campaigns:read"
DELIVERIES_SHOWN = 15


class _Webhook(Act):
    """What a person says of a webhook."""

    needs = ADMIN
    name = forms.CharField(max_length=255, help_text="Who is told, like “Newsletter”.")
    url = forms.CharField(max_length=2000, label="Address", help_text="Begins with https:// and is public.")
    event_types = forms.MultipleChoiceField(
        required=False,
        choices=EventType.choices,
        widget=forms.CheckboxSelectMultiple,
        label="Told of",
        help_text="Nothing ticked: of everything.",
    )
    headers = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Sent along, one on each line, like “X-Shop: 7”.",
    )

    def clean_headers(self) -> dict[str, str]:
        """Names and values."""
        found: dict[str, str] = {}
        for line in filter(str.strip, self.cleaned_data["headers"].splitlines()):
            name, colon, value = line.partition(":")
            if not colon or name.strip() in found:
                raise forms.ValidationError("Write each header once, on a line like “X-Shop: 7”.")
            found[name.strip()] = value.strip()
        return found

    def refuse(self, error: Any) -> None:
        """The services speak of settings, the form of its fields."""
        if getattr(error, "field", None):
            error.field = error.field.removeprefix("settings.")
        super().refuse(error)

    def said(self) -> dict[str, Any]:
        """The fields as services take them."""
        return {name: self.cleaned_data[name] for name in ("name", "url", "event_types", "headers")}


class CreateWebhook(_Webhook):
    """Another address that is told."""

    slug, title, verb, icon = "create", "New webhook", "Create", "add"
    about = "Everything it is told is signed. The secret for that is shown once, on the next page."

    def act(self) -> Done:
        """Create it."""
        made = create_trigger(organization_id=self.organization.pk, actor=self.actor, at=self.at, **self.said())
        return Done(f"{made.trigger} is told from now on.", made.trigger, [("Secret", made.secret)])


class EditWebhook(_Webhook):
    """Change a webhook."""

    slug, title, icon = "edit", "Edit", "edit"
    active = forms.BooleanField(required=False, help_text="Turned off, it sends nothing, and what waits is dropped.")

    def starts(self) -> dict[str, Any]:
        """As it is."""
        names = ("name", "url", "event_types", "active")
        lines = "\n".join(f"{name}: {value}" for name, value in self.target.headers.items())
        return {**{name: getattr(self.target, name) for name in names}, "headers": lines}

    def act(self) -> Done:
        """Update it."""
        said = {**self.said(), "active": self.cleaned_data["active"]}
        changed = update_trigger(trigger=self.target, changes=said, actor=self.actor, at=self.at)
        ring_for_trigger(changed.pk)
        return Done(f"{changed} is saved.", changed)


class RotateSecret(Act):
    """A new secret to sign with."""

    slug, title, verb, icon, needs = "rotate", "Rotate secret", "Make a new secret", "autorenew", ADMIN
    about = "For a while everything is signed with both, so that the receiver can be told the new one meanwhile."
    asks_reason = True

    overlap_hours = forms.IntegerField(
        min_value=0, max_value=24 * 30, initial=24, help_text="How many hours the old secret signs as well."
    )

    def act(self) -> Done:
        """Rotate it."""
        made = rotate_secret(
            trigger=self.target,
            overlap=timedelta(hours=self.cleaned_data["overlap_hours"]),
            actor=self.actor,
            at=self.at,
            reason=self.reason,
        )
        ring_for_trigger(made.trigger.pk)
        return Done(f"{made.trigger} has a new secret.", made.trigger, [("Secret", made.secret)])


class SendTest(Act):
    """See whether anything arrives."""

    slug, title, verb, icon, needs = "test", "Send a test", "Send it", "send", ADMIN
    about = "A test is told to the address once; what comes of it stands among the deliveries a moment later."

    @classmethod
    def fits(cls, target: EventTrigger) -> bool:
        """What is turned off sends nothing."""
        return target.active

    def act(self) -> Done:
        """Send it."""
        made = send_test(trigger=self.target, actor=self.actor, at=self.at)
        ring_for_trigger(self.target.pk)
        return Done(f"A test is on its way to {self.target}.", made)


class ReplayAll(Act):
    """Everything that was given up, once more."""

    slug, title, verb, icon, needs = "replay", "Send failed ones again", "Send them again", "replay", ADMIN
    about = "Everything that was given up is sent once more, with eight tries each and the numbers it had."
    asks_reason = True

    @classmethod
    def fits(cls, target: EventTrigger) -> bool:
        """Where something was given up, and can be sent."""
        return target.active and _given_up().filter(trigger=target).exists()

    def preview(self) -> Preview:
        """How many."""
        count = _given_up().filter(trigger=self.target).count()
        return Preview(f"{count:,} deliveries are sent again.", [Line("Address", self.target.url, self.target.url)])

    def act(self) -> Done:
        """Send them."""
        count = replay_all(trigger=self.target, actor=self.actor, at=self.at, reason=self.reason)
        ring_for_trigger(self.target.pk)
        return Done(f"{count:,} deliveries are on their way again.", self.target)


def _given_up() -> QuerySet[Delivery]:
    return Delivery.objects.filter(state=Delivery.State.FAILED, event__isnull=False)


@admin.register(EventTrigger)
class EventTriggerAdmin(HouseAdmin):
    """The addresses that are told what happens to members."""

    reads = READS
    list_display = ["name", "url", "told_of", "stands"]
    list_filter = ["active"]
    ordering = ("name", "pk")
    search_fields = ["name"]
    creates = CreateWebhook
    acts = (EditWebhook, SendTest, ReplayAll, RotateSecret)
    says_empty = "A webhook tells another program, at an address of its own, what happens to members."
    facts = (
        ("Webhook", ("name", "stands", "url", "told_of", "sent_along")),
        ("Secret", ("both_until",)),
        ("Row", ("id", "created_at", "updated_at")),
    )

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With whether anything was given up."""
        return _with_failures(super().everything(request))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With whether anything was given up."""
        return _with_failures(super().get_queryset(request))

    def panels(self, request: HttpRequest, target: Any, at: datetime) -> Iterable[Panel]:
        """What it was told last."""
        newest = Delivery.objects.filter(trigger=target).select_related("event").order_by("-pk")[:DELIVERIES_SHOWN]
        rows = [
            (
                link_to(one),
                told_of(one),
                state(one.get_state_display()),
                number(one.tries),
                one.last_answer,
                when(one.created_at),
            )
            for one in newest
        ]
        more = reverse("admin:campaigns_delivery_changelist")
        yield Panel(
            "Deliveries",
            ("Delivery", "Told of", "State", "Tries", "Last answer", "Happened"),
            rows,
            empty="Nothing was told yet.",
            more=f"{more}?trigger={target.pk}" if rows else "",
        )

    @admin.display(description="State")
    def stands(self, trigger: Any) -> SafeString:
        """Whether it is on, and whether it is heard."""
        if not trigger.active:
            return state("inactive")
        if trigger.failures:
            return state("not reached")
        return state("failed" if trigger.has_failed else "active")

    @admin.display(description="Told of")
    def told_of(self, trigger: EventTrigger) -> str:
        """The types, in words."""
        return ", ".join(EventType(word).label for word in trigger.event_types) or "everything"

    @admin.display(description="Headers")
    def sent_along(self, trigger: EventTrigger) -> str:
        """By their names: what follows may be a key."""
        return ", ".join(trigger.headers)

    @admin.display(description="Old secret signs too until")
    def both_until(self, trigger: EventTrigger) -> Any:
        """After a rotation."""
        until = trigger.previous_secret_until
        return when(until if until is not None and until > clock.now() else None)


def _with_failures(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.annotate(
        has_failed=Exists(_given_up().filter(trigger=OuterRef("pk"), organization=OuterRef("organization")))
    )


def told_of(delivery: Delivery) -> str:
    """What a delivery tells, in words."""
    event = delivery.event
    if event is None:
        return "Test"
    return EventType(event.event_type).label if event.event_type in EventType.values else event.event_type
