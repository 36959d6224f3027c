"""Content schemas on the console, to be read: programs write them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from loyalty.kernel.desk import HouseAdmin, Panel, state, when
from loyalty.kernel.models import ContentSchema

VERSIONS_SHOWN = 20
TEXT_SHOWN = 4000


@admin.register(ContentSchema)
class ContentSchemaAdmin(HouseAdmin):
    """What the content of coupon books has to look like."""

    reads = "coupons:read"
    list_display = ["name", "type", "stands", "updated"]
    list_filter = ["active"]
    search_fields = ["name"]
    ordering = ("name", "pk")
    says_empty = "Content schemas say what the content of coupon books looks like. Programs write them, over the API."
    facts = (
        ("Schema", ("name", "description", "type", "stands", "picture_url")),
        ("Row", ("id", "created_at", "updated_at", "deleted_at")),
    )

    @admin.display(description="State")
    def stands(self, schema: ContentSchema) -> SafeString:
        """Whether it is used."""
        if schema.deleted_at is not None:
            return state("deleted")
        return state("active" if schema.active else "inactive")

    @admin.display(description="Changed", ordering="updated_at")
    def updated(self, schema: ContentSchema) -> SafeString:
        """When it was changed last."""
        return when(schema.updated_at)

    def panels(self, request: HttpRequest, target: Any, at: datetime) -> Iterable[Panel]:
        """Its texts, the one that counts first."""
        versions = target.versions.order_by("-id")[:VERSIONS_SHOWN]
        rows = [(one.pk, when(one.created_at), _shown(one.schema)) for one in versions]
        yield Panel("Versions", ("Version", "Since", "Text"), rows, note="The first of them counts.")


def _shown(text: str) -> SafeString:
    more = "" if len(text) <= TEXT_SHOWN else f"\n… and {len(text) - TEXT_SHOWN} characters more"
    return format_html("<pre>{}{}</pre>", text[:TEXT_SHOWN], more)
