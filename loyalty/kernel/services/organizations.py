"""Creates and changes organizations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty.kernel import clock
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.models import Organization
from loyalty.kernel.services.audit import apply_changes, record
from loyalty.kernel.services.keys import new_key

_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def _checked_timezone(name: object) -> str:
    if not isinstance(name, str) or name not in clock.zone_names():
        raise InvalidInput("timezone must be an IANA time zone name, like Europe/Berlin.", field="customAttributes")
    return name


def _checked_locales(default: str, locales: list[str]) -> list[str]:
    for locale in (default, *locales):
        if not _LOCALE.fullmatch(locale):
            raise InvalidInput(f"{locale!r} is not a locale, like en-US.", field="locales")
    # The default is always one of them (semantics 13.2).
    return list(dict.fromkeys(locales if default in locales else [*locales, default]))


@transaction.atomic
def create_organization(
    *,
    name: str,
    actor: Actor,
    at: datetime,
    key: str | None = None,
    description: str = "",
    default_locale: str = "en-US",
    timezone: str = "UTC",
) -> Organization:
    """A new organization with no books yet; its key is made of its name unless given.

    :raises InvalidInput: where the time zone or the locale does not exist.
    """
    organization = Organization.objects.create(
        key=key or new_key(name, among=Organization.objects.all(), field="key", fallback="organization"),
        name=name,
        description=description,
        default_locale=default_locale,
        locales=_checked_locales(default_locale, []),
        timezone=_checked_timezone(timezone),
        created_at=at,
        updated_at=at,
    )
    record(
        actor=actor,
        at=at,
        action="organization.created",
        target=organization,
        organization_id=organization.pk,
        after={"name": name, "key": organization.key},
    )
    return organization


@transaction.atomic
def update_organization(
    *, organization: Organization, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> Organization:
    """Change what is named; `custom_attributes` replaces the attributes, and its `timezone` sets the time zone.

    Days already booked keep the day they were booked under (semantics 0.14).

    :raises InvalidInput: where the time zone or a locale does not exist.
    """
    wanted = dict(changes)
    if "custom_attributes" in wanted:
        attributes = dict(wanted["custom_attributes"] or {})
        if "timezone" in attributes:
            wanted["timezone"] = attributes.pop("timezone")
        wanted["custom_attributes"] = attributes
    if "timezone" in wanted:
        wanted["timezone"] = _checked_timezone(wanted["timezone"])
    if "default_locale" in wanted or "locales" in wanted:
        wanted["locales"] = _checked_locales(
            wanted.get("default_locale", organization.default_locale), wanted.get("locales") or organization.locales
        )
    apply_changes(
        organization,
        wanted,
        actor=actor,
        at=at,
        action="organization.updated",
        organization_id=organization.pk,
        reason=reason,
    )
    return organization
