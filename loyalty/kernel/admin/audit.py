"""The history on the console: who changed what, from what to what, and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst

from loyalty.kernel.desk import HouseAdmin, Panel, link_to, seat_of, when
from loyalty.kernel.desk.base import spoken
from loyalty.kernel.desk.display import NOTHING
from loyalty.kernel.models import AuditEntry, Operator
from loyalty.kernel.roles import ADMIN
from loyalty.kernel.selectors import list_audit_actions

OFFERED = 200


class ActionFilter(admin.SimpleListFilter):
    """By what was done."""

    title, parameter_name = "what", "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What was ever done here."""
        seat = seat_of(request)
        actions = list_audit_actions(seat.organization_id) if seat.organization_id else []
        return [(action, spoken(action)) for action in actions]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Just that; a name with a dot at its end is a family, like `correction.`."""
        wanted = self.value()
        if not wanted:
            return queryset
        if wanted.endswith("."):
            return queryset.filter(action__gte=wanted, action__lt=f"{wanted[:-1]}/")
        return queryset.filter(action=wanted)


class ActorFilter(admin.SimpleListFilter):
    """By who did it."""

    title, parameter_name = "who", "actor"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The operators of the organization; other actors by links from their pages."""
        here = Operator.objects.filter(memberships__organization=seat_of(request).organization_id)
        known = [(f"operator:{one.pk}", str(one)) for one in here.order_by("name")[:OFFERED]]
        given = request.GET.get(self.parameter_name or "")
        return known if not given or given in dict(known) else [*known, (given, given)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Just theirs."""
        return queryset.filter(actor=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(HouseAdmin):
    """What was changed in the organization chosen. Administrators see it; each page shows its own to its readers."""

    reads = ADMIN
    list_display = ["what", "target_shown", "who", "reason_shown", "at_shown"]
    list_filter = [ActionFilter, ActorFilter]
    search_fields = ["target_name"]
    search_help_text = "The exact name or number of what was changed."
    ordering = ["-id"]
    sortable_by: Iterable[str] = ()
    shows_history = False
    says_empty = "Whatever people and programs change here is written down, with their name and reason."
    facts = (
        ("What", ("what", "target_link", "reason_shown")),
        ("Who", ("who", "actor", "at_shown", "request_id")),
    )

    def name_of(self, target: AuditEntry) -> str:
        """What was done with what."""
        return f"{self.what(target)}: {self.target_shown(target)}"

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """By exact name, or exact number of whatever kind: each has its index, which part of a word has not."""
        term = search_term.strip()
        if not term:
            return queryset, False
        kinds = [model._meta.label_lower for model in apps.get_models()]
        return queryset.filter(Q(target_name=term) | Q(target_type__in=kinds, target_id=term)), False

    @admin.display(description="What")
    def what(self, entry: AuditEntry) -> str:
        """What was done."""
        return capfirst(spoken(entry.action))

    @admin.display(description="With")
    def target_shown(self, entry: AuditEntry) -> str:
        """With what, as it was called then."""
        return entry.target_name or f"{entry.target_type} {entry.target_id}"

    @admin.display(description="With")
    def target_link(self, entry: AuditEntry) -> Any:
        """With what, as a link where it has a page."""
        return getattr(entry, "page", None) or self.target_shown(entry)

    @admin.display(description="Who")
    def who(self, entry: AuditEntry) -> str:
        """By name."""
        return entry.actor_name or entry.actor

    @admin.display(description="Why")
    def reason_shown(self, entry: AuditEntry) -> Any:
        """In the person's words."""
        return entry.reason or NOTHING

    @admin.display(description="When")
    def at_shown(self, entry: AuditEntry) -> Any:
        """When."""
        return when(entry.at)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """An entry, and the page of what it is about, where there is one for this person."""
        entry = super().get_object(request, object_id, from_field)
        if entry is not None:
            entry.page = self._page_of(request, entry)
        return entry

    def _page_of(self, request: HttpRequest, entry: AuditEntry) -> Any:
        try:
            model = apps.get_model(entry.target_type)
        except (LookupError, ValueError):
            return None
        page = self.admin_site._registry.get(model)
        target = page.get_object(request, entry.target_id) if isinstance(page, HouseAdmin) else None
        if target is None or page is None or not page.has_view_permission(request, target):
            return None
        return link_to(target, entry.target_name)

    def panels(self, request: HttpRequest, target: AuditEntry, at: datetime) -> Iterable[Panel]:
        """What changed, side by side."""
        names = sorted({*target.before, *target.after})
        rows = [(name.replace("_", " "), _plain(target.before, name), _plain(target.after, name)) for name in names]
        yield Panel("Before and after", ("Field", "Before", "After"), rows, empty="Nothing to compare.")


def _plain(values: dict[str, Any], name: str) -> Any:
    value = values.get(name)
    if value in (None, "", [], {}):
        return NOTHING
    return ", ".join(map(str, value)) if isinstance(value, list) else value
