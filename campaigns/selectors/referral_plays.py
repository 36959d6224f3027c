"""Referral programs as events are asked about them, kept with the campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from campaigns.models import ReferralProgram, ReferralReward


@dataclass(frozen=True, slots=True)
class Accrual:
    """What one side of a referral is given: how much, and where; the main account where none is named."""

    side: str
    points: int
    ledger_id: int | None
    account_id: int | None


@dataclass(frozen=True, slots=True)
class ReferralPlay:
    """A referral program, ready to be asked."""

    id: int
    code: str
    name: str
    program_id: int | None
    event_type: str
    max_redeems: int
    valid_from: datetime | None
    valid_to: datetime | None
    accruals: tuple[Accrual, ...]


def referrals_of_playbook(organization_id: int) -> tuple[ReferralPlay, ...]:
    """The organization's active referral programs, by number."""
    programs = ReferralProgram.objects.filter(organization_id=organization_id, active=True).order_by("pk")
    return tuple(_referral(program) for program in programs)


def _referral(program: ReferralProgram) -> ReferralPlay:
    return ReferralPlay(
        id=program.pk,
        code=program.code,
        name=program.name,
        program_id=program.program_id,
        event_type=program.event_type,
        max_redeems=program.most_redeems,
        valid_from=program.valid_from,
        valid_to=program.valid_to,
        accruals=tuple(
            Accrual(
                side,
                getattr(program, f"{side}_points") or 0,
                getattr(program, f"{side}_ledger_id"),
                getattr(program, f"{side}_account_id"),
            )
            for side in ReferralReward.Side.values
        ),
    )
