"""Referral programs for tests, and short words for who brings whom."""

from __future__ import annotations

from itertools import count
from typing import Any

from campaigns import services
from campaigns.models import ReferralCode, ReferralProgram, ReferralReward
from loyalty.kernel import clock
from members.models import Member
from members.services import update_member
from tests import factories
from tests.house import TESTER, House

_numbers = count(1)
JOINING = "member-created"


def make_referrals(house: House, **said: Any) -> ReferralProgram:
    """A program that gives 10 points to who refers and 5 to who joins, at once."""
    number = next(_numbers)
    said = {
        "name": f"Friends {number}",
        "code": f"friends-{number}",
        "event_type": JOINING,
        "max_per_code": 100,
        "referrer_points": 10,
        "referred_points": 5,
        **said,
    }
    return services.create_referral_program(organization_id=house.id, actor=TESTER, at=clock.now(), **said)


def change(program: ReferralProgram, **changes: Any) -> ReferralProgram:
    """The program, changed."""
    return services.update_referral_program(program=program, changes=changes, actor=TESTER, at=clock.now())


def give_codes(program: ReferralProgram, member: Member, *codes: str) -> list[ReferralCode]:
    """The member's codes."""
    return services.register_referral_codes(
        program=program, member=member, codes=codes or ("FRIEND",), actor=TESTER, at=clock.now()
    )


def join(house: House, code: str = "FRIEND", **said: Any) -> Member:
    """Somebody who joins with a code."""
    return factories.MemberFactory(organization=house.organization, referral_code=code, **said)


def codes_path(program: ReferralProgram) -> str:
    """Where its codes are in the API."""
    return f"referral-programs/{program.pk}/referral-codes"


def block(member: Member) -> None:
    update_member(member=member, changes={"active": False}, actor=TESTER, at=clock.now())


def taken(**words: Any) -> dict[str, Any]:
    """What stands in the rewards: (side, amount, taken, shortfall)."""
    return {
        row.side: (row.amount, row.taken, row.shortfall)
        for row in ReferralReward.objects.filter(**words).order_by("pk")
    }
