"""What a campaign's page shows of its numbers: points over time in each account, and their sums."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.html import format_html_join

from campaigns.models import Campaign
from campaigns.selectors import CampaignNumbers, numbers_of_campaign
from campaigns.selectors.numbers import REACH, PointsNumbers
from ledger.admin import points
from ledger.amounts import as_text
from ledger.models import LedgerAccount
from loyalty.kernel.desk import Panel, number
from loyalty.kernel.desk.charts import BAR, DAYS, chart_of, chart_panel, last_days


def lately(campaign: Campaign, at: datetime) -> CampaignNumbers:
    """The campaign's numbers of the last days, today among them, with the accounts at hand."""
    return numbers_of_campaign(campaign, since=last_days(at, campaign.organization.timezone).since)


class Sums:
    """A campaign's points in each account, in the account's format."""

    def __init__(self, numbers: CampaignNumbers) -> None:
        self.numbers = numbers
        self.accounts = LedgerAccount.objects.in_bulk(list(numbers.points)) if numbers.points else {}

    def shown(self, name: str) -> Any:
        """One sum in each account: `total`, `taken`, `missing` or `kept`."""
        if not self.accounts:
            return number(0)
        rows = self.numbers.points.items()
        return format_html_join(" ", "{}", ((points(getattr(mine, name), self.accounts[pk]),) for pk, mine in rows))


def numbers_panels(campaign: Campaign, sums: Sums, at: datetime) -> Iterable[Panel]:
    """Points given on each day, a chart for each account."""
    for pk, mine in sums.numbers.points.items():
        yield _numbers_panel(campaign, sums.accounts[pk], mine, at, is_cut=sums.numbers.is_cut)


def _numbers_panel(
    campaign: Campaign, account: LedgerAccount, mine: PointsNumbers, at: datetime, *, is_cut: bool
) -> Panel:
    days = last_days(at, campaign.organization.timezone).days
    given = [mine.given.get(day, 0) for day in days]
    units = [float(as_text(amount, account.decimals)) for amount in given]
    sets = [{"label": "Given", "data": units, "backgroundColor": "var(--color-primary-600)", **BAR}]
    says = f"{account.name} given on each day; the table below has the figures."
    chart = chart_of([f"{day:%d %b}" for day in days], sets, says=says)
    rows = [(f"{day:%d %b %Y}", points(amount, account, unit=False)) for day, amount in zip(days, given, strict=True)]
    note = "What was taken back later counts on the day it was given."
    if is_cut:
        note += f" Only the newest {REACH:,} results were added up."
    return chart_panel(f"{account.name} in the last {DAYS} days", chart, ("Day", "Given"), rows[::-1], note)
