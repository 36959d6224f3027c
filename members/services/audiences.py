"""Creates, changes and counts audiences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from loyalty.kernel.actors import Actor
from loyalty.kernel.services import apply_changes, new_key, record
from members.matchers import read_matcher
from members.models import Audience
from members.selectors import due_audiences, members_of

# After this long a count is taken anew, whether or not the audience has changed: its members have.
COUNTED_EVERY = timedelta(hours=1)


@transaction.atomic
def create_audience(
    *,
    organization_id: int,
    name: str,
    matcher_type: str,
    actor: Actor,
    at: datetime,
    matcher: Mapping[str, Any] | None = None,
    active: bool = True,
    description: str | None = "",
    segment_key: str | None = "",
) -> Audience:
    """A new audience, with a key made of its name (semantics 10.3, 0.11). Its members are not counted yet.

    :raises BadMatcher: a matcher that cannot work.
    """
    read = read_matcher(matcher_type, matcher or {})
    siblings = Audience.objects.filter(organization_id=organization_id)
    audience = Audience.objects.create(
        organization_id=organization_id,
        key=new_key(name, among=siblings, field="key", fallback="audience", organization_id=organization_id),
        name=name,
        description=description or "",
        active=active,
        matcher_type=matcher_type,
        matcher=read.document,
        rule=read.rule,
        segment_key=segment_key or "",
        created_at=at,
        updated_at=at,
    )
    record(
        actor=actor,
        at=at,
        action="audience.created",
        target=audience,
        organization_id=organization_id,
        after={"name": name, "key": audience.key, "matcher_type": matcher_type, "matcher": read.document},
    )
    return audience


@transaction.atomic
def update_audience(
    *, audience: Audience, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> Audience:
    """Change what is named; null clears. A new type must go with the matcher that is given, or the one there is.

    :raises BadMatcher: a matcher that cannot work.
    """
    locked = Audience.objects.select_for_update().get(pk=audience.pk)
    wanted = dict(changes)
    for name in ("description", "segment_key"):
        if name in wanted:
            wanted[name] = wanted[name] or ""
    if "matcher" in wanted or "matcher_type" in wanted:
        given = wanted["matcher"] or {} if "matcher" in wanted else locked.matcher
        read = read_matcher(wanted.get("matcher_type", locked.matcher_type), given)
        wanted["matcher"], wanted["rule"] = read.document, read.rule
    apply_changes(
        locked,
        wanted,
        actor=actor,
        at=at,
        action="audience.updated",
        organization_id=locked.organization_id,
        reason=reason,
    )
    return locked


def refresh_audience(*, audience: Audience, at: datetime) -> int:
    """Count the members who belong to the audience at `at`, and write that down unless a later count is there.

    For reporting only (semantics 10.3): nothing decides by it, so it leaves no mark in the audit trail, and the count,
    which may take seconds, keeps no lock.
    """
    count = members_of(audience, at=at).count()
    earlier = Q(refreshed_at__isnull=True) | Q(refreshed_at__lt=at)
    Audience.objects.filter(earlier, pk=audience.pk).update(member_count=count, refreshed_at=at)
    return count


def refresh_due_audiences(*, at: datetime) -> int:
    """Count the members of every audience that changed since its last count, or was not counted for long; answers how
    many audiences they were.
    """
    due = list(due_audiences(older_than=at - COUNTED_EVERY))
    for audience in due:
        refresh_audience(audience=audience, at=at)
    return len(due)
