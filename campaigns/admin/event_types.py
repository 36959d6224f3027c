"""The organization's own types of events on the console."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.safestring import SafeString

from campaigns.admin.display import rule_text
from campaigns.models import LoyaltyEventType
from campaigns.services import create_event_type, put_event_type
from loyalty.kernel.desk import Act, Done, HouseAdmin, state
from loyalty.kernel.desk.display import NOTHING
from loyalty.kernel.desk.fields import read_object
from loyalty.kernel.errors import DomainError

MOST_SCHEMA = 100_000


class _EventType(Act):
    """What events of a type tell."""

    needs = "campaigns:write"
    template = "admin/shown_form.html"

    name = forms.CharField(max_length=255)
    description = forms.CharField(required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 2}))
    schema_type = forms.ChoiceField(
        choices=LoyaltyEventType.SchemaType.choices,
        label="It tells",
        widget=forms.Select(attrs={"data-shows": "1"}),
    )
    schema = forms.CharField(
        required=False,
        max_length=MOST_SCHEMA,
        label="JSON Schema",
        help_text='Such as {"type": "object", "required": ["stars"]}.',
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "data-of": "custom"}),
    )

    def clean_schema(self) -> dict[str, Any] | None:
        """An object, or nothing."""
        text = self.cleaned_data["schema"].strip()
        try:
            return read_object(text) if text else None
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def words(self, held: dict[str, Any]) -> dict[str, Any]:
        """The fields as services take them; what else a type's attributes hold stays."""
        said = {name: self.cleaned_data[name] for name in ("name", "description", "schema_type")}
        others = {name: value for name, value in held.items() if name != "schema"}
        schema = self.cleaned_data["schema"]
        known = read_schema(held.get("schema"))
        # A schema that was given as a text stays one until it is changed.
        kept = held["schema"] if "schema" in held and schema == known else schema
        return {**said, "custom_attributes": others if kept is None else {**others, "schema": kept}}

    def refuse(self, error: DomainError) -> None:
        """Beside the field; services know some by other names."""
        named = {"apiCode": "code", "customAttributes": "schema"}.get(getattr(error, "field", None) or "")
        if named in self.fields:
            self.add_error(named, error.message.removeprefix("customAttributes.schema: "))
        else:
            super().refuse(error)


def read_schema(kept: Any) -> Any:
    """A schema as an object, where it is one."""
    if not isinstance(kept, str):
        return kept
    try:
        return read_object(kept)
    except ValueError:
        return None


class CreateEventType(_EventType):
    """Another type of event."""

    slug, title, verb, icon = "create", "New event type", "Create", "add"

    code = forms.CharField(
        max_length=100, help_text="What programs call it, for good: small letters, digits and dashes, at least 3."
    )
    field_order = ["name", "code"]

    def act(self) -> Done:
        """Create it."""
        code = self.cleaned_data["code"]
        create_event_type(
            organization_id=self.organization.pk, code=code, actor=self.actor, at=self.at, **self.words({})
        )
        made = LoyaltyEventType.objects.get(organization=self.organization, code=code)
        return Done(f"Events of the type {made} can be told.", made)


class EditEventType(_EventType):
    """Change what it tells."""

    slug, title, icon = "edit", "Edit", "edit"
    about = "Events that were told stay as they are."
    active = forms.BooleanField(required=False, help_text="One that is not takes no new events.")

    def starts(self) -> dict[str, Any]:
        """As it is."""
        names = ("name", "description", "schema_type", "active")
        schema = read_schema(self.target.custom_attributes.get("schema"))
        text = "" if schema is None else json.dumps(schema, ensure_ascii=False, indent=2)
        return {**{name: getattr(self.target, name) for name in names}, "schema": text}

    def act(self) -> Done:
        """Save what is different."""
        held: LoyaltyEventType = self.target
        put_event_type(
            organization_id=held.organization_id,
            code=held.code,
            active=self.cleaned_data["active"],
            actor=self.actor,
            at=self.at,
            **self.words(held.custom_attributes),
        )
        return Done(f"{self.cleaned_data['name']} is saved.", held)


@admin.register(LoyaltyEventType)
class EventTypeAdmin(HouseAdmin):
    """What can happen to members beside what is built in."""

    reads = "campaigns:read"
    list_display = ["name", "code", "schema_type", "stands", "updated_at"]
    list_filter = ["active"]
    search_fields = ["name", "code"]
    ordering = ("name", "pk")
    sortable_by = ()
    creates = CreateEventType
    acts = (EditEventType,)
    says_empty = (
        "An event type is something of your own that happens to members, like a review they write. Your programs tell"
        " it, and campaigns listen."
    )
    facts = (
        ("Event type", ("name", "code", "description", "stands")),
        ("It tells", ("schema_type", "schema_shown")),
        ("Row", ("id", "created_at", "updated_at")),
    )

    @admin.display(description="State")
    def stands(self, kind: LoyaltyEventType) -> SafeString:
        """Whether it takes events."""
        return state("active" if kind.active else "inactive")

    @admin.display(description="JSON Schema")
    def schema_shown(self, kind: LoyaltyEventType) -> Any:
        """What its payload is checked against."""
        schema = read_schema(kind.custom_attributes.get("schema"))
        return NOTHING if schema is None else rule_text(json.dumps(schema, ensure_ascii=False, indent=1))
