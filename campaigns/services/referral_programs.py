"""Creates and changes referral programs (semantics 12)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from campaigns.models import UNLIMITED, ReferralProgram
from campaigns.selectors import find_event_type, get_referral_program
from campaigns.services.playbooks import touch_playbook
from ledger.models import Ledger
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import DuplicateValue, InvalidInput, NotFound
from loyalty.kernel.services import apply_changes, record
from members.models import Audience, LoyaltyProgram
from members.selectors import resolve_account

# What is kept of a field that is cleared.
_NOTHING: Mapping[str, Any] = {
    "description": "",
    "picture_url": "",
    "tags": [],
    "custom_attributes": {},
    "max_per_member": UNLIMITED,
}


@transaction.atomic
def create_referral_program(
    *,
    organization_id: int,
    name: str,
    code: str,
    event_type: str,
    max_per_code: int,
    actor: Actor,
    at: datetime,
    **said: Any,
) -> ReferralProgram:
    """A new referral program; `said` are the model's other words.

    :raises DuplicateValue: a code another referral program has.
    :raises InvalidInput: a program, audience, type of event, ledger, account or time that cannot be meant.
    """
    wanted = _checked(organization_id, {**said, "event_type": event_type})
    try:
        with transaction.atomic():
            made = ReferralProgram.objects.create(
                organization_id=organization_id,
                name=name,
                code=code,
                max_per_code=max_per_code,
                created_at=at,
                updated_at=at,
                **wanted,
            )
    except IntegrityError as error:
        raise DuplicateValue(field="code") from error
    touch_playbook(organization_id)
    record(
        actor=actor,
        at=at,
        action="referralprogram.created",
        target=made,
        organization_id=organization_id,
        after={"name": name, "code": code, "event_type": event_type, "active": made.active},
    )
    return get_referral_program(organization_id, made.pk)


@transaction.atomic
def update_referral_program(
    *, program: ReferralProgram, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> ReferralProgram:
    """Change what is named; null clears. Who was referred stays so, and what was given stands.

    :raises DuplicateValue: a code another referral program has.
    :raises InvalidInput: what `create_referral_program` refuses.
    """
    locked = ReferralProgram.objects.select_for_update(no_key=True).get(pk=program.pk)
    wanted = _checked(locked.organization_id, changes, locked)
    try:
        with transaction.atomic():
            changed = apply_changes(
                locked,
                wanted,
                actor=actor,
                at=at,
                action="referralprogram.updated",
                organization_id=locked.organization_id,
                reason=reason,
            )
    except IntegrityError as error:
        raise DuplicateValue(field="code") from error
    if changed:
        touch_playbook(locked.organization_id)
    return get_referral_program(locked.organization_id, locked.pk)


def _checked(organization_id: int, said: Mapping[str, Any], program: ReferralProgram | None = None) -> dict[str, Any]:
    """What is said of a referral program, as it is stored."""
    wanted = {name: _NOTHING[name] if value is None and name in _NOTHING else value for name, value in said.items()}
    if "event_type" in wanted and find_event_type(organization_id, wanted["event_type"]) is None:
        raise InvalidInput("There is no such type of event.", field="eventType")
    for word, rows, field in (
        ("program_id", LoyaltyProgram.objects.filter(organization=organization_id), "loyaltyProgramId"),
        ("audience_id", Audience.objects.filter(organization=organization_id), "audienceId"),
    ):
        if wanted.get(word) is not None and not rows.filter(pk=wanted[word]).exists():
            raise InvalidInput("There is no such row.", field=field)
    checked: set[tuple[int | None, int | None]] = set()
    for side in ("referrer", "referred"):
        ledger_id, account_id = (
            wanted.get(f"{side}_{word}_id", getattr(program, f"{side}_{word}_id", None))
            for word in ("ledger", "account")
        )
        if (ledger_id, account_id) not in checked:
            _check_account(organization_id, ledger_id, account_id, side)
            checked.add((ledger_id, account_id))
    since, until = (wanted.get(name, getattr(program, name, None)) for name in ("valid_from", "valid_to"))
    if since and until and since >= until:
        raise InvalidInput("A referral program is valid from before it is valid to.", field="validToDate")
    return wanted


def _check_account(organization_id: int, ledger_id: int | None, account_id: int | None, side: str) -> None:
    """That a ledger and an account that are named are there, the one in the other."""
    if account_id is None:
        ledgers = Ledger.objects.filter(organization=organization_id)
        if ledger_id is not None and not ledgers.filter(pk=ledger_id).exists():
            raise InvalidInput("There is no such ledger.", field=f"{side}LedgerId")
        return
    try:
        resolve_account(organization_id, ledger_id=ledger_id, account_id=account_id)
    except NotFound as error:
        raise InvalidInput("There is no such ledger account in this ledger.", field=f"{side}LedgerAccountId") from error
