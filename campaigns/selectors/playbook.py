"""The active campaigns, missions and referral programs of an organization as they are asked: compiled once, and kept
until one of them changes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, Prefetch

from campaigns.effects import is_computed
from campaigns.models import ActionMatcher, Campaign, CampaignAction
from campaigns.selectors.mission_plays import PlayMission, missions_of
from campaigns.selectors.referral_plays import ReferralPlay, referrals_of_playbook
from loyalty.expressions import Rule, compile_node, compile_text
from loyalty.kernel import prepared
from members.models import EventType
from members.selectors import ORDER_EVENTS

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# What takes back, and what points do by themselves, is no reason to give anything unless a campaign names it.
UNASKED = frozenset(
    map(
        str,
        (
            EventType.ORDER_CANCELLED,
            EventType.ORDER_RETURNED,
            EventType.ORDER_PARTIALLY_RETURNED,
            EventType.TRANSACTION_CREATED,
        ),
    )
)
# What the system tells by itself; orders and what may be sent are asked about by whoever takes them in.
TOLD = frozenset(map(str, EventType)) - set(map(str, ORDER_EVENTS)) - {str(EventType.GENERIC)}
# The effect that counts a mission.
INCREMENT = "increment-mission"
# Organizations whose campaigns a process keeps in memory.
_KEPT = 256

Param = Any


@dataclass(frozen=True, slots=True)
class PlayEffect:
    """An effect, its parameters literals or compiled rules."""

    type: str
    params: Mapping[str, Param]


@dataclass(frozen=True, slots=True)
class PlayAction:
    """An action, ready to be asked. One whose matcher is gone holds for nothing (`matcher_lost`)."""

    id: int
    name: str
    abort_if_false: bool
    abort_on_error: bool
    rule: Rule | None
    matcher: Rule | None
    matcher_lost: bool
    effects: tuple[PlayEffect, ...]


@dataclass(frozen=True, slots=True)
class Play:
    """A campaign, ready to be asked."""

    id: int
    code: str
    name: str
    program_id: int | None
    event_type: str
    topics: frozenset[str]
    audience_keys: tuple[str, ...]
    tier_keys: frozenset[str]
    days: frozenset[int]
    location_codes: frozenset[str]
    min_spend: Decimal | None
    monthly_limit: int | None
    allow_partial: bool
    valid_from: datetime | None
    valid_to: datetime | None
    actions: tuple[PlayAction, ...]

    def hears(self, types: Collection[str], *, caused: bool) -> bool:
        """Whether the campaign waits for an event of these types; one that names none waits for whatever comes from
        outside (semantics 9.1), but not for what its own effects bring about.
        """
        if self.event_type or self.topics:
            return self.event_type in types or not self.topics.isdisjoint(types)
        return not caused and UNASKED.isdisjoint(types)

    def increments(self) -> list[Param]:
        """The missions that its effects count: their keys, or rules that come to one."""
        effects = (effect for action in self.actions for effect in action.effects)
        return [effect.params["missionKey"] for effect in effects if effect.type == INCREMENT]


@dataclass(frozen=True, slots=True)
class Playbook:
    """The active campaigns, missions and referral programs, by number, and the time zone in which they have their days.
    `counting` are the campaigns that count missions by an effect, each with those it may count.
    """

    zone: str
    plays: tuple[Play, ...]
    missions: tuple[PlayMission, ...] = ()
    counting: tuple[tuple[Play, tuple[PlayMission, ...]], ...] = ()
    referrals: tuple[ReferralPlay, ...] = ()

    def referrals_on(self, types: Collection[str]) -> list[ReferralPlay]:
        """The referral programs that reward events of these types."""
        return [play for play in self.referrals if play.event_type in types]

    def is_deaf_to(self, types: Collection[str]) -> bool:
        """Whether nobody waits for an event of these types that comes from outside."""
        heard = any(play.hears(types, caused=False) for play in self.plays)
        return not heard and not any(one.hears(types) for one in self.missions) and not self.referrals_on(types)

    def hearing(self, types: Collection[str], *, caused: bool = False) -> list[Play]:
        """The campaigns that wait for an event of these types."""
        return [play for play in self.plays if play.hears(types, caused=caused)]


# With the number of an event that has the key already, the organization's own type of event, if it is one, and whether
# the member takes events, if there is such a member.
_INTAKE = """
SELECT o.timezone, p.stamp,
  (SELECT e.id FROM members_loyaltyevent e WHERE e.organization_id = o.id AND e.unique_key = %s),
  (SELECT t.id FROM campaigns_loyaltyeventtype t WHERE t.organization_id = o.id AND t.code = %s),
  (SELECT m.active FROM members_member m WHERE m.organization_id = o.id AND m.id = %s)
