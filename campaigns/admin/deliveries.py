"""What webhooks were told, on the console: each delivery with its tries, and those that were given up sent again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from campaigns.admin.webhooks import READS, told_of
from campaigns.models import Delivery, DeliveryTry
from campaigns.selectors import list_triggers
from campaigns.services import replay_delivery
from campaigns.tasks import ring_for_trigger
from loyalty.kernel.desk import Act, Done, HouseAdmin, Panel, link_to, number, seat_of, state, when
from loyalty.kernel.roles import ADMIN

TRIES_SHOWN = 50
# More webhooks than these are not offered in one list.
OFFERED = 100


class ReplayDelivery(Act):
    """One that was given up, once more."""

    slug, title, verb, icon, needs = "replay", "Send again", "Send it again", "replay", ADMIN
    about = "It is sent once more, with eight tries and the number it had."
    asks_reason = True

    @classmethod
    def fits(cls, target: Delivery) -> bool:
        """What was given up, of a webhook that is on."""
        return target.state == Delivery.State.FAILED and not target.is_test and target.trigger.active

    def act(self) -> Done:
        """Send it."""
        made = replay_delivery(delivery=self.target, actor=self.actor, at=self.at, reason=self.reason)
        ring_for_trigger(made.trigger_id)
        return Done(f"{made} is on its way again.", made)


class TriggerFilter(admin.SimpleListFilter):
    """By webhook."""

    title, parameter_name = "webhook", "trigger"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Those of the organization chosen."""
        offered = list_triggers(seat_of(request).organization_id or 0).order_by("name", "pk")[:OFFERED]
        return [(str(one.pk), one.name) for one in offered]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Its deliveries."""
        value = self.value()
        if not value:
            return queryset
        return queryset.filter(trigger=int(value)) if value.isdecimal() and len(value) < 19 else queryset.none()


class GivenUpFilter(admin.SimpleListFilter):
    """Those that need a hand: given up, and no tests."""

    title, parameter_name = "needs a hand", "given_up"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The one question."""
        return [("1", "Given up")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those."""
        return queryset.filter(state=Delivery.State.FAILED, event__isnull=False) if self.value() else queryset


@admin.register(Delivery)
class DeliveryAdmin(HouseAdmin):
    """Deliveries of the organization chosen, the newest first."""

    reads = READS
    list_display = ["named", "trigger", "told", "stands", "tried", "last_answer", "happened_at", "next_at"]
    list_filter = ["state", TriggerFilter, GivenUpFilter]
    list_select_related = ["trigger", "event"]
    acts = (ReplayDelivery,)
    shows_history = True
    says_empty = "What webhooks are told stands here, with every try and what was answered."
    facts = (
        ("Delivery", ("named", "trigger", "told", "stands", "last_answer")),
        ("Order", ("about", "sequence")),
        ("When", ("happened_at", "next_at", "ended_at", "tried", "tries_left")),
    )

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what it tells, and whom."""
        return super().everything(request).select_related("trigger", "event__member")

    def panels(self, request: HttpRequest, target: Any, at: datetime) -> Iterable[Panel]:
        """Every try."""
        tries = DeliveryTry.objects.filter(delivery=target).order_by("-number")[:TRIES_SHOWN]
        rows = [
            (number(one.number), when(one.started_at), when(one.ended_at), number(one.status), one.answer)
            for one in tries
        ]
        yield Panel("Tries", ("Try", "Begun", "Ended", "Status", "Answer"), rows, empty="It was not tried yet.")

    @admin.display(description="Delivery", ordering="id")
    def named(self, delivery: Delivery) -> str:
        """Its number."""
        return str(delivery)

    @admin.display(description="Told of")
    def told(self, delivery: Delivery) -> str:
        """What happened."""
        return told_of(delivery)

    @admin.display(description="State", ordering="state")
    def stands(self, delivery: Delivery) -> SafeString:
        """How it stands."""
        return state(delivery.get_state_display())

    @admin.display(description="About")
    def about(self, delivery: Delivery) -> Any:
        """Whose events it is counted with."""
        if delivery.event is None or delivery.event.member is None:
            return "–"
        return link_to(delivery.event.member)

    @admin.display(description="Tries")
    def tried(self, delivery: Delivery) -> SafeString:
        """How often."""
        return number(delivery.tries)

    @admin.display(description="Happened")
    def happened_at(self, delivery: Delivery) -> SafeString:
        """When."""
        return when(delivery.created_at)

    @admin.display(description="Next try")
    def next_at(self, delivery: Delivery) -> SafeString:
        """When, while it waits."""
        return when(delivery.next_try_at if delivery.state == Delivery.State.WAITING else None)
