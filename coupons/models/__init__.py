"""Coupon books, their codes, and the journal of what was given and used."""

from coupons.models.books import FOREVER_LAST, BookContent, BookTally, CouponBook
from coupons.models.codes import Coupon
from coupons.models.usages import BookMember, CouponUsage

__all__ = ["FOREVER_LAST", "BookContent", "BookMember", "BookTally", "Coupon", "CouponBook", "CouponUsage"]
