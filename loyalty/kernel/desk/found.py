"""Lists whose rows are found by index ranges, and not by one query over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.paginator import InvalidPage
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.views import ChangeList

from loyalty.kernel.desk.seat import seat_of


class FoundList(ChangeList):
    """A page of rows whose numbers `look` has found, newest first; `read` fetches those that are shown.

    More than `most` are not listed: `says_capped`, after the sentence that says so, tells what to ask for then.
    `says_cut` is said where `look` itself did not look through everything.
    """

    most: ClassVar[int] = 1_000
    says_capped: ClassVar[str] = ""
    says_cut: ClassVar[str] = ""
    ids: list[int]
    is_cut = False
    is_capped = False
    note = ""

    def look(self, organization_id: int, request: HttpRequest) -> tuple[list[int], bool]:
        """The numbers of at most `most` + 1 rows of the organization, and whether older ones were not looked at."""
        raise NotImplementedError

    def read(self, ids: Sequence[int], request: HttpRequest) -> list[Any]:
        """The rows of these numbers, in their order, with what their columns need."""
        raise NotImplementedError

    @property
    def asked(self) -> dict[str, Any]:
        """What the filters read from the address."""
        return {name: value for spec in self.filter_specs for name, value in spec.used_parameters.items()}

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """Let the filters read the address; the rows themselves are found here."""
        rows = super().get_queryset(request, exclude_parameters)
        organization_id = seat_of(request).organization_id
        self.ids = []
        if organization_id is not None and self.model_admin.has_view_permission(request):
            self.ids, self.is_cut = self.look(organization_id, request)
        return rows

    def get_results(self, request: HttpRequest) -> None:
        """The page's rows."""
        ids: Any = self.ids[: self.most]
        self.paginator = self.model_admin.get_paginator(request, ids, self.list_per_page)
        self.result_count = self.full_result_count = len(ids)
        self.is_capped = len(self.ids) > self.most
        self.show_full_result_count = self.show_admin_actions = self.can_show_all = False
        self.multi_page = len(ids) > self.list_per_page
        try:
            shown = list(self.paginator.page(self.page_num).object_list)
        except InvalidPage as error:
            raise IncorrectLookupParameters from error
        self.result_list = self.read(shown, request)
        if self.is_capped:
            self.note = f"The newest {self.most:,} are listed. {self.says_capped}"
        elif self.is_cut:
            self.note = self.says_cut


class Asks:
    """A filter that only says what is asked for: the list puts it together."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Nothing is narrowed here."""
        return queryset


def whole_number(text: Any) -> int | None:
    """The number of a row as somebody wrote it; None where it is none."""
    text = str(text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
