"""Reward vouchers and the point shop (contract V10 to V14), over whoever keeps them; nobody does yet."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Literal, Protocol

from loyalty.dialects.engage.problems import Refused, no_such
from loyalty.kernel.actors import Actor

Which = Literal["all", "available", "redeemed"]


class Rewards(Protocol):
    """Who keeps vouchers and shop items. Answers are in the vendor's words; refusals are `Refused`."""

    def list_vouchers(
        self, *, organization_id: int, member_id: int, which: Which, offset: int, count: int
    ) -> tuple[list[dict[str, Any]], int]:
        """A page of a contact's vouchers, and how many there are."""

    def redeem(self, *, organization_id: int, voucher_id: uuid.UUID, actor: Actor, at: datetime) -> dict[str, Any]:
        """Use a voucher up. Refuses with RewardVoucherNotFound, RewardVoucherAlreadyRedeemed, RewardVoucherExpired."""

    def reactivate(self, *, organization_id: int, voucher_id: uuid.UUID, actor: Actor, at: datetime) -> dict[str, Any]:
        """Make a used voucher good again, with its expiry. Refuses with RewardVoucherNotFound,
        RewardVoucherAlreadyActivated, RewardVoucherExpired, ReactivationLimitExceeded.
        """

    def list_items(self, *, organization_id: int, member_id: int, at: datetime) -> list[dict[str, Any]]:
        """What the contact may have for points."""

    def purchase(
        self,
        *,
        organization_id: int,
        member_id: int,
        item_id: uuid.UUID,
        purchase_id: uuid.UUID,
        actor: Actor,
        at: datetime,
    ) -> dict[str, Any]:
        """Take the points and give the item, once for (purchase, contact). Refuses with PointShopItemNotFound."""


def _no_voucher() -> Refused:
    return no_such("RewardVoucher", "There is no such reward voucher.")


class NoRewards:
    """An organization without vouchers and point shop."""

    def list_vouchers(
        self, *, organization_id: int, member_id: int, which: Which, offset: int, count: int
    ) -> tuple[list[dict[str, Any]], int]:
        """None."""
        return [], 0

    def redeem(self, *, organization_id: int, voucher_id: uuid.UUID, actor: Actor, at: datetime) -> dict[str, Any]:
        """:raises Refused: there is no such voucher."""
        raise _no_voucher()

    def reactivate(self, *, organization_id: int, voucher_id: uuid.UUID, actor: Actor, at: datetime) -> dict[str, Any]:
        """:raises Refused: there is no such voucher."""
        raise _no_voucher()

    def list_items(self, *, organization_id: int, member_id: int, at: datetime) -> list[dict[str, Any]]:
        """None."""
        return []

    def purchase(
        self,
        *,
        organization_id: int,
        member_id: int,
        item_id: uuid.UUID,
        purchase_id: uuid.UUID,
        actor: Actor,
        at: datetime,
    ) -> dict[str, Any]:
        """:raises Refused: there is no such item."""
        raise no_such("PointShopItem", "There is no such point shop item.")


rewards: Rewards = NoRewards()
