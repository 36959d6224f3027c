"""Coupons on a member's page: what the member has, and a way to give one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse

from coupons.admin.display import code_of, used_of
from coupons.admin.giving import GiveCoupon
from coupons.selectors import open_assignments
from loyalty.kernel.desk import Act, Panel, link_to, seat_of, when
from members.models import Member

SHOWN = 20


class OnMembers:
    """What coupons put on a member's page."""

    acts: Sequence[type[Act]] = (GiveCoupon,)

    def panels(self, request: HttpRequest, member: Member, at: datetime) -> Iterable[Panel]:
        """What the member can use, first what expires first, for those who may see benefits; with links, for those who
        may open books.
        """
        seat = seat_of(request)
        if not seat.may("benefits:read", member.organization_id):
            return
        held = list(open_assignments(member.pk, at)[: SHOWN + 1])
        may_open = seat.may("coupons:read", member.organization_id)
        rows = [
            (
                link_to(usage.book) if may_open else usage.book,
                code_of(usage) if may_open else (usage.coupon or ""),
                used_of(usage),
                when(usage.ends_at),
                link_to(usage, when(usage.created_at)) if may_open else when(usage.created_at),
            )
            for usage in held[:SHOWN]
        ]
        yield Panel(
            "Coupons",
            ("Book", "Code", "Used", "Expires", "Given"),
            rows,
            empty="The member has no coupon to use.",
            more=f"{reverse('admin:coupons_couponusage_changelist')}?member={member.pk}" if may_open else "",
            note=f"The first {SHOWN} to expire; there are more." if len(held) > SHOWN else "",
        )
