"""The operations of reward vouchers and the point shop (contract V10 to V14)."""

from __future__ import annotations

import uuid
from typing import ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from coupons.models import CouponUsage
from coupons.selectors import assignments_of, get_book_to_use, list_usages, offers_for_member, with_payment
from coupons.services import assign_coupons, revert_last_use, use_coupon
from loyalty.dialects.engage import shapes
from loyalty.dialects.engage.problems import Refused
from loyalty.dialects.engage.reading import read_guid, read_object, read_window
from loyalty.dialects.engage.rendering import page
from loyalty.dialects.engage.views import EngageView
from loyalty.dialects.engage.vouchers import (
    MOST_REACTIVATIONS,
    NARROWED,
    Which,
    find_item,
    find_voucher,
    written_item,
    written_voucher,
)
from loyalty.kernel.errors import InvalidInput
from members.selectors import default_program, get_member


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
        """A page of them, newest first (V10)."""
        query = self.query
        window, contact = read_window(query), self.contact_of(query.get("contactId"))
        rows = NARROWED[self.which](assignments_of(self.organization_id, contact.member_id), self.at)
        shown = with_payment(rows).order_by("-pk")[window.offset : window.stop]
        return Response(page([written_voucher(row) for row in shown], rows.count(), window.offset))


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


class VoucherView(RewardView):
    """Does something with one voucher."""

    def done_with(self, voucher: CouponUsage) -> Response:
        """The voucher as it is now."""
        return Response(written_voucher(with_payment(list_usages(self.organization_id)).get(pk=voucher.pk)))


class RedeemView(VoucherView):
    """Using a voucher."""

    @extend_schema(
        operation_id="redeemRewardVoucher",
        tags=["Reward vouchers"],
        request=None,
        responses={200: shapes.Voucher, **shapes.refusals(400, 404, 409)},
    )
    def post(self, request: Request, id: str) -> Response:
        """Use it up (V11)."""
        voucher = find_voucher(self.organization_id, _voucher_id(id))
        use_coupon(
            book=get_book_to_use(self.organization_id, voucher.book_id),
            member=get_member(self.organization_id, voucher.member_id),
            assignment_id=voucher.pk,
            actor=self.actor,
            at=self.at,
        )
        return self.done_with(voucher)


class ReactivateView(VoucherView):
    """Using a voucher again."""

    @extend_schema(
        operation_id="reactivateRewardVoucher",
        tags=["Reward vouchers"],
        request=None,
        responses={200: shapes.Voucher, **shapes.refusals(400, 404, 409)},
    )
    def post(self, request: Request, id: str) -> Response:
        """Make it good again, with the expiry it had (V12)."""
        voucher = find_voucher(self.organization_id, _voucher_id(id))
        revert_last_use(assignment=voucher, most=MOST_REACTIVATIONS, actor=self.actor, at=self.at)
        return self.done_with(voucher)


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
        program = default_program(self.organization_id)
        if program is None:
            return Response([])
        member = get_member(self.organization_id, contact.member_id)
        return Response([written_item(offer) for offer in offers_for_member(program, member, at=self.at)])


class PurchaseView(VoucherView):
    """Buying for points."""

    @extend_schema(
        operation_id="purchasePointShopItem",
        tags=["Point shop"],
        request=shapes.Purchase,
        responses={200: shapes.Voucher, **shapes.refusals(400, 404, 409, 415)},
    )
    def post(self, request: Request) -> Response:
        """Take the points and give the item as a voucher, once for each purchase and contact (V14)."""
        data = read_object(request.data)
        purchase_id = read_guid(data.get("pointShopItemPurchaseId"), "pointShopItemPurchaseId")
        item_id = read_guid(data.get("pointShopItemId"), "pointShopItemId")
        contact = self.contact_of(data.get("contactId"))
        given = assign_coupons(
            book=find_item(self.organization_id, item_id),
            member=get_member(self.organization_id, contact.member_id),
            unique_keys=[f"engage:{purchase_id}:{contact.member_id}"],
            actor=self.actor,
            at=self.at,
        )
        return self.done_with(given.usages[0])
