"""Where the operations of partners are mounted, under /api/v1/organizations/{organizationId}/."""

from django.urls import path

from loyalty.kernel.api import paths  # noqa: F401 - registers the converters
from partners.api.offerings import OfferingViewSet

_offerings = "coupon-book-offerings"

urlpatterns = [
    path(_offerings, OfferingViewSet.as_view({"get": "list", "post": "create"})),
    path(f"{_offerings}/<rowid:couponBookOfferingId>/approval", OfferingViewSet.as_view({"put": "decide"})),
]
