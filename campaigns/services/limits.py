"""Monthly limits of campaigns (semantics 9.3): locked once, in one order, counted in memory, written once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from django.db import connection


class Month(NamedTuple):
    """A campaign, a member, and the first day of a local month."""

    campaign_id: int
    member_id: int
    first_day: date


_PUT = """
INSERT INTO campaigns_monthlypoints (campaign_id, member_id, month, points) VALUES {rows}
ON CONFLICT (member_id, campaign_id, month) DO UPDATE SET points = {kept}.points
RETURNING campaign_id, member_id, month, points
"""


def _put(rows: list[tuple[int, int, date, int]], kept: str) -> list[tuple[int, int, date | str, int]]:
    sql = _PUT.format(rows=", ".join(["(%s, %s, %s, %s)"] * len(rows)), kept=kept)
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for row in rows for value in row])
        found: list[tuple[int, int, date | str, int]] = cursor.fetchall()
        return found


class Limits:
    """What the campaigns with a limit gave their members this month; the rows stay locked until the caller's
    transaction ends.
    """

    def __init__(self) -> None:
        self._points: dict[Month, int] = {}
        self._changed: set[Month] = set()
        # Counted already, but not known yet whether it is really given.
        self.in_flight: set[Month] = set()

    def lock(self, months: Iterable[Month]) -> None:
        """Lock and read these, in key order."""
        wanted = sorted(set(months) - self._points.keys(), key=lambda m: (m.member_id, m.campaign_id, m.first_day))
        if not wanted:
            return
        for campaign_id, member_id, day, points in _put([(*month, 0) for month in wanted], "campaigns_monthlypoints"):
            first_day = date.fromisoformat(day) if isinstance(day, str) else day
            self._points[Month(campaign_id, member_id, first_day)] = points

    def left(self, month: Month, limit: int) -> int:
        """How many points the limit leaves."""
        return max(0, limit - self._points[month])

    def count(self, month: Month, points: int) -> None:
        """Count points that are given, or (below zero) taken back; never below none at all."""
        self._points[month] = max(0, self._points[month] + points)
        self._changed.add(month)

    def save(self) -> None:
        """Write down what was counted."""
        if self._changed:
            rows = [(*month, self._points[month]) for month in sorted(self._changed)]
            _put(rows, "excluded")
            self._changed.clear()
