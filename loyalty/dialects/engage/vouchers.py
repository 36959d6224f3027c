"""Reward vouchers and point shop items as the vendor shows them (contract V10 to V14): a voucher is a coupon that a
contact was given, an item a coupon book that costs points.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

import orjson
from django.db.models import QuerySet

from coupons.models import CouponBook, CouponUsage
from coupons.selectors import Offer, assignments_of, get_book_to_use, usable_only, used_up_only, with_payment
from loyalty.dialects.engage.problems import Refused, no_such
from loyalty.dialects.engage.rendering import moment, points
from loyalty.kernel.clock import or_none
from loyalty.kernel.errors import NotFound
from loyalty.kernel.numbered import number_of, uuid_of

Which = Literal["all", "available", "redeemed"]
# What numbered UUIDs stand for.
VOUCHER, ITEM = "voucher", "shop-item"
# How often a voucher is made good again (decided by the vendor's default, V12).
MOST_REACTIVATIONS = 3

NARROWED: dict[Which, Callable[[QuerySet[CouponUsage], Any], QuerySet[CouponUsage]]] = {
    "all": lambda rows, at: rows,
    "available": usable_only,
    "redeemed": lambda rows, at: used_up_only(rows),
}


def find_voucher(organization_id: int, given: uuid.UUID) -> CouponUsage:
    """The voucher with this id.

    :raises Refused: RewardVoucherNotFound.
    """
    number = number_of(VOUCHER, given)
    found = number and with_payment(assignments_of(organization_id)).filter(pk=number).first()
    if not found:
        raise no_such("RewardVoucher", "There is no such reward voucher.")
    return found


def find_item(organization_id: int, given: uuid.UUID) -> CouponBook:
    """The shop item with this id, whether or not anybody may have it now.

    :raises Refused: PointShopItemNotFound.
    """
    number = number_of(ITEM, given)
    try:
        book = get_book_to_use(organization_id, number or 0)
    except NotFound:
        book = None
    if book is None or not is_item(book):
        raise no_item()
    return book


def is_item(book: CouponBook) -> bool:
    """Whether the book is, or was, in the shop: of the default program, for points, and published once."""
    return bool(book.assignment_required_points) and book.program.is_default and book.status != book.Status.DRAFT


def no_item() -> Refused:
    """404: the shop has no such item."""
    return no_such("PointShopItem", "There is no such point shop item.")


def written_voucher(row: CouponUsage) -> dict[str, Any]:
    """A voucher, from an assignment with its payment; redeemed is one of which nothing is left."""
    known: Any = row
    book, zone, redeemed = row.book, row.organization.timezone, row.status == row.Status.USED
    value = _value(book)
    return {
        "id": str(uuid_of(VOUCHER, row.pk)),
        "voucherNumber": row.coupon.code if row.coupon is not None else str(row.pk),
        "name": book.name,
        "redeemedOn": moment(known.last_used_at, zone) if redeemed else None,
        "redeemed": redeemed,
        "expiresOn": moment(or_none(row.ends_at), zone),
        "value": value,
        "localValues": [value] if value["currency"] else [],
        "points": points(known.paid, known.decimals),
    }


def _value(book: CouponBook) -> dict[str, Any]:
    """What the voucher is worth in money; a share or a gift is worth none. Coupon books know no currency: it is said in
    a custom attribute, where it is.
    """
    is_money = book.discount_type == book.DiscountType.FIXED and book.discount_amount is not None
    amount = (book.discount_amount or Decimal(0)) if is_money else Decimal(0)
    currency = book.custom_attributes.get("currency")
    return {"currency": currency if is_money and isinstance(currency, str) else "", "amount": _number(amount)}


def _number(amount: Decimal) -> Any:
    text = f"{amount:f}"
    return orjson.Fragment(text.rstrip("0").rstrip(".") if "." in text else text)


def written_item(offer: Offer) -> dict[str, Any]:
    """An item of the shop, with its price in the points of its definition."""
    book = offer.book
    zone = book.organization.timezone
    return {
        "id": str(uuid_of(ITEM, book.pk)),
        "name": book.name,
        "cost": points(book.assignment_required_points or 0, offer.decimals),
        "pointDefinitionId": offer.account_id,
        "promotionId": book.key,
        "validFrom": moment(book.valid_from, zone),
        "validTo": moment(book.valid_to, zone),
        "presentation": {
            "title": book.name,
            "description": book.description,
            "imageUrl": book.picture_url,
            "link": "",
        },
    }
