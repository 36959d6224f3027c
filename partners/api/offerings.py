"""Offerings of coupon books between partners, in the core API (tag Partnership Coupon Books Offerings, semantics 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.kernel.api.fields import CamelSerializer, Flag, Id, Moment, Money, WholeNumber
from loyalty.kernel.api.resources import ResourceViewSet
from partners import services
from partners.models import CouponBookOffering
from partners.selectors import get_received_offering, list_offerings


class OfferingInput(CamelSerializer):
    """A book to be offered."""

    partnershipId = Id()
    offeredCouponBookId = Id(source="book_id")
    status = serializers.ChoiceField(choices=CouponBookOffering.Status.values)


class ApprovalInput(CamelSerializer):
    """A decision."""

    approved = Flag()


class ApprovalAnswer(CamelSerializer):
    """What was decided, in words."""

    message = serializers.CharField()


class SideAnswer(CamelSerializer):
    """An organization, as far as its partner knows it."""

    organizationId = WholeNumber(source="pk")
    organizationKey = serializers.CharField(source="key")
    name = serializers.CharField()
    pictureUrl = serializers.CharField()


class OfferedBookAnswer(CamelSerializer):
    """A coupon book, as far as the organization's partner knows it: what it gives and how it is told, and not for whom
    it is, what it costs or how much was given.
    """

    couponBookId = WholeNumber(source="pk")
    couponBookKey = serializers.CharField(source="key")
    organizationId = WholeNumber()
    name = serializers.CharField()
    description = serializers.CharField()
    subtitle = serializers.CharField()
    pictureUrl = serializers.CharField()
    detailPictureUrl = serializers.CharField()
    type = serializers.CharField()
    discountType = serializers.CharField()
    discountAmount = Money(allow_null=True)
    publishingStatus = serializers.CharField(source="status")
    validFromDate = Moment(source="valid_from", allow_null=True)
    validToDate = Moment(source="valid_to", allow_null=True)

    def to_representation(self, book: Any) -> dict[str, Any]:
        """The book; texts it does not have are null."""
        answer = super().to_representation(book)
        for name in ("description", "subtitle", "pictureUrl", "detailPictureUrl", "discountType"):
            answer[name] = answer[name] or None
        return answer


class OfferingAnswer(CamelSerializer):
    """An offering as both sides read it: `organization` offered the book, `partnerOrganization` decides."""

    couponBookOfferingId = WholeNumber(source="pk")
    partnershipId = WholeNumber()
    organizationId = WholeNumber()
    partnerOrganizationId = WholeNumber()
    offeredCouponBookId = WholeNumber(source="offered_book_id")
    acceptedCouponBookId = WholeNumber(source="accepted_book_id", allow_null=True)
    status = serializers.CharField()
    organization = SideAnswer()
    partnerOrganization = SideAnswer()
    offeredCouponBook = OfferedBookAnswer(source="offered_book")
    acceptedCouponBook = OfferedBookAnswer(source="accepted_book", allow_null=True)
    createdAt = Moment()
    updatedAt = Moment()


class OfferingFilters(django_filters.FilterSet):
    """What a list of offerings is narrowed by."""

    status = django_filters.ChoiceFilter(choices=CouponBookOffering.Status.choices)


class OfferingViewSet(ResourceViewSet):
    """What the organization offered its partners, and what they offered it."""

    tag = "Partnership Coupon Books Offerings"
    operations = {
        "list": "listCouponBookOfferings",
        "create": "createCouponBookOffering",
        "decide": "updateCouponBookOfferingApproval",
    }
    reads, writes = "partnerships:read", "partnerships:write"
    queryset = CouponBookOffering.objects.none()
    lookup_url_kwarg = "couponBookOfferingId"
    lookup_field = "pk"
    serializer_class = OfferingAnswer
    bare_create = True
    inputs = {"create": OfferingInput, "decide": ApprovalInput}
    answers = {"decide": ApprovalAnswer}
    filterset_class = OfferingFilters
    order_columns = {
        "couponBookOfferingId": "pk",
        "status": "status",
        "createdAt": "created_at",
        "updatedAt": "updated_at",
    }

    def get_queryset(self) -> QuerySet[CouponBookOffering]:
        """What was made and received."""
        return list_offerings(self.organization_id)

    def perform_create(self, fields: Mapping[str, Any]) -> CouponBookOffering:  # type: ignore[override]
        """A book offered."""
        return services.offer_book(organization_id=self.organization_id, actor=self.actor, at=self.at, **fields)

    def decide(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Accept or reject what was offered; only the side that it was offered to does (semantics 4.3)."""
        fields = self.read_input()
        offering = get_received_offering(self.organization_id, kwargs["couponBookOfferingId"])
        decided = services.decide_offering(offering=offering, approved=fields["approved"], actor=self.actor, at=self.at)
        return Response({"message": f"The offering is {decided.status}."})
