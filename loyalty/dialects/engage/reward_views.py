"""The operations of reward vouchers and the point shop (contract V10 to V14)."""

from __future__ import annotations

import uuid
from typing import ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.dialects.engage import shapes
from loyalty.dialects.engage.problems import Refused
from loyalty.dialects.engage.reading import read_guid, read_object, read_window
from loyalty.dialects.engage.rendering import page
from loyalty.dialects.engage.views import EngageView
from loyalty.dialects.engage.vouchers import Which, rewards
from loyalty.kernel.errors import InvalidInput


class RewardView(EngageView):
    """Vouchers are coupons: the same roles open them."""

    reads, writes = "coupons:read", "coupons:write"


class VouchersView(RewardView):
    """The reward vouchers of a contact."""

    which: ClassVar[Which] = "all"

    @extend_schema(
        tags=["Reward vouchers"],
        parameters=[shapes.CONTACT, *shapes.WINDOW],
        responses={200: shapes.VoucherPage, **shapes.refusals(400, 404)},
    )
    def get(self, request: Request) -> Response:
        """A page of them (V10)."""
        query = self.query
        window, contact = read_window(query), self.contact_of(query.get("contactId"))
        items, total = rewards.list_vouchers(
            organization_id=self.organization_id,
            member_id=contact.member_id,
            which=self.which,
            offset=window.offset,
            count=window.count,
        )
        return Response(page(items, total, window.offset))


def _named(operation_id: str) -> dict[str, object]:
    return {"get": extend_schema(operation_id=operation_id)}


@extend_schema_view(**_named("getRewardVouchers"))
class AllVouchersView(VouchersView):
    """All of them."""


@extend_schema_view(**_named("getAvailableRewardVouchers"))
class AvailableVouchersView(VouchersView):
    """Those that can be used."""

    which = "available"


@extend_schema_view(**_named("getRedeemedRewardVouchers"))
class RedeemedVouchersView(VouchersView):
    """Those that were used."""

    which = "redeemed"


def _voucher_id(text: str) -> uuid.UUID:
    """:raises Refused: InvalidRewardVoucherId."""
    try:
        return read_guid(text, "id")
    except InvalidInput:
        raise Refused(400, "InvalidRewardVoucherId", "The id of a reward voucher is a GUID.") from None


class RedeemView(RewardView):
    """Using a voucher."""

    @extend_schema(
        operation_id="redeemRewardVoucher",
        tags=["Reward vouchers"],
        request=None,
        responses={200: shapes.Voucher, **shapes.refusals(400, 404, 409)},
    )
    def post(self, request: Request, id: str) -> Response:
        """Use it up (V11)."""
        words = {"organization_id": self.organization_id, "voucher_id": _voucher_id(id)}
        return Response(rewards.redeem(**words, actor=self.actor, at=self.at))  # type: ignore[arg-type]


class ReactivateView(RewardView):
    """Using a voucher again."""

    @extend_schema(
        operation_id="reactivateRewardVoucher",
        tags=["Reward vouchers"],
        request=None,
        responses={200: shapes.Voucher, **shapes.refusals(400, 404, 409)},
    )
    def post(self, request: Request, id: str) -> Response:
        """Make it good again, with the expiry it had (V12)."""
        words = {"organization_id": self.organization_id, "voucher_id": _voucher_id(id)}
        return Response(rewards.reactivate(**words, actor=self.actor, at=self.at))  # type: ignore[arg-type]


class ShopItemsView(RewardView):
    """What is to be had for points."""

    @extend_schema(
        operation_id="getPointShopItems",
        tags=["Point shop"],
        parameters=[shapes.CONTACT],
        responses={200: shapes.ShopItem(many=True), **shapes.refusals(400, 404)},
    )
    def get(self, request: Request) -> Response:
        """What the contact may have, as a plain array (V13)."""
        contact = self.contact_of(self.query.get("contactId"))
        return Response(
            rewards.list_items(organization_id=self.organization_id, member_id=contact.member_id, at=self.at)
        )


class PurchaseView(RewardView):
    """Buying for points."""

    @extend_schema(
        operation_id="purchasePointShopItem",
        tags=["Point shop"],
        request=shapes.Purchase,
        responses={200: shapes.ShopItem, **shapes.refusals(400, 404, 409, 415)},
    )
    def post(self, request: Request) -> Response:
        """Take the points and give the item, once (V14)."""
        data = read_object(request.data)
        purchase_id = read_guid(data.get("pointShopItemPurchaseId"), "pointShopItemPurchaseId")
        item_id = read_guid(data.get("pointShopItemId"), "pointShopItemId")
        contact = self.contact_of(data.get("contactId"))
        bought = rewards.purchase(
            organization_id=self.organization_id,
            member_id=contact.member_id,
            item_id=item_id,
            purchase_id=purchase_id,
            actor=self.actor,
            at=self.at,
        )
        return Response(bought)
