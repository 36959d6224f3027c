"""The base of the statistics of the core API (tag Stats, semantics 14): which time is asked for, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.kernel.api.filters import MomentFilter, TextFilter
from loyalty.kernel.api.resources import CoreViewSet, written, written_all
from loyalty.kernel.clock import NEVER, local_day
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.models import Organization
from loyalty.kernel.selectors import get_organization
from loyalty.kernel.windows import Window, start_of_local_day

# What nobody asks for in particular: this many local days, today the last.
USUAL_DAYS = 30
# Ten years.
MOST_DAYS = 3_660
# No time zone carries a moment after it over the edge of the calendar.
_EARLIEST = datetime(2, 1, 1, tzinfo=UTC)


def window_of(since: datetime | None, until: datetime | None, *, at: datetime, zone: str) -> Window:
    """The time asked for. Without an end it ends with today, without a beginning it has 30 local days.

    :raises InvalidInput: where it ends before it begins, lies beside the calendar, or is longer than ten years.
    """
    until = until or start_of_local_day(local_day(at, zone) + timedelta(days=1), zone)
    if not _EARLIEST <= (since or until) <= NEVER or not _EARLIEST <= until <= NEVER:
        raise InvalidInput("Send dates that a calendar of days has.", field="sinceFrom" if since else "sinceTo")
    if since is None:
        last = local_day(until - timedelta(microseconds=1), zone)
        since = start_of_local_day(last - timedelta(days=USUAL_DAYS - 1), zone)
    if since > until:
        raise InvalidInput("The time ends before it begins.", field="sinceTo")
    if until - since > timedelta(days=MOST_DAYS):
        raise InvalidInput(f"Ask for at most {MOST_DAYS} days.", field="sinceFrom")
    return Window(since, until, zone)


class QueryFilters(django_filters.FilterSet):
    """What a statistic is asked with. Nothing is narrowed: the view hands it to whoever counts."""

    def given(self) -> dict[str, Any]:
        """The parameters sent, checked; what was not sent is None or empty.

        :raises ValidationError: with the parameters that are wrong.
        """
        if not self.form.is_valid():
            raise serializers.ValidationError(self.form.errors)
        found: dict[str, Any] = self.form.cleaned_data
        return found


class WindowFilters(QueryFilters):
    """The time that is counted, from its first instant up to before its last."""

    sinceFrom = MomentFilter()
    sinceTo = MomentFilter()


class TaggedFilters(WindowFilters):
    """The time, and a tag of what is counted."""

    tag = TextFilter()


@cache
def _envelope(shape: Any, wrapper: str) -> Any:
    name = shape.__name__.removesuffix("Answer") + "Envelope"
    return inline_serializer(name, {wrapper: shape(many=wrapper == "results")})


class StatsViewSet(CoreViewSet):
    """One statistic: `figures` answers an object under `result`, or rows under `results`, as `wrapper` says.

    A subclass names its operation, the role that `reads`, its `serializer_class`, and what it is asked with:
    `filterset_class`, None where that is nothing.
    """

    tag = "Stats"
    wrapper = "results"
    filterset_class: ClassVar[type[QueryFilters] | None] = WindowFilters
    queryset = Organization.objects.none()

    @property
    def answers(self) -> dict[str, Any]:
        """The shape of the answer, for the OpenAPI document."""
        shape: Any = self.serializer_class
        return {"retrieve": _envelope(shape, self.wrapper)}

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The figures."""
        filters = self.filterset_class
        found = self.figures({} if filters is None else filters(request.query_params, self.queryset).given())
        write = written_all if self.wrapper == "results" else written
        return Response({self.wrapper: write(self.serializer_class, found)})

    def window(self, asked: Mapping[str, Any]) -> Window:
        """The time asked for, in days of the organization."""
        zone = get_organization(self.organization_id).timezone
        return window_of(asked["sinceFrom"], asked["sinceTo"], at=self.at, zone=zone)

    def figures(self, asked: Mapping[str, Any]) -> Any:
        """What was counted."""
        raise NotImplementedError
