"""Joining with somebody else's referral code: what it means is known above, and said once from there."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from loyalty.kernel.actors import Actor
from members.errors import ReferralCodeRefused
from members.models import LoyaltyEvent, Member


class UseReferralCode(Protocol):
    """Writes down that a new member came with a code, inside the transaction that makes the member; `event` is the one
    that tells of it.
    """

    def __call__(self, *, member: Member, code: str, event: LoyaltyEvent, actor: Actor, at: datetime) -> None:
        """Write it down.

        :raises ReferralCodeRefused: the code is unknown, exhausted or the member's own: then there is no member.
        """


_registered: list[UseReferralCode] = []


def register_referrals(use: UseReferralCode) -> None:
    """Have `use` called for whoever joins with a code. Once, from the `ready()` of the app that knows codes."""
    _registered[:] = [use]


def use_referral_code(*, member: Member, code: str, event: LoyaltyEvent, actor: Actor, at: datetime) -> None:
    """Write down that the new member came with this code.

    :raises ReferralCodeRefused: the code is unknown, exhausted or the member's own, or nobody knows codes.
    """
    if not _registered:
        raise ReferralCodeRefused
    for use in _registered:
        use(member=member, code=code, event=event, actor=actor, at=at)
