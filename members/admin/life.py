"""The tables of a member's page about the person's life here: programs, tiers, events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.html import format_html

from ledger.admin import points
from ledger.admin.display import kind_of, moved, names_of
from loyalty.kernel.desk import Panel, link_to, when
from loyalty.kernel.desk.display import NOTHING
from members.models import Enrollment, EventType, LoyaltyEvent, LoyaltyTier, Member, TierChange
from members.selectors import list_audiences, list_events, matching_audiences, member_document, progress_of
from members.selectors.journal import Step

CHANGES_SHOWN = 20
EVENTS_SHOWN = 30
_CALLED = dict(EventType.choices)


def with_places(members: QuerySet[Member]) -> QuerySet[Member]:
    """The members with their places in programs at hand, as the tables of a page speak of them."""
    places = Enrollment.objects.select_related("program__tier_account", "effective_tier", "system_tier", "manual_tier")
    return members.prefetch_related(Prefetch("enrollments", places.order_by("pk")))


def programs_panel(member: Member, *, tells_points: bool) -> Panel:
    """Where the member, whose places are at hand, stands in each program, and (where the person may see points) what
    the next tier asks for.
    """
    places = list(member.enrollments.all())
    steps = progress_of(places) if tells_points else {}
    return Panel(
        "Programs",
        ("Program", "Tier", "By points", "By hand", "Next", "Since"),
        [
            (
                link_to(place.program),
                place.effective_tier or NOTHING,
                place.system_tier or NOTHING,
                _by_hand(place),
                _next(place, steps.get(place.pk)),
                when(place.created_at),
            )
            for place in places
        ],
        empty="The member is in no program.",
    )


def _by_hand(place: Enrollment) -> Any:
    if place.manual_tier is None:
        return NOTHING
    ends = place.manual_expires_at
    return place.manual_tier if ends is None else f"{place.manual_tier} until {ends:%Y-%m-%d}"


def _next(place: Enrollment, step: Step | None) -> Any:
    account = place.program.tier_account
    if step is None or account is None:
        return NOTHING
    return format_html("{} to {}", points(step.missing, account), step.tier)


def tiers_panel(member: Member) -> Panel:
    """How the tiers went, newest first."""
    changes = list(
        TierChange.objects.filter(member=member)
        .select_related("program", "tier", "previous_tier")
        .order_by("-pk")[:CHANGES_SHOWN]
    )
    names = names_of(change.actor for change in changes)
    return Panel(
        "Tiers so far",
        ("When", "Program", "From", "To", "Why", "Who"),
        [
            (
                when(change.created_at),
                change.program,
                change.previous_tier or NOTHING,
                change.tier or NOTHING,
                change.get_reason_display(),
                names[change.actor],
            )
            for change in changes
        ],
        empty="No tier has counted yet.",
    )


def audiences_panel(member: Member, at: datetime) -> Panel:
    """Which audiences the member belongs to now."""
    found = matching_audiences(member_document(member), list_audiences(member.organization_id).order_by("name"), at=at)
    return Panel(
        "Audiences",
        ("Audience", "How members are found"),
        [(link_to(audience), audience.get_matcher_type_display()) for audience in found],
        empty="The member is in no audience.",
    )


def events_panel(member: Member, *, tells_points: bool) -> Panel:
    """What happened, newest first; how many points moved only where the person may see that."""
    newest = list_events(member).select_related("transaction__account").order_by("-created_at", "-pk")
    events = list(newest[:EVENTS_SHOWN])
    named = {event.payload["loyaltyTierId"] for event in events if event.payload.get("loyaltyTierId")}
    tiers = {tier.pk: tier.name for tier in LoyaltyTier.objects.filter(pk__in=named)}
    return Panel(
        "What happened",
        ("When", "What", "Points", "More", "State"),
        [
            (
                when(event.created_at),
                _what(event, member, tells_points),
                moved(event.transaction, member.wallet_id) if event.transaction and tells_points else NOTHING,
                _more(event, tiers),
                event.get_status_display(),
            )
            for event in events
        ],
        empty="Nothing has happened yet.",
    )


def _what(event: LoyaltyEvent, member: Member, tells_points: bool) -> Any:
    if event.transaction is not None and tells_points:
        return link_to(event.transaction, kind_of(event.transaction, member.wallet_id))
    return _CALLED.get(event.event_type, event.event_type)


def _more(event: LoyaltyEvent, tiers: Mapping[int, str]) -> Any:
    if "loyaltyTierId" in event.payload:
        return tiers.get(event.payload["loyaltyTierId"], NOTHING)
    changed = ", ".join(str(name).replace("_", " ") for name in event.payload.get("changed", ()))
    said = event.transaction.description if event.transaction is not None else event.description
    return said or changed or NOTHING
