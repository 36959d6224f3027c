"""The codes of a book in the core API (tag Coupon Books, semantics 3.10)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from coupons import selectors, services
from coupons.api import serializers as shapes
from coupons.models import Coupon, CouponBook
from loyalty.kernel.api.resources import ResourceViewSet, written


class CouponViewSet(ResourceViewSet):
    """A book's codes."""

    tag = "Coupon Books"
    operations = {
        "list": "listCouponBookCoupons",
        "retrieve": "getCoupon",
        "create": "addCouponsToBook",
        "update": "updateCoupon",
    }
    reads, writes = "coupons:read", "coupons:write"
    wrapper, noun = "couponCode", "coupon"
    queryset = Coupon.objects.none()
    lookup_url_kwarg = "couponId"
    lookup_field = "pk"
    serializer_class = shapes.CouponAnswer
    inputs = {"create": shapes.CodesInput, "update": shapes.CodeInput}
    answers = {"create": shapes.CodesAnswer, "update": shapes.UpdatedCouponAnswer}
    # Only what an index answers: a book may have a million codes.
    order_columns = {"couponId": "pk", "code": "code_key"}

    @cached_property
    def book(self) -> CouponBook:
        """The book of the path."""
        return selectors.get_book_to_use(self.organization_id, self.kwargs["couponBookId"])

    def get_queryset(self) -> QuerySet[Coupon]:
        """The book's codes."""
        return selectors.list_coupons(self.book)

    def count(self, queryset: QuerySet[Coupon]) -> int:
        """How many the book has, which it knows."""
        return selectors.count_codes(self.book)

    def window(self, queryset: QuerySet[Coupon], start: int, stop: int) -> Any:
        """The codes of a page."""
        order = tuple(queryset.query.order_by)
        if order in (("pk",), ("-pk",)):
            rows = selectors.page_of_coupons(self.book, start, stop, newest_first=order == ("-pk",))
        else:
            rows = list(queryset[start:stop])
        return selectors.as_read(self.book, rows)

    def get_object(self) -> Coupon:
        """The code of the path."""
        return selectors.with_book_counts(self.book, selectors.get_coupon(self.book, self.kwargs["couponId"]))

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Add codes to the book; the answer has those that are new."""
        codes = self.read_input()["codes"]
        added = services.add_codes(book=self.book, codes=codes, actor=self.actor, at=self.at)
        return Response({"codes": added}, 201)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Write the code differently, as long as nobody used it."""
        code = self.read_input()["code"]
        coupon = services.update_code(coupon=self.get_object(), code=code, actor=self.actor, at=self.at)
        changed = selectors.with_book_counts(self.book, coupon)
        return Response({"couponBook": written(shapes.CouponAnswer, changed)})
