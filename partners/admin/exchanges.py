"""Exchanges on the console: each issue with its entries, and what to do where it has not ended well."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from loyalty.kernel.desk import Act, Done, HouseAdmin, Line, Panel, Preview, number, state, when
from loyalty.kernel.tasks import ring_for
from partners.admin.display import READS, WRITES, price
from partners.models import Exchange, ExchangeEntry, PartnerProgram
from partners.services import retry_exchange, reverse_exchange


class Retry(Act):
    """Ask the program once more."""

    slug, title, verb, icon, needs = "retry", "Try again", "Ask the program again", "replay", WRITES
    about = "The program is asked how it stands, and told again where it has not heard."
    asks_reason = True

    @classmethod
    def fits(cls, target: Exchange) -> bool:
        """What has failed."""
        return target.state == Exchange.State.FAILED

    def act(self) -> Done:
        """Ask."""
        job = retry_exchange(exchange=self.target, actor=self.actor, at=self.at, reason=self.reason)
        ring_for(job.pk)
        return Done("The program is asked again; what comes of it stands here a moment later.", self.target)


class Cancel(Retry):
    """Take a failed one back."""

    slug, title, verb, icon = "cancel", "Cancel and reverse", "Cancel it", "undo"
    about = "The program is told never to give these points. Where it has given them already, the issue stands."
    is_dangerous = True

    def preview(self) -> Preview:
        """What comes back."""
        return _preview(self.target)

    def act(self) -> Done:
        """Have it cancelled."""
        job = retry_exchange(exchange=self.target, actor=self.actor, at=self.at, reason=self.reason, reversing=True)
        ring_for(job.pk)
        return Done("The program is told; what comes of it stands here a moment later.", self.target)


class Reverse(Act):
    """Take an issue back."""

    slug, title, verb, icon, needs = "reverse", "Reverse", "Reverse it", "undo", WRITES
    about = "The member's points, what is owed for them and what was paid are taken back. It is in the next statement."
    asks_reason = True
    is_dangerous = True

    @classmethod
    def fits(cls, target: Exchange) -> bool:
        """What was issued in a program of this installation."""
        in_house = target.program.connector == PartnerProgram.Connector.IN_HOUSE
        return in_house and not target.is_sandbox and target.state == Exchange.State.ISSUED

    def preview(self) -> Preview:
        """What comes back."""
        return _preview(self.target)

    def act(self) -> Done:
        """Reverse it."""
        reverse_exchange(exchange=self.target, actor=self.actor, at=self.at, reason=self.reason)
        return Done(f"{self.target} is reversed.", self.target)


def _preview(exchange: Exchange) -> Preview:
    return Preview(
        f"{exchange.points:,} points of {exchange.program} are taken back.",
        [
            Line("Points", number(exchange.points), number(0)),
            Line(f"Paid by {exchange.client.partner}", f"{exchange.value:,} {exchange.currency}", "nothing"),
        ],
    )


class NotEndedFilter(admin.SimpleListFilter):
    """Those that need a hand, or wait for a program."""

    title, parameter_name = "needs a hand", "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The one question."""
        return [("1", "Not ended")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those."""
        return queryset.filter(state__in=["pending", "failed", "reversing"]) if self.value() else queryset


@admin.register(Exchange)
class ExchangeAdmin(HouseAdmin):
    """What was issued, the newest first."""

    reads = READS
    list_display = ["reference_number", "program", "client", "shown_points", "shown_value", "stands", "created_at"]
    list_select_related = ["program", "client"]
    list_filter = [NotEndedFilter]
    search_fields = ["reference_number"]
    search_help_text = "The whole reference number"
    acts = (Retry, Cancel, Reverse)
    says_empty = "What clients issue in partners' programs stands here, with everything that was booked for it."
    facts = (
        ("Issue", ("reference_number", "stands", "says", "environment", "program", "client", "description")),
        ("Value", ("shown_points", "shown_value", "paid_for_a_point", "original_program_id")),
        ("For whom", ("destination_user_id", "destination_user_email", "member")),
        ("When", ("created_at", "ended_at")),
    )

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With everything a page speaks of."""
        return super().everything(request).select_related("program", "client__partner", "member")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the whole reference number, which an index has."""
        term = search_term.strip()
        return (queryset.filter(reference_number=term) if term else queryset), False

    def panels(self, request: HttpRequest, target: Any, at: datetime) -> Iterable[Panel]:
        """What was booked."""
        entries = ExchangeEntry.objects.filter(exchange=target).order_by("pk")
        rows = [
            (
                one.get_kind_display(),
                number(one.points),
                number(one.value),
                one.transaction_id,
                one.money_transaction_id,
                one.credit_transaction_id or "",
                when(one.created_at),
            )
            for one in entries.select_related("statement")
        ]
        headers = ("Entry", "Points", "Value", "Clearing", "Money", "Member's points", "Booked")
        yield Panel("Entries", headers, rows, empty="Nothing is booked for an issue in the sandbox.")

    @admin.display(description="State", ordering="state")
    def stands(self, exchange: Exchange) -> SafeString:
        """How it stands."""
        return state(exchange.get_state_display())

    @admin.display(description="Environment")
    def environment(self, exchange: Exchange) -> str:
        """Whether it counts."""
        return "Sandbox" if exchange.is_sandbox else "Production"

    @admin.display(description="Points")
    def shown_points(self, exchange: Exchange) -> SafeString:
        """Whole points."""
        return number(exchange.points)

    @admin.display(description="Value")
    def shown_value(self, exchange: Exchange) -> SafeString:
        """With its currency."""
        return number(f"{exchange.value:,} {exchange.currency}")

    @admin.display(description="For a point")
    def paid_for_a_point(self, exchange: Exchange) -> str:
        """The client's rate."""
        return price(exchange.rate, exchange.currency)
