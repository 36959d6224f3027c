"""Acts: everything a person changes from the console is a form that makes one call of a service.

An act names the role it needs, shows a preview where it can, asks for a reason where value moves, and happens once,
however often its form is sent.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin.options import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.widgets import (
    CHECKBOX_CLASSES,
    FILE_CLASSES,
    INPUT_CLASSES,
    RADIO_CLASSES,
    SELECT_CLASSES,
    SWITCH_CLASSES,
    TEXTAREA_CLASSES,
)

from loyalty.kernel import clock
from loyalty.kernel.desk.seat import Seat, seat_of
from loyalty.kernel.errors import DomainError, NotAllowed
from loyalty.kernel.models import Organization
from loyalty.kernel.roles import ANY
from loyalty.kernel.services import act_once


@dataclass(frozen=True, slots=True)
class Done:
    """What an act did: the sentence to say, and the row (or address) to show next.

    `secrets` (name and value) are shown once on a page of their own and kept nowhere.
    """

    message: str
    show: Model | str | None = None
    secrets: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a preview: what, as it is, as it would be."""

    what: str
    now: Any = ""
    then: Any = ""


@dataclass(slots=True)
class Preview:
    """What an act would do: a sentence, lines of before and after, and a table where there is more to show."""

    says: str
    lines: list[Line] = field(default_factory=list)
    headers: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()


_CLASSES: tuple[tuple[type[forms.Widget], Sequence[str]], ...] = (
    (forms.Textarea, TEXTAREA_CLASSES),
    # Before its parent, the radio buttons.
    (forms.CheckboxSelectMultiple, CHECKBOX_CLASSES),
    (forms.RadioSelect, RADIO_CLASSES),
    (forms.CheckboxInput, SWITCH_CLASSES),
    (forms.SelectMultiple, SELECT_CLASSES),
    (forms.Select, SELECT_CLASSES),
    (forms.FileInput, FILE_CLASSES),
    (forms.widgets.Input, INPUT_CLASSES),
)


def _dress(widget: forms.Widget) -> None:
    for kind, classes in _CLASSES:
        if isinstance(widget, kind):
            if not widget.is_hidden:
                widget.attrs["class"] = " ".join(classes)
            if type(widget) is forms.Select:
                # With its arrow.
                widget.template_name = "unfold/widgets/select.html"
            return


class Act(forms.Form):
    """One thing to do: with a row (`target`), or in the organization chosen.

    A subclass declares its fields, says in `act` which service it calls, and may say in `preview` what that would do.
    """

    slug: ClassVar[str]
    title: ClassVar[str]
    verb: ClassVar[str] = "Save"
    about: ClassVar[str] = ""
    icon: ClassVar[str] = "edit"
    needs: ClassVar[str] = ANY
    is_dangerous: ClassVar[bool] = False
    asks_reason: ClassVar[bool] = False
    template: ClassVar[str] = "admin/act.html"
    # Templates show the class itself on a button.
    do_not_call_in_templates: ClassVar[bool] = True

    once = forms.CharField(widget=forms.HiddenInput, max_length=36)

    def __init__(self, *args: Any, seat: Seat, target: Any = None, at: datetime, **words: Any) -> None:
        super().__init__(*args, **words)
        self.seat, self.target, self.at = seat, target, at
        if self.asks_reason:
            self.fields["reason"] = forms.CharField(
                max_length=500, help_text="Why: it stays in the history, with your name."
            )
        self.prepare()
        for name, value in (self.starts() if not self.is_bound else {}).items():
            self.initial.setdefault(name, value)
        self.initial.setdefault("once", str(uuid.uuid4()))
        for item in self.fields.values():
            _dress(item.widget)

    @classmethod
    def fits(cls, target: Any) -> bool:
        """Whether the act makes sense for the row as it stands; else its button is not there."""
        return True

    @classmethod
    def possible(cls, seat: Seat, target: Any, organization_id: int | None) -> bool:
        """Whether to offer it to this person for this row."""
        return seat.may(cls.needs, organization_id) and (target is None or cls.fits(target))

    def prepare(self) -> None:
        """Set choices, limits and help that depend on the seat and the target."""

    def starts(self) -> dict[str, Any]:
        """What the fields hold when the page is first shown."""
        return {}

    def preview(self) -> Preview | None:
        """What acting now would do, asked before it is done; None acts at once. May raise what acting would raise."""
        return None

    def act(self) -> Done:
        """Call the service.

        :raises DomainError: its refusal, shown beside the field it names.
        """
        raise NotImplementedError

    @cached_property
    def key(self) -> str:
        """The unique key of this page's form: what the act posts to the ledger carries it too."""
        return f"console:{self.seat.operator.pk}:{self.cleaned_data['once']}"

    @property
    def actor(self) -> Any:
        """The person, for services."""
        return self.seat.actor

    @property
    def organization(self) -> Organization:
        """The organization chosen.

        :raises NotAllowed: where there is none.
        """
        if self.seat.organization is None:
            raise NotAllowed("Choose an organization first.")
        return self.seat.organization

    @property
    def reason(self) -> str:
        """Why, in the person's words."""
        return str(self.cleaned_data.get("reason", ""))

    def visible(self) -> list[forms.BoundField]:
        """The fields to fill in."""
        return self.visible_fields()

    @property
    def has_file(self) -> bool:
        """Whether a file is sent along."""
        return self.is_multipart()

    def put_focus(self) -> None:
        """Have the page begin at the first field that was refused, else at the first."""
        names = [field.name for field in self.visible()]
        refused = [name for name in names if name in (self.errors if self.is_bound else {})]
        for name in (refused or names)[:1]:
            self.fields[name].widget.attrs["autofocus"] = True

    def refuse(self, error: DomainError) -> None:
        """Show a refusal beside the field it names, else above the form."""
        name = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", getattr(error, "field", None) or "").lower()
        self.add_error(name if name in self.fields else None, error.message)


