"""Creates and changes triggers, and keeps their secrets."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from campaigns.models import EventTrigger
from campaigns.services.outbox import drop_waiting
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.services import record
from loyalty.kernel.services.addresses import parse_address
from members.models import EventType

OVERLAP = timedelta(hours=24)
MOST_HEADERS = 20
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[!-~]([ -~]{0,998}[!-~])?")
# What the house says itself, and what would change how a request is read.
_OWN_HEADERS = {
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "user-agent",
    "x-signature",
    "x-timestamp",
}
_OWN_HEADERS |= {"connection", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
_SECRET = re.compile(r"[ -~]{16,255}")
_SAID = ("name", "active", "url", "headers", "event_types")


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A trigger just made or rotated, with the secret that is shown this once."""

    trigger: EventTrigger
    secret: str


def make_secret() -> str:
    """A secret: 256 random bits."""
    return "whs_" + secrets.token_urlsafe(32)


def _check(said: Mapping[str, Any]) -> None:
    """:raises InvalidInput: an address, headers, types or a secret that cannot be."""
    if "url" in said:
        parse_address(said["url"])
    if "headers" in said:
        _check_headers(said["headers"])
    if "event_types" in said:
        unknown = [word for word in said["event_types"] if word not in EventType.values]
        if unknown:
            known = ", ".join(EventType.values)
            raise InvalidInput(f"There is no event type {unknown[0]!r}: send some of {known}.", field="settings")
    if said.get("secret") is not None and not _SECRET.fullmatch(said["secret"]):
        raise InvalidInput("A secret has 16 to 255 visible ASCII characters.", field="settings.secret")


def _check_headers(headers: Mapping[str, Any]) -> None:
    if len(headers) > MOST_HEADERS or len({name.lower() for name in headers}) < len(headers):
        raise InvalidInput(f"Send at most {MOST_HEADERS} headers, each once.", field="settings.headers")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            raise InvalidInput(f"The header {name[:100]!r} cannot be sent.", field="settings.headers")
        if name.lower() in _OWN_HEADERS or name.lower().startswith("proxy-"):
            raise InvalidInput(f"The header {name} is not for you to set.", field="settings.headers")


def _told(said: Mapping[str, Any]) -> dict[str, Any]:
    """What the history keeps of it: of headers the names, which may be followed by keys."""
    return {name: sorted(value) if name == "headers" else value for name, value in said.items() if name in _SAID}


@transaction.atomic
def create_trigger(
    *,
    organization_id: int,
    name: str,
    url: str,
    actor: Actor,
    at: datetime,
    active: bool = True,
    headers: Mapping[str, str] | None = None,
    event_types: Sequence[str] = (),
    secret: str | None = None,
) -> NewSecret:
    """A new trigger that tells `url` of events of these types (none named: of all) from now on; without a `secret` one
    is made.

    :raises InvalidInput: an address, headers, types or a secret that cannot be.
    """
    said: dict[str, Any] = {
        "name": name,
        "active": active,
        "url": url,
        "headers": dict(headers or {}),
        "event_types": list(dict.fromkeys(event_types)),
    }
    _check({**said, "secret": secret})
    trigger = EventTrigger.objects.create(
        organization_id=organization_id,
        secret=secret or make_secret(),
        next_run_at=at,
        created_at=at,
        updated_at=at,
        **said,
    )
    record(
        actor=actor,
        at=at,
        action="webhook.created",
        target=trigger,
        organization_id=organization_id,
        after=_told(said),
    )
    return NewSecret(trigger, trigger.secret)


@transaction.atomic
def update_trigger(
    *, trigger: EventTrigger, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> EventTrigger:
    """Change what is named. A new `secret` works beside the old one for OVERLAP; None keeps the one there is.

    Turned off, it sends nothing, and what waits is dropped (semantics 7.6). Whoever is at work on it stops and begins
    anew with what is said now.

    :raises InvalidInput: an address, headers, types or a secret that cannot be.
    """
    _check(changes)
    locked = EventTrigger.objects.select_for_update(no_key=True).get(pk=trigger.pk)
    before = {name: getattr(locked, name) for name in _SAID}
    said = {name: changes[name] for name in _SAID if name in changes and changes[name] != before[name]}
    secret = changes.get("secret")
    rotated = secret is not None and secret != locked.secret
    if not said and not rotated:
        return locked
    for name, value in said.items():
        setattr(locked, name, value)
    if secret is not None and rotated:
        _rotate(locked, secret, at + OVERLAP)
    if "active" in said:
        drop_waiting(locked, at=at)
    locked.next_run_at, locked.failures, locked.updated_at = at, 0, at
    locked.save()
    record(
        actor=actor,
        at=at,
        action="webhook.updated",
        target=locked,
        organization_id=locked.organization_id,
        before=_told({name: before[name] for name in said}),
        after={**_told(said), **({"previous_secret_until": locked.previous_secret_until} if rotated else {})},
        reason=reason,
    )
    return locked


def _rotate(trigger: EventTrigger, secret: str, until: datetime) -> None:
    trigger.previous_secret, trigger.secret = trigger.secret, secret
    trigger.previous_secret_until = until


@transaction.atomic
def rotate_secret(
    *, trigger: EventTrigger, actor: Actor, at: datetime, overlap: timedelta = OVERLAP, reason: str = ""
) -> NewSecret:
    """Give the trigger a new secret; for `overlap` everything is signed with the old one as well."""
    locked = EventTrigger.objects.select_for_update(no_key=True).get(pk=trigger.pk)
    _rotate(locked, make_secret(), at + overlap)
    locked.next_run_at, locked.updated_at = at, at
    locked.save()
    record(
        actor=actor,
        at=at,
        action="webhook.rotated",
        target=locked,
        organization_id=locked.organization_id,
        after={"previous_secret_until": locked.previous_secret_until},
        reason=reason,
    )
    return NewSecret(locked, locked.secret)
