"""Pages of rows about members, in lists that are found by index ranges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import TextFilter

from ledger.admin import PointsAdmin
from loyalty.kernel.desk import seat_of
from loyalty.kernel.desk.found import Asks, FoundList
from members.errors import NoSuchMember
from members.models import Member
from members.selectors import get_named_member

LONGEST = 255


class MemberFilter(Asks, TextFilter):
    """Of one member."""

    title, parameter_name = "member number", "member"


def is_odd(text: str) -> bool:
    """Whether no row can be named so."""
    return len(text) > LONGEST or "\x00" in text


def person_named(organization_id: int, text: str, request: HttpRequest) -> Member | None:
    """The one member whom the text names, for those who may look for members."""
    if not seat_of(request).may("members:read"):
        return None
    try:
        return get_named_member(organization_id, text)
    except NoSuchMember:
        return None


class FoundAdmin(PointsAdmin):
    """A page whose list `found_by` finds. Its column `who` is for those who may read members."""

    found_by: ClassVar[type[FoundList]]
    list_filter_submit = True
    list_before_template = "admin/list_note.html"
    search_fields = ["id"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[FoundList]:
        """Our list."""
        return self.found_by

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        """Without people, for those who may not read members."""
        shown = super().get_list_display(request)
        return shown if seat_of(request).may("members:read") else [name for name in shown if name != "who"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """The list does it."""
        return queryset, False
