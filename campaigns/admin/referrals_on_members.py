"""Referrals on a member's page: the member's codes, who brought them, and whom they brought."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.http import HttpRequest

from campaigns.admin.referral_acts import GiveReferralCodes
from campaigns.admin.referrals import rewarded
from campaigns.selectors import codes_of_member, referrals_around
from loyalty.kernel.desk import Act, Panel, link_to, number, seat_of, when
from members.models import Member

SHOWN = 10


class ReferralsOnMembers:
    """What referrals put on a member's page."""

    acts: Sequence[type[Act]] = (GiveReferralCodes,)

    def panels(self, request: HttpRequest, member: Member, at: datetime) -> Iterable[Panel]:
        """Two tables, a query each, for those who may read campaigns."""
        if not seat_of(request).may("campaigns:read", member.organization_id):
            return
        codes = list(codes_of_member(member)[: SHOWN + 1])
        rows = [
            (link_to(code), link_to(code.program), number(code.referred), when(code.created_at))
            for code in codes[:SHOWN]
        ]
        note = f"The newest {SHOWN}; there are more." if len(codes) > SHOWN else ""
        headers = ("Code", "Referral program", "Came with it", "Given")
        yield Panel("Referral codes", headers, rows, empty="The member has no referral code.", note=note)
        yield _referrals_panel(member)


def _referrals_panel(member: Member) -> Panel:
    """Who brought the member first, then whom the member brought."""
    found = list(referrals_around(member, SHOWN + 1))
    came = [one for one in found if one.member_id == member.pk]
    brought = [one for one in found if one.member_id != member.pk]
    told = [("Brought by", one, one.referrer.member) for one in came]
    told += [("Brought", one, one.member) for one in brought[:SHOWN]]
    rows = [
        (word, link_to(other), link_to(one.program), rewarded(one), when(one.created_at)) for word, one, other in told
    ]
    note = f"The newest {SHOWN} who were brought; there are more." if len(brought) > SHOWN else ""
    empty = "Nobody brought the member, and the member has brought nobody."
    return Panel("Referrals", ("", "Member", "Referral program", "Rewarded", "Joined"), rows, empty=empty, note=note)
