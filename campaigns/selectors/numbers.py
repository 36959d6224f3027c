"""What a campaign did over time: whom it reached, what it gave on each day, and what of that was taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import TruncDate

from campaigns.models import Award, Campaign
from loyalty.kernel.clock import zone_of
from members.models import LoyaltyEvent

# Whoever looks at a campaign waits for it: of more awards only the newest are added up.
REACH = 50_000
# More events than this that failed are not counted.
MOST_COUNTED = 1000
POINTS_GIVEN = "mint-points"


@dataclass(slots=True)
class PointsNumbers:
    """Smallest units of one account: given on each day, and of all that taken back, or missing when it should be."""

    given: dict[date, int] = field(default_factory=dict)
    taken: int = 0
    missing: int = 0

    @property
    def total(self) -> int:
        """All that was given."""
        return sum(self.given.values())

    @property
    def kept(self) -> int:
        """What members have of it, or have spent."""
        return self.total - self.taken


@dataclass(frozen=True, slots=True)
class CampaignNumbers:
    """Members reached, points by account, and how often each other effect was done. `is_cut`: there are more awards
    than were looked at.
    """

    members: int
    points: Mapping[int, PointsNumbers]
    others: Mapping[str, int]
    is_cut: bool = False


def numbers_of_campaign(campaign: Campaign, *, since: datetime) -> CampaignNumbers:
    """The campaign's numbers from `since` on, by the days of its organization's time zone; four queries."""
    edge = list(newest_awards(campaign).values_list("pk", "created_at")[REACH : REACH + 1])
    awards = newest_awards(campaign).filter(created_at__gte=since).order_by()
    if edge:
        awards = awards.filter(pk__gt=edge[0][0])
    reached = awards.aggregate(n=Count("member_id", distinct=True))["n"]
    given = awards.filter(effect_type=POINTS_GIVEN, transaction__isnull=False)
    by_day = given.annotate(day=TruncDate("created_at", tzinfo=zone_of(campaign.organization.timezone)))
    points: dict[int, PointsNumbers] = {}
    rows = by_day.values_list("transaction__account", "day")
    for account_id, day, amount, taken, missing in rows.annotate(a=Sum("amount"), t=Sum("taken"), s=Sum("shortfall")):
        mine = points.setdefault(account_id, PointsNumbers())
        mine.given[day] = int(amount)
        mine.taken += int(taken)
        mine.missing += int(missing)
    others = awards.exclude(effect_type=POINTS_GIVEN).values_list("effect_type").annotate(n=Count("pk"))
    return CampaignNumbers(reached, points, dict(others), bool(edge) and edge[0][1] >= since)


def newest_awards(campaign: Campaign) -> QuerySet[Award]:
    """What the campaign did, newest first. As a range of one: of an equal the planner knows that any order by numbers
    will do, and takes the primary key's.
    """
    return Award.objects.filter(campaign__gte=campaign.pk, campaign__lte=campaign.pk).order_by("-campaign_id", "-pk")


def count_failed_events(organization_id: int) -> int:
    """How many of the organization's events have something that failed, counted no further than MOST_COUNTED."""
    failed = LoyaltyEvent.objects.filter(organization=organization_id, status=LoyaltyEvent.Status.FAILED)
    return failed[:MOST_COUNTED].count()
