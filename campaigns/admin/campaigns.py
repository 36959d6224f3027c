"""Campaigns on the console: when each applies, what it gives, what it did, and what it would do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import DateTimeField, Exists, F, OuterRef, Q, QuerySet, Value
from django.http import HttpRequest
from django.utils.safestring import SafeString

from campaigns.admin.action_acts import AddAction
from campaigns.admin.campaign_acts import CAMPAIGN_ACTS, CreateCampaign
from campaigns.admin.campaign_panels import Sums, lately, numbers_panels
from campaigns.admin.display import (
    Accounts,
    account_of,
    conditions_of,
    effect_names,
    effects_shown,
    heard,
    rule_text,
    standing,
)
from campaigns.admin.trying import TryCampaign, TryOut
from campaigns.models import Campaign, CampaignAction
from campaigns.selectors import list_actions, newest_awards
from ledger.admin import Figure, PointsAdmin, points
from loyalty.kernel.desk import Act, Panel, clock_of, link_to, number, seat_of, state, when
from loyalty.kernel.desk.display import NOTHING

AWARDS_SHOWN = 10
ACTIONS_SHOWN = 100


@admin.register(Campaign)
class CampaignAdmin(PointsAdmin):
    """When something is given, and what."""

    reads = "campaigns:read"
    asked = frozenset({"active__exact", "type"})
    list_display = ["name", "stands", "waits_for", "starts", "ends", "program", "type"]
    list_select_related = ["program"]
    list_filter = ["active", "type"]
    search_fields = ["name", "code"]
    search_help_text = "A part of the name or of the code"
    ordering = ("-active", "name", "pk")
    creates = CreateCampaign
    acts = (AddAction, TryCampaign, *CAMPAIGN_ACTS)
    says_empty = (
        "A campaign gives points, coupons or tiers for what members do: double points on Tuesdays, a coupon for the"
        " tenth coffee. Make the first one, say what it gives, try it on a member, and begin it."
    )
    facts = (
        ("Campaign", ("stands", "code", "type", "description", "labels", "picture_url")),
        ("Limit", ("limit", "allow_partial")),
    )

    def list_acts(self, request: HttpRequest) -> Sequence[type[Act]]:
        """A look at all of them together."""
        return (TryOut,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With whether anything of it runs."""
        return _with_running(super().get_queryset(request), clock_of(request))

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a reading page speaks of."""
        rows = super().everything(request).select_related("organization", "program__main_account")
        return _with_running(rows, clock_of(request))

    def find(self, request: HttpRequest, term: str, most: int) -> Iterable[Campaign]:
        """By the code, or by a part of the name."""
        named = Q(code=term) | Q(name__icontains=term)
        return super().get_queryset(request).filter(named).order_by("name", "pk")[:most]

    # --- the reading page ---
    def read_facts(self, request: HttpRequest, target: Any) -> list[tuple[str, list[tuple[str, Any]]]]:
        """When it applies, in words, before everything else."""
        return [("Applies", conditions_of(target)), *super().read_facts(request, target)]

    def figures(self, request: HttpRequest, target: Any, at: datetime) -> Sequence[Figure]:
        """Whom it reached, what it gave, what of that was taken back, and what it costs."""
        target.numbers = lately(target, at)
        note = [("in", "30 days")]
        figures = [Figure("Members reached", number(target.numbers.members), note)]
        if seat_of(request).may("ledgers:read", target.organization_id):
            target.sums = Sums(target.numbers)
            figures += [
                Figure("Points given", target.sums.shown("total"), note),
                Figure(
                    "Taken back", target.sums.shown("taken"), [("could not be taken", target.sums.shown("missing"))]
                ),
                Figure("It costs", target.sums.shown("kept"), [("points", "owed, or spent by now")]),
            ]
        names = effect_names()
        figures += [
            Figure(names.get(kind, kind), number(count), note) for kind, count in sorted(target.numbers.others.items())
        ]
        return figures

    def panels(self, request: HttpRequest, target: Any, at: datetime) -> Iterable[Panel]:
        """What it gives, its numbers over time, what it did last."""
        yield _actions_panel(target)
        seat = seat_of(request)
        if seat.may("ledgers:read", target.organization_id):
            yield from numbers_panels(target, target.sums, at)
        yield self._newest(request, target)

    def _newest(self, request: HttpRequest, target: Campaign) -> Panel:
        seat = seat_of(request)
        tells_people = seat.may("members:read", target.organization_id)
        tells_points = seat.may("ledgers:read", target.organization_id)
        names = effect_names()
        rows = [
            (
                when(award.created_at),
                *((link_to(award.member),) if tells_people else ()),
                names.get(award.effect_type, award.effect_type),
                *((_amount(award),) if tells_points else ()),
                link_to(award.event, f"Event {award.event_id}"),
            )
            for award in newest_awards(target).select_related("member", "event", "transaction__account")[:AWARDS_SHOWN]
        ]
        people, amounts = ("Member",) if tells_people else (), ("Amount",) if tells_points else ()
        headers = ("When", *people, "What", *amounts, "For")
        return Panel("What it did last", headers, rows, empty="It has given nothing yet.")

    # --- columns and facts ---
    @admin.display(description="State")
    def stands(self, campaign: Any) -> SafeString:
        """Whether it is asked, and whether that can come to anything."""
        return state(_standing(campaign))

    @admin.display(description="When this happens")
    def waits_for(self, campaign: Campaign) -> str:
        """What it waits for."""
        return heard(campaign)

    @admin.display(description="From")
    def starts(self, campaign: Campaign) -> SafeString:
        """From when."""
        return when(campaign.valid_from)

    @admin.display(description="To")
    def ends(self, campaign: Campaign) -> SafeString:
        """To when."""
        return when(campaign.valid_to)

    @admin.display(description="Tags")
    def labels(self, campaign: Campaign) -> Any:
        """Its tags."""
        return ", ".join(campaign.tags) or NOTHING

    @admin.display(description="For each member in a month")
    def limit(self, campaign: Campaign) -> Any:
        """The most points."""
        if campaign.monthly_limit is None:
            return "no limit"
        account = account_of(campaign, {})
        return number(campaign.monthly_limit) if account is None else points(campaign.monthly_limit, account)


def _with_running(rows: QuerySet[Any], at: datetime) -> QuerySet[Any]:
    """Each knowing whether any of its actions runs, and what time it is."""
    running = CampaignAction.objects.filter(campaign=OuterRef("pk"), status=CampaignAction.Status.RUNNING)
    return rows.annotate(has_running=Exists(running), seen_at=Value(at, output_field=DateTimeField()))


def _standing(campaign: Any) -> str:
    if not campaign.active:
        return "inactive"
    if not campaign.has_running:
        return "nothing to give"
    if campaign.is_valid_at(campaign.seen_at):
        return "active"
    return "over" if campaign.valid_to is not None and campaign.valid_to <= campaign.seen_at else "not begun"


def _actions_panel(campaign: Campaign) -> Panel:
    accounts = Accounts(campaign.organization_id)
    actions = list(list_actions(campaign).order_by(F("action_index").asc(nulls_last=True), "pk")[:ACTIONS_SHOWN])
    for action in actions:
        action.campaign = campaign
    rows = [
        (
            link_to(action),
            standing(action),
            rule_text(action.rule),
            action.matcher_key or NOTHING,
            effects_shown(action, accounts),
        )
        for action in actions
    ]
    empty = "It gives nothing yet. Add an action: what it gives, and if you like only if some rule holds."
    return Panel("What it gives", ("Action", "State", "Only if", "Matcher", "Does"), rows, empty=empty)


def _amount(award: Any) -> Any:
    if award.transaction is None:
        return number(award.amount) if award.amount else NOTHING
    return points(award.amount, award.transaction.account)