FROM loyalty_organization o LEFT JOIN campaigns_playbook p ON p.organization_id = o.id WHERE o.id = %s
"""
_books: OrderedDict[int, tuple[Any, Playbook]] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Intake:
    """What is known of an event before it is taken in: the playbook to ask, the number of the event that has its key,
    that of its type, where it is the organization's own, and whether its member is active; None where there is none.
    """

    book: Playbook
    earlier_id: int | None
    type_id: int | None
    member_active: bool | None


def playbook_of(organization_id: int) -> Playbook:
    """The organization's active campaigns: one query, unless they changed since this process last looked."""
    return intake_of(organization_id, "", "", 0).book


def intake_of(organization_id: int, unique_key: str, event_type: str, member_id: int) -> Intake:
    """What is known of an event that comes in, in the query that finds the playbook."""
    asked = [unique_key, event_type, member_id, organization_id]
    ((zone, stamp, earlier_id, type_id, active),) = prepared.fetch(_INTAKE, asked)
    return Intake(_book(organization_id, zone, stamp), earlier_id, type_id, None if active is None else bool(active))


def _book(organization_id: int, zone: str, stamp: Any) -> Playbook:
    if stamp is None:
        return Playbook(zone, ())
    known = _books.get(organization_id)
    if known is not None and known[0] == (zone, stamp):
        return known[1]
    plays, missions = _plays(organization_id, zone), missions_of(organization_id, zone)
    book = Playbook(zone, plays, missions, tuple(_counting(plays, missions)), referrals_of_playbook(organization_id))
    _books[organization_id] = ((zone, stamp), book)
    _books.move_to_end(organization_id)
    while len(_books) > _KEPT:
        _books.popitem(last=False)
    return book


def _counting(
    plays: Iterable[Play], missions: tuple[PlayMission, ...]
) -> Iterator[tuple[Play, tuple[PlayMission, ...]]]:
    """The campaigns that count missions, each with those it names; with all of them where it works out which."""
    for play in plays:
        named = play.increments()
        if any(isinstance(key, Rule) for key in named):
            yield play, missions
        elif named:
            yield play, tuple(mission for mission in missions if mission.key in named)


def _plays(organization_id: int, zone: str) -> tuple[Play, ...]:
    running = CampaignAction.objects.filter(status=CampaignAction.Status.RUNNING)
    actions = running.order_by(F("action_index").asc(nulls_last=True), "pk")
    campaigns = Campaign.objects.filter(organization_id=organization_id, active=True).order_by("pk")
    matchers = dict(ActionMatcher.objects.filter(organization_id=organization_id).values_list("key", "rule"))
    return tuple(
        _play(campaign, zone, matchers) for campaign in campaigns.prefetch_related(Prefetch("actions", actions))
    )


def _play(campaign: Campaign, zone: str, matchers: Mapping[str, str]) -> Play:
    return Play(
        id=campaign.pk,
        code=campaign.code,
        name=campaign.name,
        program_id=campaign.program_id,
        event_type=campaign.event_type,
        topics=frozenset(campaign.enabled_topics),
        audience_keys=tuple(campaign.audience_keys),
        tier_keys=frozenset(campaign.tier_keys),
        days=frozenset(DAYS.index(day) for day in campaign.days_of_week),
        location_codes=frozenset(campaign.location_codes),
        min_spend=campaign.min_spend,
        monthly_limit=campaign.monthly_limit,
        allow_partial=campaign.allow_partial,
        valid_from=campaign.valid_from,
        valid_to=campaign.valid_to,
        actions=tuple(_action(action, zone, matchers) for action in campaign.actions.all()),
    )


def _action(action: CampaignAction, zone: str, matchers: Mapping[str, str]) -> PlayAction:
    matcher = matchers.get(action.matcher_key)
    return PlayAction(
        id=action.pk,
        name=action.name,
        abort_if_false=action.abort_if_false,
        abort_on_error=action.abort_on_error,
        rule=compile_text(action.rule, zone) if action.rule else None,
        matcher=compile_text(matcher, zone) if matcher else None,
        matcher_lost=bool(action.matcher_key) and matcher is None,
        effects=tuple(
            PlayEffect(one["type"], {name: _param(value, zone) for name, value in one["params"].items()})
            for one in action.effects["effects"]
        ),
    )


def _param(value: Any, zone: str) -> Param:
    if not is_computed(value):
        return value
    return compile_text(value["expression"], zone) if "expression" in value else compile_node(value["ast"], zone)
