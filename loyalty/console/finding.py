"""The search over everything (Ctrl+K): pages by their names, rows as each page knows how to find them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.dataclasses import SearchResult

from loyalty.console.menu import pages
from loyalty.kernel.desk import HouseAdmin, address_of

MOST_OF_EACH = 6
LONGEST = 100


def find_everything(request: HttpRequest, term: str) -> list[SearchResult]:
    """What `term` names for this person in the organization chosen. Asked anew each time: what was found for one
    organization, or a minute ago, is not what is there now.
    """
    term = term.strip()[:LONGEST].replace("\x00", "")
    if not term:
        return []
    found = [
        SearchResult(title, "Page", link, icon)
        for title, icon, link in pages(request)
        if any(word.startswith(term.lower()) for word in title.lower().split())
    ]
    for model, page in admin.site._registry.items():
        if isinstance(page, HouseAdmin) and page.has_module_permission(request):
            kind = str(model._meta.verbose_name)
            found += [_result(page, row, kind) for row in page.find(request, term, MOST_OF_EACH)]
    return found


def _result(page: HouseAdmin, row: Any, kind: str) -> SearchResult:
    return SearchResult(page.name_of(row), kind, address_of(row), "arrow_forward")
