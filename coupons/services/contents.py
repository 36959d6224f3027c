"""Writes the content of a book, one row for each language (semantics 3.11)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from coupons.models import BookContent, CouponBook
from loyalty.kernel.errors import InvalidInput, NotFound
from loyalty.kernel.models import ContentSchemaVersion, Organization
from loyalty.kernel.services import check_content, lock_content_schema

# What a request says of content, beside the schema.
SAID = ("locale", "content", "is_default_locale", "extra_fields")


def known_locale(organization: Organization, locale: str, field: str) -> str:
    """The locale as the organization writes it.

    :raises InvalidInput: where the organization does not have it.
    """
    known: dict[str, str] = {name.lower(): name for name in (*organization.locales, organization.default_locale)}
    found = known.get(locale.lower())
    if found is None:
        raise InvalidInput(f"The locale must be one of {', '.join(sorted(known.values()))}.", field=field)
    return found


def check_schema(organization_id: int, wanted: dict[str, Any], book: CouponBook | None = None) -> None:
    """Put the content schema that `wanted` names, and the version of it that is meant, in the place of their numbers;
    without a version the latest is meant, and pinned.

    :raises NotFound: where the organization has no such schema, or the schema no such version.
    :raises InvalidInput: a version without a schema.
    """
    if not {"content_schema_id", "content_schema_version_id"} & wanted.keys():
        return
    before = book.content_schema_id if book is not None else None
    schema_id = wanted.get("content_schema_id", before)
    version_id = wanted.get("content_schema_version_id")
    if schema_id is None:
        if version_id is not None:
            raise InvalidInput("Name the content schema of the version.", field="contentSchemaId")
        wanted["content_schema_id"] = wanted["content_schema_version_id"] = None
        return
    lock_content_schema(organization_id, schema_id)
    versions = ContentSchemaVersion.objects.filter(content_schema=schema_id)
    if version_id is not None:
        versions = versions.filter(pk=version_id)
    version = versions.order_by("-pk").first()
    if version is None:
        raise NotFound("There is no such version of this content schema.")
    wanted["content_schema_id"], wanted["content_schema_version_id"] = schema_id, version.pk


def write_content(*, book: CouponBook, organization: Organization, said: Mapping[str, Any], at: datetime) -> str:
    """Write what `said` tells of the book's content in one language: `content` (None takes the language away) and
    `extra_fields`; `is_default_locale` makes the language the book's own. Answers the language whose content was
    written, empty where none was.

    :raises InvalidInput: a language the organization does not have, or content that is not as its schema wants it.
    """
    if not {"content", "extra_fields", "locale"} & said.keys() and not said.get("is_default_locale"):
        return ""
    locale = said.get("locale") or book.default_locale or organization.default_locale
    locale = known_locale(organization, locale, "locale")
    if said.get("is_default_locale") and book.default_locale != locale:
        book.default_locale = locale
        book.save(update_fields=["default_locale"])
    if not {"content", "extra_fields"} & said.keys():
        return ""
    row = BookContent.objects.filter(book=book, locale=locale).first()
    if "content" in said and said["content"] is None:
        if row is not None:
            row.delete()
        return locale
    row = row or BookContent(book=book, locale=locale)
    if "content" in said:
        version = book.content_schema_version
        if version is not None:
            check_content(said["content"], version)
        row.content, row.version = said["content"], version
    if "extra_fields" in said:
        row.extra_fields = said["extra_fields"] or {}
    row.updated_at = at
    row.save()
    return locale
