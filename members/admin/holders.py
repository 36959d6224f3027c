"""Tells the ledger's pages who holds which wallet."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.urls import reverse

from ledger.admin import Holder
from loyalty.kernel.desk import Seat
from members.models import Member
from members.selectors import best_found


class MemberHolders:
    """Members as holders of wallets; names are for those who may read members."""

    def of_wallets(self, wallet_ids: Collection[int], seat: Seat) -> dict[int, Holder]:
        """The members of some wallets, in one query."""
        rows = Member.objects.filter(wallet_id__in=wallet_ids)
        return {
            row.wallet_id: Holder(str(row), reverse("admin:members_member_change", args=[row.pk]))
            for row in rows.only("pk", "wallet_id", "organization_id", "loyalty_member_id", "profile")
            if seat.may("members:read", row.organization_id)
        }

    def wallets_found(self, organization_id: int, text: str, seat: Seat) -> Sequence[int]:
        """The wallets of members that `text` names."""
        if not seat.may("members:read", organization_id):
            return []
        return [member.wallet_id for member in best_found(organization_id, text)]
