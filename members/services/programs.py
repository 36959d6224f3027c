"""Creates and changes programs and their tiers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from ledger.models import Ledger, LedgerAccount
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.models import Organization
from loyalty.kernel.services import apply_changes, new_key, record
from members.errors import DefaultProgramRequired, DefaultTierRequired, TierLadderBroken
from members.models import LoyaltyProgram, LoyaltyTier
from members.selectors import list_portals
from members.services.standing import start_reevaluation


def _check_portal(organization_id: int, portal_id: int | None) -> None:
    """:raises InvalidInput: where the portal is not the organization's."""
    if portal_id is not None and not list_portals(organization_id).filter(pk=portal_id).exists():
        raise InvalidInput("The portal must be one of the organization's.", field="mainPortalId")


def _check_books(organization_id: int, wanted: dict[str, Any], ledger_id: int) -> None:
    """:raises InvalidInput: where the ledger is not the organization's, or an account not the ledger's (13.1)."""
    if not Ledger.objects.filter(organization_id=organization_id, pk=ledger_id).exists():
        raise InvalidInput("The ledger must be one of the organization's.", field="ledgerId")
    for name, wire in (("main_account_id", "mainLedgerAccountId"), ("tier_account_id", "tierPointsLedgerAccountId")):
        account_id = wanted.get(name)
        if account_id is not None and not LedgerAccount.objects.filter(ledger_id=ledger_id, pk=account_id).exists():
            raise InvalidInput("The account must be one of the program's ledger.", field=wire)


@transaction.atomic
def create_program(
    *,
    organization_id: int,
    name: str,
    ledger_id: int,
    actor: Actor,
    at: datetime,
    active: bool = True,
    description: str = "",
    main_account_id: int | None = None,
    tier_account_id: int | None = None,
    main_portal_id: int | None = None,
    set_as_default: bool = False,
) -> LoyaltyProgram:
    """A new program; an organization's first one becomes its default.

    :raises InvalidInput: a ledger or portal that is not the organization's, or an account that is not the ledger's.
    """
    wanted: dict[str, Any] = {"main_account_id": main_account_id, "tier_account_id": tier_account_id}
    _check_books(organization_id, wanted, ledger_id)
    _check_portal(organization_id, main_portal_id)
    siblings = LoyaltyProgram.objects.filter(organization_id=organization_id)
    program = LoyaltyProgram.objects.create(
        organization_id=organization_id,
        key=new_key(name, among=siblings, field="key", fallback="program", organization_id=organization_id),
        name=name,
        description=description,
        active=active,
        ledger_id=ledger_id,
        main_portal_id=main_portal_id,
        created_at=at,
        updated_at=at,
        **wanted,
    )
    record(
        actor=actor,
        at=at,
        action="program.created",
        target=program,
        organization_id=organization_id,
        after={"name": name, "key": program.key},
    )
    if set_as_default or not siblings.filter(is_default=True).exists():
        make_default_program(program=program, actor=actor, at=at)
    return program


