"""Hears what the system tells of members (joined, points moved, a tier changed, a coupon used), and has a worker ask
campaigns about it (semantics 5.1, 7.4). What is told while an event is evaluated is caused by that event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from campaigns.selectors.occasions import Occasion
from campaigns.selectors.playbook import TOLD
from campaigns.services.giving import MOST_STEPS
from members.announcements import Cause, Evaluator, Rows
from members.models import LoyaltyEvent

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


def _waits(organization: str, kind: str, caused: bool) -> str:
    listed, sought = _listed(caused), f"'|' || {kind} || '|'"
    return (
        f"EXISTS (SELECT 1 FROM campaigns_playbook WHERE organization_id = {organization}"
        f" AND replace({listed}, {sought}, '') <> {listed})"
    )


def _listed(caused: bool) -> str:
    return "named" if caused else "awaited"


def _cause_of(member_id: int | None) -> Cause | None:
    causes = _causes.get()
    if causes is None:
        return None
    cause = causes.get(member_id or 0)
    depth = 1 + ((cause.depth or 0) if cause is not None else 0)
    return Cause(None if cause is None else cause.pk, depth, ends=depth > MOST_STEPS)


EVALUATOR = Evaluator(types=TOLD, waits=_waits, cause_of=_cause_of)


def question(organization: str) -> str:
    """The query for what is waited for in an organization (SQL): its number, the types of events, nothing."""
    listed = _listed(_causes.get() is not None)
    return (
        f"SELECT organization_id, {listed}, CAST(NULL AS timestamptz) FROM campaigns_playbook"
        f" WHERE organization_id = {organization} AND {listed} <> ''"
    )


def heard(rows: Rows, types: frozenset[str]) -> int | None:
    """The organization that waits for one of these types, as the question was answered; None where it does not."""
    (organization_id, listed, _), *_ = rows
    return organization_id if any(f"|{kind}|" in listed for kind in types) else None
