"""Creates and changes campaigns (semantics 9.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from campaigns.models import Campaign
from campaigns.selectors import find_event_type
from campaigns.selectors.playbook import DAYS
from campaigns.services.playbooks import touch_playbook
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import DuplicateValue, InvalidInput
from loyalty.kernel.models import Location
from loyalty.kernel.services import apply_changes, record
from members.models import Audience, LoyaltyProgram, LoyaltyTier

_TEXTS = ("description", "picture_url", "type", "event_type")
_LISTS = ("tags", "enabled_topics", "audience_keys", "tier_keys", "days_of_week", "location_codes")
_OBJECTS = ("custom_attributes", "smart_rewards")


@transaction.atomic
def create_campaign(*, organization_id: int, name: str, code: str, actor: Actor, at: datetime, **said: Any) -> Campaign:
    """A new campaign; `said` are the model's other words. It gives nothing before it has running actions.

    :raises DuplicateValue: a code another campaign has.
    :raises InvalidInput: a program, type of event, tier, audience, place, day or time that cannot be meant.
    """
    wanted = _checked(organization_id, said)
    try:
        with transaction.atomic():
            campaign = Campaign.objects.create(
                organization_id=organization_id, name=name, code=code, created_at=at, updated_at=at, **wanted
            )
    except IntegrityError as error:
        raise DuplicateValue(field="code") from error
    touch_playbook(organization_id)
    record(
        actor=actor,
        at=at,
        action="campaign.created",
        target=campaign,
        organization_id=organization_id,
        after={"name": name, "code": code, "active": campaign.active},
    )
    return campaign


@transaction.atomic
def update_campaign(
    *, campaign: Campaign, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> Campaign:
    """Change what is named; null clears. What was given so far stands.

    :raises DuplicateValue: a code another campaign has.
    :raises InvalidInput: what `create_campaign` refuses.
    """
    locked = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    wanted = _checked(locked.organization_id, changes, locked)
    try:
        with transaction.atomic():
            changed = apply_changes(
                locked,
                wanted,
                actor=actor,
                at=at,
                action="campaign.updated",
                organization_id=locked.organization_id,
                reason=reason,
            )
    except IntegrityError as error:
        raise DuplicateValue(field="code") from error
    if changed:
        touch_playbook(locked.organization_id)
    return locked


def _checked(organization_id: int, said: Mapping[str, Any], campaign: Campaign | None = None) -> dict[str, Any]:
    """What is said of a campaign, as it is stored."""
    wanted = dict(said)
    for names, nothing in ((_TEXTS, ""), (_LISTS, []), (_OBJECTS, {})):
        for name in names:
            if name in wanted and wanted[name] is None:
                wanted[name] = nothing
    if wanted.get("program_id") is not None:
        programs = LoyaltyProgram.objects.filter(organization=organization_id, pk=wanted["program_id"])
        if not programs.exists():
            raise InvalidInput("The program must be one of the organization's.", field="loyaltyProgramId")
    if wanted.get("event_type") and find_event_type(organization_id, wanted["event_type"]) is None:
        raise InvalidInput("There is no such type of event.", field="eventType")
    if wanted.get("days_of_week"):
        wanted["days_of_week"] = [_day(day) for day in wanted["days_of_week"]]
    audiences = Audience.objects.filter(organization_id=organization_id)
    tiers = LoyaltyTier.objects.filter(program__organization_id=organization_id)
    places = Location.objects.filter(organization_id=organization_id)
    for word, rows, column, field in (
        ("audience_keys", audiences, "key", "audienceKeys"),
        ("tier_keys", tiers, "key", "loyaltyTierKeys"),
        ("location_codes", places, "code", "locationCodes"),
    ):
        if wanted.get(word):
            there = rows.filter(**{f"{column}__in": wanted[word]}).values_list(column, flat=True)
            _check_known(wanted[word], set(there), field)
    since, until = (wanted.get(name, getattr(campaign, name, None)) for name in ("valid_from", "valid_to"))
    if since and until and since >= until:
        raise InvalidInput("A campaign is valid from before it is valid to.", field="validTo")
    return wanted


def _check_known(keys: Iterable[str], there: set[str], field: str) -> None:
    unknown = [key for key in keys if key not in there]
    if unknown:
        raise InvalidInput(f"There is no {unknown[0]!r}.", field=field)


def _day(given: str) -> str:
    if given.lower() not in DAYS:
        raise InvalidInput(f"A day is one of {', '.join(DAYS)}.", field="daysOfWeek")
    return given.lower()
