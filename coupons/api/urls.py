"""Where the operations of coupons are mounted, under /api/v1/organizations/{organizationId}/."""

from django.urls import path

from coupons.api import books, coupons, members, stats
from loyalty.kernel.api import paths  # noqa: F401 - registers the converters

_book = "coupon-books/<rowid:couponBookId>"
_coupon = f"{_book}/coupons/<rowid:couponId>"
_member = "loyalty-programs/<rowid:loyaltyProgramId>/members/<rowid:memberId>"

urlpatterns = [
    path("coupon-books", books.BookViewSet.as_view({"get": "list", "post": "create"})),
    path(_book, books.BookViewSet.as_view({"get": "retrieve", "put": "update"})),
    path(f"{_book}/use", books.BookGivingViewSet.as_view({"post": "use"})),
    path(f"{_book}/assign", books.BookGivingViewSet.as_view({"post": "assign"})),
    path("coupon-usages/<rowid:couponUsageId>/revert", books.UsageViewSet.as_view({"post": "revert"})),
    path(f"{_book}/coupons", coupons.CouponViewSet.as_view({"get": "list", "post": "create"})),
    path(_coupon, coupons.CouponViewSet.as_view({"get": "retrieve", "put": "update"})),
    path(f"{_coupon}/use", books.CouponGivingViewSet.as_view({"post": "use"})),
    path(f"{_coupon}/assign", books.CouponGivingViewSet.as_view({"post": "assign"})),
    path(f"{_member}/coupon-books", members.MemberBookViewSet.as_view({"get": "list"})),
    path(f"{_member}/coupons", members.MemberCouponViewSet.as_view({"get": "list"})),
    path(f"{_member}/coupons/usages-count", members.MemberUsageCountViewSet.as_view({"get": "usages_count"})),
    path("stats/benefits/usages", stats.BenefitUsageViewSet.as_view({"get": "retrieve"})),
    path("stats/benefits/performance", stats.BenefitPerformanceViewSet.as_view({"get": "retrieve"})),
    path("stats/coupon-books/usages", stats.BookUsageViewSet.as_view({"get": "retrieve"})),
    path("stats/coupon-books/discount-amounts", stats.DiscountStatsViewSet.as_view({"get": "retrieve"})),
]