def show_act(request: HttpRequest, admin: ModelAdmin[Any], kind: type[Act], target: Any = None) -> HttpResponse:
    """The page of an act: its form, then (where it has one) its preview, then the deed.

    :raises PermissionDenied: where the person has not the role, or the row does not allow it now.
    """
    seat = seat_of(request)
    organization_id = admin.organization_id_of(target) if target is not None else seat.organization_id  # type: ignore[attr-defined]
    if not kind.possible(seat, target, organization_id):
        raise PermissionDenied
    if request.method != "POST":
        start = {name: value for name, value in request.GET.items() if name in kind.base_fields}
        return _page(request, admin, kind(seat=seat, target=target, at=clock.now(), initial=start))
    act = kind(request.POST, request.FILES, seat=seat, target=target, at=clock.now())
    if not act.is_valid():
        return _page(request, admin, act)
    try:
        if "confirmed" not in request.POST:
            preview = act.preview()
            if preview is not None:
                return _page(request, admin, act, preview=preview)
        return _do(request, admin, act)
    except DomainError as error:
        act.refuse(error)
        return _page(request, admin, act)


def _do(request: HttpRequest, admin: ModelAdmin[Any], act: Act) -> HttpResponse:
    secrets: list[tuple[str, str]] = []

    def once() -> tuple[str, str]:
        done = act.act()
        secrets.extend(done.secrets)
        return done.message, admin.address_after(act, done.show)  # type: ignore[attr-defined]

    message, led_to, acted = act_once(key=act.key, at=act.at, act=once)
    if secrets:
        return _page(request, admin, act, secrets=secrets, led_to=led_to, message=message)
    messages.success(request, message if acted else f"{message} It was done before, and not again.")
    return HttpResponseRedirect(led_to)


def _page(request: HttpRequest, admin: ModelAdmin[Any], act: Act, **more: Any) -> HttpResponse:
    act.put_focus()
    context = {
        **admin.admin_site.each_context(request),
        "title": act.title,
        "act": act,
        "opts": admin.opts,
        "target": act.target,
        "target_name": admin.name_of(act.target) if act.target is not None else "",  # type: ignore[attr-defined]
        "back": admin.address_after(act, act.target),  # type: ignore[attr-defined]
        **more,
    }
    request.current_app = admin.admin_site.name  # type: ignore[attr-defined]
    return TemplateResponse(request, act.template, context)
