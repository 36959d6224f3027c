"""The histogram of points (contract open_loyalty O11 and 1.9)."""

from __future__ import annotations

import re
from datetime import date, timedelta

from django.http import QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.dialects.open_loyalty import shapes
from loyalty.dialects.open_loyalty.access import FIGURES
from loyalty.dialects.open_loyalty.problems import Refused, form_body
from loyalty.dialects.open_loyalty.rendering import number
from loyalty.dialects.open_loyalty.views import StoreView
from loyalty.kernel.clock import local_day
from members.selectors.histograms import EARNED, POINT_TYPES, points_by_day

# How much of a date names the interval it is in.
KEYS = {"day": 10, "month": 7, "year": 4}
MOST_DAYS = 3660
_DAYS = re.compile(r"[0-9]{1,18}")


class HistogramView(StoreView):
    """How many points moved when."""

    children = ("interval", "lastDays", "futureDays", "pointType")
    needs = FIGURES

    @extend_schema(**shapes.HISTOGRAM)
    def get(self, request: Request, store: str) -> Response:
        """Points by day, month or year, with zeros between; days are those of the organization's time zone."""
        interval, past, future, point_type = self.asked(request.query_params)
        front = self.visitor.front
        today = local_day(self.at, front.timezone)
        days = [today + timedelta(days=offset) for offset in range(1 - past, future + 1)]
        sums: dict[str, int] = {_key(day, interval): 0 for day in days}
        if days:
            found = points_by_day(
                front.store.account_id, point_type, first=days[0], last=days[-1], at=self.at, zone=front.timezone
            )
            for day, amount in found.items():
                sums[_key(day, interval)] += amount
        return Response({key: number(amount, front.decimals) for key, amount in sums.items()})

    def asked(self, query: QueryDict) -> tuple[str, int, int, str]:
        """What is asked for.

        :raises Refused: 400 for what is none of the words, and no number of days.
        """
        wrong: dict[str, list[str]] = {}
        interval = query.get("interval") or "day"
        point_type = query.get("pointType") or EARNED
        for name, value, words in (("interval", interval, tuple(KEYS)), ("pointType", point_type, POINT_TYPES)):
            if value not in words:
                wrong[name] = ["The value you selected is not a valid choice."]
        numbers = []
        for name, otherwise in (("lastDays", 30), ("futureDays", 0)):
            text = query.get(name) or str(otherwise)
            if not _DAYS.fullmatch(text):
                wrong[name] = ["This value is not valid."]
            elif int(text) > MOST_DAYS:
                wrong[name] = [f"This value should be {MOST_DAYS} or less."]
            numbers.append(0 if name in wrong else int(text))
        if wrong:
            raise Refused(400, form_body(self.children, wrong))
        return interval, numbers[0], numbers[1], point_type


def _key(day: date, interval: str) -> str:
    return f"{day:%Y-%m-%d}"[: KEYS[interval]]
