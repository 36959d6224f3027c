"""Tries out what an order or an event would bring about, by the very code that does it, in a transaction that is
always undone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaigns.models import Campaign, CampaignAction
from campaigns.selectors.event_types import find_event_type
from campaigns.selectors.occasions import Occasion, Weighed, occasion_of, weigh
from campaigns.selectors.playbook import Play, playbook_of
from campaigns.services.evaluating import close_idle, evaluate, plan_for
from campaigns.services.event_types import check_payload
from campaigns.services.ordering import put_order
from campaigns.services.playbooks import touch_playbook
from campaigns.services.running import Row
from ledger.models import LedgerAccount, Transaction
from ledger.services import rehearse
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput
from members.errors import MemberInactive
from members.models import LoyaltyEvent, Member
from members.selectors import told_of
from members.services.journal import record_events
from members.services.orders import OrderDraft


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a trial: the one that was tried, or one that an effect told. `lines` are what came of it, line by
    line; `asked` are the campaigns that waited for it, with what their conditions said.
    """

    event: LoyaltyEvent
    lines: Sequence[Row]
    asked: Sequence[Weighed]


@dataclass(slots=True)
class Trial:
    """What would have happened: the events in their order, the active campaigns that waited for none of them, and the
    account of each transaction that lines name.
    """

    told: list[Told] = field(default_factory=list)
    deaf: list[Play] = field(default_factory=list)
    accounts: dict[str, LedgerAccount] = field(default_factory=dict)


def try_order(*, draft: OrderDraft, actor: Actor, at: datetime, campaign: Campaign | None = None) -> Trial:
    """What an order would bring about, told now. `campaign` is asked as if it were active, its drafts as if they ran.

    :raises DomainError: whatever `put_order` would raise.
    """
    organization_id = draft.member.organization_id

    def tell() -> LoyaltyEvent | None:
        order = put_order(organization_id=organization_id, draft=draft, actor=actor, at=at).order
        return None if order is None else told_of([order]).get(order.pk)

    return _try(draft.member, tell, campaign, at)


def try_event(*, event: LoyaltyEvent, member: Member, actor: Actor, at: datetime, campaign: Campaign | None) -> Trial:
    """What an event of the member, of any type, would bring about, happening now. `campaign` is asked as if it were
    active, its drafts as if they ran.

    :raises InvalidInput: a type that there is not, or a payload that is not of its type.
    :raises MemberInactive: the member takes no events.
    """
    kind = find_event_type(event.organization_id, event.event_type)
    if kind is None:
        raise InvalidInput("There is no such type of event.", field="eventType")
    check_payload(kind, event.payload)
    if not member.active:
        raise MemberInactive

    def tell() -> LoyaltyEvent:
        plan = plan_for(event.organization_id, [Occasion(event, member, at)])
        (idle,) = close_idle(plan, actor=actor, at=at)
        record_events([event])
        if not idle:
            evaluate(plan, actor=actor, at=at)
        return event

    return _try(member, tell, campaign, at)


def _try(member: Member, tell: Callable[[], LoyaltyEvent | None], campaign: Campaign | None, at: datetime) -> Trial:
    def act() -> Trial:
        if campaign is not None:
            _turn_on(campaign)
        event = tell()
        return Trial() if event is None else _seen(event, member, at)

    return rehearse(act)


def _turn_on(campaign: Campaign) -> None:
    """Have the campaign asked with all that is not turned off, for as long as this transaction lasts."""
    Campaign.objects.filter(pk=campaign.pk).update(active=True)
    drafts = CampaignAction.objects.filter(campaign=campaign, status=CampaignAction.Status.DRAFT)
    drafts.update(status=CampaignAction.Status.RUNNING)
    touch_playbook(campaign.organization_id)


def _seen(event: LoyaltyEvent, member: Member, at: datetime) -> Trial:
    """What came of the event, and of the events that its effects told."""
    later = LoyaltyEvent.objects.filter(member=member, created_at=at, pk__gt=event.pk, depth__gt=0)
    events = [event, *later.select_related("caused_by").order_by("pk")]
    # What an effect only noted, like a badge, nobody was asked about.
    told = {line.get("loyaltyEventId") for one in events for line in one.execution_results}
    events = [one for one in events if one is event or str(one.pk) in told]
    book = playbook_of(event.organization_id)
    asked = weigh(book.plays, [occasion_of(one, member, at) for one in events], book.zone)
    trial = Trial(
        [Told(one, one.execution_results, found) for one, found in zip(events, asked, strict=True)],
        [play for play in book.plays if not any(one.play.id == play.id for found in asked for one in found)],
    )
    named = {row["ledgerTransactionId"] for told in trial.told for row in told.lines if "ledgerTransactionId" in row}
    posted: Any = Transaction.objects.filter(pk__in=named).select_related("account")
    trial.accounts = {str(row.pk): row.account for row in posted}
    return trial
