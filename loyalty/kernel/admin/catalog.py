"""The catalogs on the console: one page, registered four times."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest

from loyalty.kernel.desk import Act, Done, HouseAdmin, copyable
from loyalty.kernel.errors import DomainError
from loyalty.kernel.models import CatalogEntry, Category, Location, OrderLocation, ProductCategory
from loyalty.kernel.services import create_catalog_entry, update_catalog_entry

READS, WRITES = "orders:read", "orders:write"


class TagsField(forms.CharField):
    """Words with commas between them."""

    def __init__(self, **words: Any) -> None:
        super().__init__(required=False, max_length=2000, help_text="With commas between them.", **words)

    def prepare_value(self, value: Any) -> Any:
        """The words as one text."""
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """The words, each once."""
        text = super().to_python(value) or ""
        return list(dict.fromkeys(word.strip()[:100] for word in text.split(",") if word.strip()))


class _Entry(Act):
    """What is said of a word of a catalog."""

    needs = WRITES
    label = forms.CharField(max_length=255, help_text="What people read.")
    tags = TagsField()

    def refuse(self, error: DomainError) -> None:
        """The code is the one thing that another word may have."""
        self.add_error("code" if "code" in self.fields else None, error.message)


class CreateEntry(_Entry):
    """A new word of a catalog."""

    slug, title, verb, icon = "create", "New entry", "Create it", "add"
    model: ClassVar[type[CatalogEntry]]

    field_order = ("code", "label", "tags")
    code = forms.RegexField(
        r"^[^/,]+$",
        max_length=255,
        help_text="What orders and campaigns call it, for ever: it cannot be changed. No slash, no comma.",
    )

    def act(self) -> Done:
        """Create it."""
        said = {name: self.cleaned_data[name] for name in ("code", "label", "tags")}
        made = create_catalog_entry(
            model=self.model, organization_id=self.organization.pk, actor=self.actor, at=self.at, **said
        )
        return Done(f"{made} is there.", made)


class EditEntry(_Entry):
    """Change a label or tags."""

    slug, title, icon = "edit", "Edit", "edit"

    def starts(self) -> dict[str, Any]:
        """As it is."""
        return {"label": self.target.label, "tags": self.target.tags}

    def act(self) -> Done:
        """Update it."""
        changes = {name: self.cleaned_data[name] for name in ("label", "tags")}
        update_catalog_entry(entry=self.target, changes=changes, actor=self.actor, at=self.at)
        return Done(f"{self.target} is saved.", self.target)


class CatalogAdmin(HouseAdmin):
    """The words of one catalog."""

    reads = READS
    list_display = ["label", "the_code", "tagged"]
    ordering = ("label", "pk")
    search_fields = ["code", "label"]
    acts = (EditEntry,)
    says_empty = "Orders and campaigns refer to these by their codes."
    facts = (("Entry", ("the_code", "label", "tags", "created_at", "updated_at")),)

    def __init__(self, model: type[CatalogEntry], admin_site: Any) -> None:
        super().__init__(model, admin_site)
        noun = model._meta.verbose_name
        words = {"__doc__": f"A new {noun}.", "title": f"New {noun}", "model": model}
        self.creates = type(f"Create{model.__name__}", (CreateEntry,), words)  # type: ignore[misc]

    def find(self, request: HttpRequest, term: str, most: int) -> Iterable[CatalogEntry]:
        """By the code; an index finds no other."""
        return self.get_queryset(request).filter(Q(code=term)).order_by("pk")[:most]

    @admin.display(description="Code", ordering="code")
    def the_code(self, entry: CatalogEntry) -> Any:
        """What others call it."""
        return copyable(entry.code)

    @admin.display(description="Tags")
    def tagged(self, entry: CatalogEntry) -> str:
        """Its tags, in one line."""
        return ", ".join(entry.tags)


admin.site.register([OrderLocation, ProductCategory, Location, Category], CatalogAdmin)
