"""Hears what the system tells of members (joined, points moved, a tier changed, a coupon used), and has a worker ask
campaigns about it (semantics 5.1, 7.4). What is told while an event is evaluated is caused by that event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from campaigns.selectors.occasions import Occasion
from campaigns.selectors.playbook import playbook_of
from campaigns.services.giving import MOST_STEPS
from members.models import LoyaltyEvent
from members.selectors import ORDER_EVENTS

Status = LoyaltyEvent.Status
# The event each member is asked about now: whatever is told of the member meanwhile comes of it.
_causes: ContextVar[Mapping[int, LoyaltyEvent] | None] = ContextVar("causes", default=None)


@contextmanager
def causing(occasions: Sequence[Occasion]) -> Iterator[None]:
    """Inside the block, what is told comes of these."""
    token = _causes.set({occasion.member.pk: occasion.event for occasion in occasions})
    try:
        yield
    finally:
        _causes.reset(token)


def question(organization_id: int) -> str:
    """The query that says whether any active campaign may wait for what the system tells."""
    return f"SELECT organization_id FROM campaigns_playbook WHERE organization_id = {organization_id:d} AND hears_told"


def hear(
    rows: Sequence[tuple[Any, ...]], types: frozenset[str], find: Callable[[], Sequence[LoyaltyEvent]]
) -> list[int]:
    """Have those of the events that a campaign waits for wait to be evaluated; answers which. `rows` are the answer of
    the question. What is taken in from outside is evaluated by whoever took it in.
    """
    book = playbook_of(rows[0][0])
    causes = _causes.get()
    wanted = {
        kind
        for kind in types - set(map(str, ORDER_EVENTS))
        if any(play.hears({kind}, caused=causes is not None) for play in book.plays)
    }
    if not wanted:
        return []
    waiting = []
    for event in find():
        is_ours = event.content_hash is not None or event.status == Status.PENDING or event.member_id is None
        if event.event_type not in wanted or is_ours:
            continue
        cause = (causes or {}).get(event.member_id or 0)
        depth = 0 if causes is None else 1 + ((cause.depth or 0) if cause is not None else 0)
        if depth <= MOST_STEPS:
            words = {"caused_by": cause, "depth": depth} if depth else {}
            LoyaltyEvent.objects.filter(pk=event.pk).update(status=Status.PENDING, **words)
            waiting.append(event.pk)
    return waiting