@transaction.atomic
def update_program(
    *, program: LoyaltyProgram, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> LoyaltyProgram:
    """Change what is named; `set_as_default` makes it the organization's default program.

    :raises InvalidInput: a ledger or portal that is not the organization's, or an account that is not the ledger's.
    :raises DefaultProgramRequired: the default flag taken from the default program.
    """
    wanted = dict(changes)
    default = wanted.pop("set_as_default", None)
    if default is False and program.is_default:
        raise DefaultProgramRequired
    ledger_id = wanted.get("ledger_id", program.ledger_id)
    both = {name: wanted.get(name, getattr(program, name)) for name in ("main_account_id", "tier_account_id")}
    _check_books(program.organization_id, both, ledger_id)
    _check_portal(program.organization_id, wanted.get("main_portal_id"))
    decided = program.tier_account_id
    apply_changes(
        program,
        wanted,
        actor=actor,
        at=at,
        action="program.updated",
        organization_id=program.organization_id,
        reason=reason,
    )
    if program.tier_account_id != decided:
        start_reevaluation(program=program, actor=actor, at=at)
    if default:
        make_default_program(program=program, actor=actor, at=at, reason=reason)
    return program


@transaction.atomic
def make_default_program(*, program: LoyaltyProgram, actor: Actor, at: datetime, reason: str = "") -> None:
    """Make the program its organization's default, in the stead of the one that was."""
    Organization.objects.select_for_update(no_key=True).get(pk=program.organization_id)
    program.refresh_from_db(fields=["is_default"])
    if program.is_default:
        return
    LoyaltyProgram.objects.filter(organization_id=program.organization_id, is_default=True).update(
        is_default=False, updated_at=at
    )
    apply_changes(
        program,
        {"is_default": True},
        actor=actor,
        at=at,
        action="program.made-default",
        organization_id=program.organization_id,
        reason=reason,
    )


@transaction.atomic
def create_tier(
    *,
    program: LoyaltyProgram,
    name: str,
    min_required_points: int,
    tier_order: int,
    actor: Actor,
    at: datetime,
    active: bool = True,
    is_default: bool = False,
    picture_url: str = "",
    custom_attributes: Mapping[str, Any] | None = None,
) -> LoyaltyTier:
    """A new rung; a program's first one becomes its default tier.

    :raises TierLadderBroken: a place that is taken, or fewer points than a lower tier asks for.
    """
    # Rules name tiers by their keys alone, so these are unique in the organization (semantics 0.11).
    organization_id = program.organization_id
    namesakes = LoyaltyTier.objects.filter(program__organization_id=organization_id)
    key = new_key(name, among=namesakes, field="key", fallback="tier", organization_id=organization_id)
    LoyaltyProgram.objects.select_for_update().get(pk=program.pk)
    siblings = LoyaltyTier.objects.filter(program=program)
    _check_ladder(program, None, active, tier_order, min_required_points)
    tier = LoyaltyTier.objects.create(
        program=program,
        key=key,
        name=name,
        active=active,
        min_required_points=min_required_points,
        tier_order=tier_order,
        picture_url=picture_url,
        custom_attributes=dict(custom_attributes or {}),
        created_at=at,
        updated_at=at,
    )
    record(
        actor=actor,
        at=at,
        action="tier.created",
        target=tier,
        organization_id=organization_id,
        after={"name": name, "key": key, "min_required_points": min_required_points},
    )
    if is_default or not siblings.filter(is_default=True).exists():
        _make_default_tier(tier, actor, at)
    start_reevaluation(program=program, actor=actor, at=at)
    return tier


@transaction.atomic
def update_tier(
    *, tier: LoyaltyTier, changes: Mapping[str, Any], actor: Actor, at: datetime, reason: str = ""
) -> LoyaltyTier:
    """Change what is named; `is_default` makes it the program's default tier.

    :raises TierLadderBroken: a place that is taken, or fewer points than a lower tier asks for.
    :raises DefaultTierRequired: the default flag taken from the default tier.
    """
    program = LoyaltyProgram.objects.select_for_update().get(pk=tier.program_id)
    tier.refresh_from_db(fields=["is_default"])
    wanted = dict(changes)
    default = wanted.pop("is_default", None)
    if default is False and tier.is_default:
        raise DefaultTierRequired
    _check_ladder(
        program,
        tier.pk,
        wanted.get("active", tier.active),
        wanted.get("tier_order", tier.tier_order),
        wanted.get("min_required_points", tier.min_required_points),
    )
    changed = apply_changes(
        tier,
        wanted,
        actor=actor,
        at=at,
        action="tier.updated",
        organization_id=program.organization_id,
        reason=reason,
    )
    if default:
        changed |= not tier.is_default
        _make_default_tier(tier, actor, at)
    if changed:
        start_reevaluation(program=program, actor=actor, at=at)
    return tier


def _check_ladder(program: LoyaltyProgram, own_id: int | None, active: bool, order: int, points: int) -> None:
    if not active:
        return
    for other in LoyaltyTier.objects.filter(program=program, active=True):
        if other.pk == own_id:
            continue
        if other.tier_order == order:
            raise TierLadderBroken(f"{other.name} has this place already.", field="tierOrder")
        lower, higher = (points, other.min_required_points)
        if other.tier_order < order:
            lower, higher = higher, lower
        if lower > higher:
            raise TierLadderBroken(
                f"{other.name} stands {'below' if other.tier_order < order else 'above'} and asks for"
                f" {other.min_required_points} points.",
                field="minRequiredPoints",
            )


def _make_default_tier(tier: LoyaltyTier, actor: Actor, at: datetime) -> None:
    if tier.is_default:
        return
    LoyaltyTier.objects.filter(program_id=tier.program_id, is_default=True).update(is_default=False, updated_at=at)
    apply_changes(
        tier,
        {"is_default": True},
        actor=actor,
        at=at,
        action="tier.made-default",
        organization_id=tier.program.organization_id,
    )
