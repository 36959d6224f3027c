"""What of the demo is about referrals: a program, and a code to join with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from campaigns.models import ReferralProgram
from campaigns.services import create_referral_program, register_referral_codes
from loyalty.console.demo_keys import ACTOR, House
from members.models import Member

CODE = "COFFEE-WITH-ALICE"
FRIENDS: dict[str, Any] = {
    "name": "Bring a friend",
    "code": "bring-a-friend",
    "description": "Points for both when a friend joins.",
    "event_type": "member-created",
    "max_per_code": 100,
    "referrer_points": 5_000,
    "referred_points": 2_500,
}


def make_referrals(house: House, member: Member, at: datetime) -> None:
    """A program that rewards joining, and the member's code; made once."""
    found = ReferralProgram.objects.filter(organization=house.organization, code=FRIENDS["code"]).first()
    program = found or create_referral_program(
        organization_id=house.organization.pk, program_id=house.program.pk, actor=ACTOR, at=at, **FRIENDS
    )
    if not program.codes.exists() and not member.is_gone:
        register_referral_codes(program=program, member=member, codes=[CODE], actor=ACTOR, at=at)
