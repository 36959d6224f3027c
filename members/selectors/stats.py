"""How many members joined, stand in which tier, and what happened to them, in a stretch of time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q

from loyalty.kernel.windows import Question, Window, by_day
from members.models import Enrollment, LoyaltyEvent, LoyaltyProgram, LoyaltyTier

_JOINED = """
SELECT COUNT(*) FROM members_member
WHERE organization_id = %s AND created_at >= days.since AND created_at < days.until"""

# An event without a date of its own happened when it was written; each of the two has its own index.
_HAPPENED = """
(SELECT COUNT(*) FROM members_loyaltyevent WHERE organization_id = %s AND event_type = %s AND status = %s
   AND external_event_at IS NULL AND created_at >= days.since AND created_at < days.until)
+ (SELECT COUNT(*) FROM members_loyaltyevent WHERE organization_id = %s AND event_type = %s AND status = %s
   AND external_event_at IS NOT NULL AND external_event_at >= days.since AND external_event_at < days.until)"""


def members_created(organization_id: int, window: Window) -> list[tuple[date, int]]:
    """How many members were created on each day of the window, those who are gone by now too; one query."""
    return [(day, count) for day, (count,) in by_day(window, Question(_JOINED, [organization_id]))]


@dataclass(frozen=True, slots=True)
class EventCounts:
    """How many events there were: in all, by how the work on them stands, and on each day."""

    total: int
    by_status: dict[str, int]
    by_date: Sequence[tuple[date, int]]


def events_happened(organization_id: int, event_type: str, window: Window) -> EventCounts:
    """The events of a type that happened in the window; one query."""
    statuses = list(map(str, LoyaltyEvent.Status.values))
    questions = [Question(f"SELECT {_HAPPENED}", [organization_id, event_type, one] * 2) for one in statuses]
    days = by_day(window, *questions)
    sums = [sum(column) for column in zip(*(counts for _, counts in days), strict=True)] or [0] * len(statuses)
    return EventCounts(sum(sums), dict(zip(statuses, sums, strict=True)), [(day, sum(counts)) for day, counts in days])


def members_in_tiers(program: LoyaltyProgram) -> list[tuple[LoyaltyTier | None, int]]:
    """How many members stand in each tier of the program now, lowest first, and in none; two queries.

    Who was merged or erased keeps a place, and is in none of them.
    """
    places = Enrollment.objects.filter(program=program).order_by()
    is_gone = Q(member__merged_into__isnull=False) | Q(member__erased_at__isnull=False)
    # Whoever is gone is not active, which only few are.
    gone = places.filter(is_gone, member__active=False, member__organization=program.organization_id)
    counts = places.values_list("effective_tier").annotate(members=Count("*"))
    found: Counter[int | None] = Counter()
    for tier_id, members in counts.union(gone.values_list("effective_tier").annotate(members=-Count("*")), all=True):
        found[tier_id] += members
    tiers: list[LoyaltyTier | None] = [*program.tiers.order_by("tier_order", "pk"), None]
    return [(tier, found[tier.pk if tier else None]) for tier in tiers]
