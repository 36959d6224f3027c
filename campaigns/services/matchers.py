"""Creates and changes matchers (semantics 10.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from campaigns.models import ActionMatcher
from campaigns.rules import ITEM_ROOTS, read_rule
from campaigns.services.playbooks import touch_playbook
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import DuplicateValue
from loyalty.kernel.services import apply_changes, new_key, record


@transaction.atomic
def create_matcher(
    *, organization_id: int, name: str, type: str, matcher: Mapping[str, Any], actor: Actor, at: datetime
) -> ActionMatcher:
    """A new matcher with a key made of its name.

    :raises BadRule: a rule that cannot say true or false of an item.
    :raises DuplicateValue: a name another matcher has.
    """
    kept = read_rule(matcher, ITEM_ROOTS, wanted="boolean", field="matcher")
    siblings = ActionMatcher.objects.filter(organization_id=organization_id)
    key = new_key(name, among=siblings, field="key", fallback="matcher", organization_id=organization_id)
    try:
        with transaction.atomic():
            made = ActionMatcher.objects.create(
                organization_id=organization_id,
                key=key,
                name=name,
                type=type,
                matcher=kept.document,
                rule=kept.text,
                created_at=at,
                updated_at=at,
            )
    except IntegrityError as error:
        raise DuplicateValue(field="name") from error
    record(
        actor=actor,
        at=at,
        action="matcher.created",
        target=made,
        organization_id=organization_id,
        after={"name": name, "key": key, "matcher": kept.document},
    )
    return made


@transaction.atomic
def update_matcher(
    *, matcher: ActionMatcher, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> ActionMatcher:
    """Change what is named. Its type is said once; the only one there is may be said again.

    :raises BadRule: a rule that cannot say true or false of an item.
    :raises DuplicateValue: a name another matcher has.
    """
    locked = ActionMatcher.objects.select_for_update(no_key=True).get(pk=matcher.pk)
    wanted = {name: value for name, value in changes.items() if name in ("name", "matcher")}
    if "matcher" in wanted:
        kept = read_rule(wanted["matcher"], ITEM_ROOTS, wanted="boolean", field="matcher")
        wanted["matcher"], wanted["rule"] = kept.document, kept.text
    try:
        with transaction.atomic():
            apply_changes(
                locked,
                wanted,
                actor=actor,
                at=at,
                action="matcher.updated",
                organization_id=locked.organization_id,
                reason=reason,
            )
    except IntegrityError as error:
        raise DuplicateValue(field="name") from error
    touch_playbook(locked.organization_id)
    return locked
