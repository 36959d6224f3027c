"""The one base of every page of the console: read-only lists and reading pages, scoped to organizations and roles;
what may be changed is an act with a form.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db.models import JSONField, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from unfold.admin import ModelAdmin

from loyalty.kernel.desk.acts import Act, show_act
from loyalty.kernel.desk.display import NOTHING, address_of, link_to, when, yes_no
from loyalty.kernel.desk.pages import MOST_COUNTED, CappedPaginator
from loyalty.kernel.desk.seat import seat_of
from loyalty.kernel.models import AuditEntry
from loyalty.kernel.roles import ANY
from loyalty.kernel.selectors import list_audit_of

CHANGES_SHOWN = 10


@dataclass(slots=True)
class Panel:
    """A table on a reading page. `template` draws it in another way; `more` leads to the whole list."""

    title: str
    headers: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    empty: str = "Nothing yet."
    more: str = ""
    note: str = ""
    template: str = "admin/panel.html"
    context: Any = None
    wide: bool = True


@dataclass(frozen=True, slots=True)
class Link:
    """A way from a reading page to another page, standing among its acts."""

    title: str
    address: str
    icon: str = "arrow_forward"
    slug: str = ""
    is_dangerous: bool = False


class HouseAdmin(ModelAdmin):
    """A resource of the console.

    `reads` is the role its pages need; `organization_of` the path from a row to its organization (empty: the row has
    none, and only a system administrator sees it). `facts` are (title, names) groups of its reading page, `creates`
    and `acts` what can be done. Nothing is edited in place and nothing is deleted.
    """

    reads: ClassVar[str] = ANY
    organization_of: ClassVar[str] = "organization"
    facts: ClassVar[Sequence[tuple[str, Sequence[str]]]] = ()
    creates: ClassVar[type[Act] | None] = None
    acts: ClassVar[Sequence[type[Act]]] = ()
    says_empty: ClassVar[str] = ""
    shows_history: ClassVar[bool] = True

    actions = None
    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0
    compressed_fields = True
    ordering: Sequence[str] = ("-pk",)
    change_list_template = "admin/house_list.html"
    reading_template = "admin/reading.html"

    # --- who may see what --------------------------------------------------------------------------------------
    def organization_id_of(self, target: Any) -> int | None:
        """The organization a row belongs to."""
        if not self.organization_of:
            return None
        for name in self.organization_of.split("__")[:-1]:
            target = getattr(target, name)
        return getattr(target, f"{self.organization_of.split('__')[-1]}_id", None)

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows the person may see, of all their organizations."""
        rows, seat = super().get_queryset(request), seat_of(request)
        if seat.is_system_admin:
            return rows
        if not self.organization_of:
            return rows.none()
        return rows.filter(**{f"{self.organization_of}__in": seat.open_to(self.reads)})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows of lists: those of the organization chosen."""
        rows, seat = super().get_queryset(request), seat_of(request)
        if not self.organization_of:
            return rows if seat.is_system_admin else rows.none()
        if seat.organization is None or not seat.may(self.reads):
            return rows.none()
        return rows.filter(**{self.organization_of: seat.organization_id})

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """One row the person may see, in whichever of their organizations; None where there is none."""
        try:
            return self.everything(request).get(pk=self.model._meta.pk.to_python(object_id))
        except (ObjectDoesNotExist, ValidationError, ValueError, OverflowError):
            return None

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether there is a list for this person, or this row."""
        seat = seat_of(request)
        if not self.organization_of:
            return seat.is_system_admin
        return seat.may(self.reads, None if obj is None else self.organization_id_of(obj))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether it is in the menu."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether the person may make one in the organization chosen."""
        seat = seat_of(request)
        return self.creates is not None and self.creates.possible(seat, None, seat.organization_id)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is changed in place."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is deleted."""
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what a filter of the list asks: with any column, one could guess at what is not shown, like a password's
        digest, letter by letter.
        """
        asked = {one if isinstance(one, str) else getattr(one, "parameter_name", None) for one in self.list_filter}
        return lookup.removesuffix("__exact") in asked

    # --- pages -------------------------------------------------------------------------------------------------
    def get_urls(self) -> list[URLPattern]:
        """Lists and reading pages, and an address for each act."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        return [
            path("do/<slug:act>/", view(self.act_view), name=f"{name}_do"),
            path("<path:object_id>/do/<slug:act>/", view(self.act_view), name=f"{name}_act"),
            *super().get_urls(),
        ]

    def list_acts(self, request: HttpRequest) -> Sequence[type[Act]]:
        """Acts without a row, beside making a new one, that stand above the list."""
        return ()

    def act_view(self, request: HttpRequest, act: str, object_id: str | None = None) -> HttpResponse:
        """The page of one act.

        :raises Http404: no such act, or no such row for this person.
        """
        among = self.acts if object_id is not None else self.list_acts(request)
        kind = next((kind for kind in among if kind.slug == act), None)
        target = None if object_id is None else self.get_object(request, object_id)
        if kind is None or (object_id is not None and target is None):
            raise Http404
        return show_act(request, self, kind, target)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """The page that makes a new one.

        :raises PermissionDenied: where nobody, or not this person, may.
        """
        if self.creates is None or not self.has_add_permission(request):
            raise PermissionDenied
        return show_act(request, self, self.creates)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The reading page of a row.

        :raises Http404: where there is no such row for this person.
        """
        target = self.get_object(request, object_id)
        if target is None or not self.has_view_permission(request, target):
            raise Http404
        seat, organization_id = seat_of(request), self.organization_id_of(target)
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_act"
        offered: list[tuple[Any, str]] = [
            (kind, reverse(name, args=[target.pk, kind.slug]))
            for kind in self.acts
            if kind.possible(seat, target, organization_id)
        ]
        offered += [(link, link.address) for link in self.links(request, target)]
        context = {
            **self.admin_site.each_context(request),
            "title": self.name_of(target),
            "opts": self.opts,
            "target": target,
            "offered": offered,
            "groups": self.read_facts(request, target),
            "panels": [*self.panels(request, target, clock_of(request)), *self._history(target)],
            "list_address": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return TemplateResponse(request, self.reading_template, context)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list."""
        seat = seat_of(request)
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_do"
        offered: list[tuple[Any, str]] = []
        if self.creates is not None and self.has_add_permission(request):
            offered.append((self.creates, reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_add")))
        offered += [
            (kind, reverse(name, args=[kind.slug]))
            for kind in self.list_acts(request)
            if kind.possible(seat, None, seat.organization_id)
        ]
        more: dict[str, Any] = {"title": capfirst(self.opts.verbose_name_plural), "offered": offered}
        response = super().changelist_view(request, {**more, **(extra_context or {})})
        listed = getattr(response, "context_data", None) or {}
        if "cl" in listed:
            # The list is drawn knowing nothing else of the page.
            listed["cl"].says_empty, listed["cl"].offered = self.says_empty, offered
            # Nothing was counted beyond what is listed, so there is no "all" to compare with, or to offer.
            listed["cl"].full_result_count = listed["cl"].result_count
            capped = getattr(listed["cl"], "is_capped", False)
            listed["cl"].is_capped = capped or listed["cl"].result_count >= MOST_COUNTED
        return response

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Django's own history has nothing to tell; the audit trail on the reading page has."""
        return self.change_view(request, object_id)

    # --- what they show ----------------------------------------------------------------------------------------
    def panels(self, request: HttpRequest, target: Any, at: datetime) -> Iterable[Panel]:
        """The tables of a reading page."""
        return ()

    def name_of(self, target: Any) -> str:
        """What stands above a row's page."""
        return str(target)

    def links(self, request: HttpRequest, target: Any) -> Iterable[Link]:
        """Ways to other pages, beside the acts of a reading page."""
        return ()

    def find(self, request: HttpRequest, term: str, most: int) -> Iterable[Any]:
        """Rows for the search over everything: at most `most` of the organization chosen, found by an index. None
        unless a page says how.
        """
        return ()

    def read_facts(self, request: HttpRequest, target: Any) -> list[tuple[str, list[tuple[str, Any]]]]:
        """The groups of names and values of a reading page."""
        return [
            (title, [(self._label(name), self._value(name, target)) for name in names])
            for title, names in self.get_facts(request, target)
        ]

    def get_facts(self, request: HttpRequest, target: Any) -> Sequence[tuple[str, Sequence[str]]]:
        """Which facts, in which groups."""
        return self.facts

    def _label(self, name: str) -> str:
        label = str(label_for_field(name, self.model, self))
        return label[:1].upper() + label[1:]

    def _value(self, name: str, target: Any) -> Any:
        field, _, value = lookup_field(name, target, self)
        if isinstance(value, bool):
            return yes_no(value)
        if isinstance(value, datetime):
            return when(value)
        if isinstance(value, Model):
            return link_to(value) if type(value) in self.admin_site._registry else str(value)
        if isinstance(field, JSONField):
            return ", ".join(map(str, value)) if isinstance(value, list) and value else (value or NOTHING)
        if field is not None and getattr(field, "choices", None):
            return getattr(target, f"get_{field.name}_display")()
        return NOTHING if value in (None, "") else value

    def _history(self, target: Any) -> list[Panel]:
        if not self.shows_history:
            return []
        entries = list_audit_of(self.opts.label_lower, target.pk)[:CHANGES_SHOWN]
        rows = [(when(entry.at), entry.actor_name or entry.actor, said(entry), entry.reason) for entry in entries]
        return [Panel("History", ("When", "Who", "What", "Why"), rows, empty="Nobody has changed this.")]

    def address_after(self, act: Act, show: Model | str | None) -> str:
        """Where to go after an act: to the row it names, else to the row it was about, else to the list."""
        if isinstance(show, str):
            return show
        if show is not None or act.target is not None:
            return address_of(show if show is not None else act.target)
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")


def clock_of(request: HttpRequest) -> datetime:
    """The instant of this request: every part of a page speaks of the same one."""
    return request.started_at  # type: ignore[attr-defined,no-any-return]


def said(entry: AuditEntry) -> str:
    """An audit entry in words: what was done, and what it changed."""
    changes = [
        f"{name.replace('_', ' ')}: {_word(entry.before.get(name)) + ' → ' if entry.before else ''}{_word(value)}"
        for name, value in entry.after.items()
        if entry.before or value not in (None, "", False, [])
    ]
    return spoken(entry.action) + (f" ({'; '.join(changes)})" if changes else "")


def spoken(action: str) -> str:
    """An audited action in words: `member.updated` is "member updated"."""
    return action.replace(".", " ").replace("_", " ")


def _word(value: Any) -> str:
    if value in (None, "", []):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
