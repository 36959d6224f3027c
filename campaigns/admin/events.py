"""What happened to members, on the console: what campaigns made of it, line by line, and what failed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter

from campaigns.admin.display import lines_panel, rule_text, type_word
from campaigns.services import evaluate_event
from loyalty.kernel.desk import Act, Done, Panel, copyable, link_to, seat_of, state, when
from loyalty.kernel.desk.display import NOTHING
from loyalty.kernel.desk.found import Asks, FoundList, whole_number
from members.admin.found import FoundAdmin, MemberFilter, is_odd, person_named
from members.models import LoyaltyEvent

CAUSED_SHOWN = 50
Status = LoyaltyEvent.Status


class TryAgain(Act):
    """What failed, once more."""

    slug, title, verb, icon, needs = "try-again", "Try again", "Try it again", "replay", "campaigns:write"
    about = "What was done stays and is not done twice; only what failed is tried again."

    @classmethod
    def fits(cls, target: LoyaltyEvent) -> bool:
        """What failed, of a member."""
        return target.status == Status.FAILED and target.member_id is not None

    def act(self) -> Done:
        """Evaluate it."""
        evaluate_event(self.target, actor=self.actor, at=self.at)
        fresh = LoyaltyEvent.objects.get(pk=self.target.pk)
        says = "is done" if fresh.status == Status.SUCCESS else "failed again"
        return Done(f"Event {fresh.pk} {says}.", fresh)


class StateFilter(Asks, DropdownFilter):
    """Those that want a hand."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        """The one an index knows."""
        return [("failed", "Failed")]


class EventList(FoundList):
    """The newest events of a member, one that is named, or those that failed."""

    says_capped = "Search for an event's unique key to see any other."

    def look(self, organization_id: int, request: HttpRequest) -> tuple[list[int], bool]:
        """What is named, else what the filters ask for; without either what failed."""
        text, asked = self.query.strip(), self.asked.get("member")
        mine = LoyaltyEvent.objects.filter(organization_id=organization_id)
        if text:
            if is_odd(text):
                return [], False
            return self._named(mine, text) or self._of_person(mine, text, request), False
        if asked:
            member_id = whole_number(asked)
            return ([] if member_id is None else self._of_member(mine, member_id)), False
        if not self.asked.get("state"):
            self.note = "These failed. Search for a member, or for an event's unique key, to see others."
        failed = mine.filter(status=Status.FAILED)
        return list(failed.order_by("-pk").values_list("pk", flat=True)[: self.most + 1]), False

    @staticmethod
    def _named(mine: QuerySet[LoyaltyEvent], text: str) -> list[int]:
        pk = whole_number(text)
        found = list(mine.filter(unique_key=text).values_list("pk", flat=True))
        return found or ([] if pk is None else list(mine.filter(pk=pk).values_list("pk", flat=True)))

    def _of_person(self, mine: QuerySet[LoyaltyEvent], text: str, request: HttpRequest) -> list[int]:
        """The events of whom the text names."""
        member = person_named(seat_of(request).organization_id or 0, text, request)
        return [] if member is None else self._of_member(mine, member.pk)

    def _of_member(self, mine: QuerySet[LoyaltyEvent], member_id: int) -> list[int]:
        rows = mine.filter(member_id=member_id).order_by("-created_at", "-pk")
        if self.asked.get("state") == "failed":
            rows = rows.filter(status=Status.FAILED)
        return list(rows.values_list("pk", flat=True)[: self.most + 1])

    def read(self, ids: Sequence[int], request: HttpRequest) -> list[Any]:
        """The events, in their order."""
        rows = LoyaltyEvent.objects.select_related("member").in_bulk(ids)
        return [rows[pk] for pk in ids if pk in rows]


@admin.register(LoyaltyEvent)
class EventAdmin(FoundAdmin):
    """What happened. To whom is for those who may read members."""

    reads = "campaigns:read"
    asked = frozenset({"member", "state"})
    list_display = ["named", "what", "who", "happened", "stands", "came_to"]
    list_filter = [StateFilter, MemberFilter]
    found_by = EventList
    search_help_text = "The number or the unique key of an event, or a member"
    acts = (TryAgain,)
    shows_history = False
    says_empty = (
        "Everything that happens to members stands here, with what campaigns made of it. Nothing has failed; search for"
        " a member to see what happened."
    )

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a reading page speaks of."""
        return super().everything(request).select_related("member", "caused_by", "transaction__account")

    def name_of(self, target: LoyaltyEvent) -> str:
        """What happened, and its number."""
        return f"{type_word(target.event_type)} #{target.pk}"

    def get_facts(self, request: HttpRequest, target: LoyaltyEvent) -> Sequence[tuple[str, Sequence[str]]]:
        """What happened, to whom, and what it told, as far as the person may see that."""
        seat = seat_of(request)
        who = ("who",) if seat.may("members:read", target.organization_id) else ()
        moved = ("moved",) if seat.may("ledgers:read", target.organization_id) and target.transaction_id else ()
        return (
            ("Event", ("named", "what", *who, "stands", *moved)),
            ("When", ("happened", "created_at", "caused")),
            ("Told", ("own_key", "other_id", "description", "labels", "told")),
        )

    def panels(self, request: HttpRequest, target: LoyaltyEvent, at: datetime) -> Iterable[Panel]:
        """What campaigns made of it, and what that brought about."""
        empty = "No active campaign waited for this."
        seat = seat_of(request)
        yield lines_panel("What campaigns made of it", target.execution_results, seat, target.organization_id, empty)
        told = _told_by(target)
        if told:
            rows = [(link_to(one, self.name_of(one)), state(one.get_status_display())) for one in told]
            yield Panel("It brought about", ("Event", "State"), rows)

    # --- columns and facts ---
    @admin.display(description="Event")
    def named(self, event: LoyaltyEvent) -> str:
        """Its number."""
        return f"#{event.pk}"

    @admin.display(description="What")
    def what(self, event: LoyaltyEvent) -> str:
        """What happened."""
        return type_word(event.event_type)

    @admin.display(description="Member")
    def who(self, event: LoyaltyEvent) -> SafeString:
        """To whom."""
        return link_to(event.member)

    @admin.display(description="Happened")
    def happened(self, event: LoyaltyEvent) -> SafeString:
        """When, in the world."""
        return when(event.external_event_at or event.created_at)

    @admin.display(description="State")
    def stands(self, event: LoyaltyEvent) -> SafeString:
        """How far the work on it is."""
        return state(event.get_status_display())

    @admin.display(description="Came to")
    def came_to(self, event: LoyaltyEvent) -> str:
        """How many lines came to what."""
        return came_to(event)

    @admin.display(description="Brought about by")
    def caused(self, event: LoyaltyEvent) -> Any:
        """The event an effect of which it is."""
        return NOTHING if event.caused_by is None else link_to(event.caused_by, self.name_of(event.caused_by))

    @admin.display(description="Points")
    def moved(self, event: LoyaltyEvent) -> Any:
        """The transaction it tells of."""
        return link_to(event.transaction)

    @admin.display(description="Unique key")
    def own_key(self, event: LoyaltyEvent) -> SafeString:
        """The key that makes it once."""
        return copyable(event.unique_key)

    @admin.display(description="External id")
    def other_id(self, event: LoyaltyEvent) -> SafeString:
        """What another system calls it."""
        return copyable(event.external_id)

    @admin.display(description="Tags")
    def labels(self, event: LoyaltyEvent) -> Any:
        """Its tags."""
        return ", ".join(event.tags) or NOTHING

    @admin.display(description="Payload")
    def told(self, event: LoyaltyEvent) -> Any:
        """What it tells."""
        return rule_text(json.dumps(event.payload, ensure_ascii=False, indent=1)) if event.payload else NOTHING


def _told_by(event: LoyaltyEvent) -> list[LoyaltyEvent]:
    """The events that its effects told."""
    numbers = [line["loyaltyEventId"] for line in event.execution_results if "loyaltyEventId" in line]
    mine = LoyaltyEvent.objects.filter(organization_id=event.organization_id, pk__in=numbers)
    return list(mine.order_by("pk")[:CAUSED_SHOWN]) if numbers else []


def came_to(event: LoyaltyEvent) -> str:
    """What the lines of an event came to, in a few words."""
    results = [line["result"] for line in event.execution_results]
    words = (
        ("applied", "done"),
        ("limited", "limited"),
        ("failed", "failed"),
        ("returned", "taken back"),
        ("nothing", "came to nothing"),
        ("skipped", "did not hold"),
        ("not-matched", "did not apply"),
    )
    parts = [f"{results.count(result)} {word}" for result, word in words if result in results]
    return ", ".join(parts) or "nobody waited for it"
