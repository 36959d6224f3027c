"""Creates and changes missions (semantics 11)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from campaigns.models import ActionMatcher, Mission
from campaigns.services.playbooks import touch_playbook
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import DuplicateValue, InvalidInput, NotFound
from loyalty.kernel.services import apply_changes, new_key, record
from members.models import Audience, LoyaltyProgram
from members.selectors import resolve_account

_TEXTS = ("short_description", "description", "picture_url", "type", "repetition_period")
# Said once: the counters of members are of a period.
_FOR_GOOD = ("repetition_period", "period_limit")


@transaction.atomic
def create_mission(*, organization_id: int, name: str, code: str, actor: Actor, at: datetime, **said: Any) -> Mission:
    """A new mission with a key made of its name; `said` are the model's other words.

    :raises DuplicateValue: a code another mission has.
    :raises InvalidInput: a program, audience, matcher, account, period or time that cannot be meant.
    """
    wanted = _checked(organization_id, said)
    siblings = Mission.objects.filter(organization_id=organization_id)
    key = new_key(name, among=siblings, field="key", fallback="mission", organization_id=organization_id)
    words = {**wanted, "name": name, "code": code, "key": key, "created_at": at, "updated_at": at}
    try:
        with transaction.atomic():
            mission = Mission.objects.create(organization_id=organization_id, **words)
    except IntegrityError as error:
        raise DuplicateValue(field="code") from error
    touch_playbook(organization_id)
    after = {"name": name, "code": code, "active": mission.active, "goal_count": mission.goal_count}
    record(actor=actor, at=at, action="mission.created", target=mission, organization_id=organization_id, after=after)
    return mission


@transaction.atomic
def update_mission(
    *, mission: Mission, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> Mission:
    """Change what is named; null clears. What was counted and achieved so far stands. The period is said once.

    :raises DuplicateValue: a code another mission has.
    :raises InvalidInput: what `create_mission` refuses.
    """
    locked = Mission.objects.select_for_update(no_key=True).get(pk=mission.pk)
    said = {name: value for name, value in changes.items() if name not in _FOR_GOOD}
    wanted = _checked(locked.organization_id, said, locked)
    words: dict[str, Any] = {"actor": actor, "at": at, "reason": reason, "organization_id": locked.organization_id}
    try:
        with transaction.atomic():
            changed = apply_changes(locked, wanted, action="mission.updated", **words)
    except IntegrityError as error:
        raise DuplicateValue(field="code") from error
    if changed:
        touch_playbook(locked.organization_id)
    return locked


def _checked(organization_id: int, said: Mapping[str, Any], mission: Mission | None = None) -> dict[str, Any]:
    """What is said of a mission, as it is stored."""
    wanted = dict(said)
    wanted.update({name: "" for name in _TEXTS if name in wanted and wanted[name] is None})
    for name, nothing in (("tags", []), ("custom_attributes", {})):
        if name in wanted and wanted[name] is None:
            wanted[name] = nothing
    if wanted.get("repetition_period") and wanted["repetition_period"] not in Mission.Period.values:
        raise InvalidInput(f"A period is one of {', '.join(Mission.Period.values)}.", field="repetitionPeriod")
    for word, model, field in (
        ("program_id", LoyaltyProgram, "loyaltyProgramId"),
        ("audience_id", Audience, "audienceId"),
        ("matcher_id", ActionMatcher, "matcherId"),
    ):
        rows: Any = model._default_manager.filter(organization_id=organization_id)
        if wanted.get(word) is not None and not rows.filter(pk=wanted[word]).exists():
            raise InvalidInput(f"The {field.removesuffix('Id')} must be one of the organization's.", field=field)
    _check_account(organization_id, wanted, mission)
    since, until = (wanted.get(name, getattr(mission, name, None)) for name in ("valid_from", "valid_to"))
    if since and until and since >= until:
        raise InvalidInput("A mission is valid from before it is valid to.", field="validTo")
    return wanted


def _check_account(organization_id: int, wanted: Mapping[str, Any], mission: Mission | None) -> None:
    """That the account and ledger named are there, and the one is in the other."""
    ledger_id, account_id = (wanted.get(name, getattr(mission, name, None)) for name in ("ledger_id", "account_id"))
    if ledger_id is None and account_id is None:
        return
    try:
        resolve_account(organization_id, ledger_id=ledger_id, account_id=account_id)
    except NotFound as error:
        field = "ledgerId" if account_id is None else "ledgerAccountId"
        raise InvalidInput("There is no such ledger account.", field=field) from error
