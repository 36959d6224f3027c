"""Referral programs, their codes and who came with them, in the core API (tag Referrals, semantics 12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns import selectors, services
from campaigns.models import UNLIMITED, Referral, ReferralCode, ReferralProgram, Referrer
from campaigns.services.referral_codes import MOST_CODES
from loyalty.kernel.api.fields import (
    CamelSerializer,
    Code,
    Count,
    Flag,
    Id,
    JsonObject,
    Moment,
    Tags,
    Text,
    WholeNumber,
    texts,
)
from loyalty.kernel.api.filters import WholeNumberFilter
from loyalty.kernel.api.listing import NamedPages
from loyalty.kernel.api.resources import ResourceViewSet, written_all
from members.selectors import get_member


@extend_schema_field({"type": "number", "multipleOf": 1, "default": UNLIMITED})
class MostReferrals(Count):
    """How many a member may bring; the document's default stands for any number."""

    most = UNLIMITED


class ReferralProgramInput(CamelSerializer):
    """What can be said of a referral program. `referredCount` is counted here, and ignored where it is sent
    (semantics 12.4).
    """

    loyaltyProgramId = Id(required=False, allow_null=True, source="program_id")
    name = Text(max_length=255)
    description = texts(max_length=10_000)
    pictureUrl = texts(max_length=2000)
    customAttributes = JsonObject(required=False, allow_null=True)
    active = Flag()
    validFromDate = Moment(required=False, allow_null=True, source="valid_from")
    validToDate = Moment(required=False, allow_null=True, source="valid_to")
    maxPerCode = Count()
    maxReferralsPerMember = MostReferrals(source="max_per_member")
    maxRedeemsPerReferredMemberPerCode = Count(required=False, allow_null=True, source="max_redeems")
    audienceId = Id(required=False, allow_null=True)
    tags = Tags(required=False, allow_null=True)
    code = Code()
    eventType = Text(max_length=100)
    referrerPointsAccrual = Count(required=False, allow_null=True, source="referrer_points")
    referrerLedgerId = Id(required=False, allow_null=True)
    referrerLedgerAccountId = Id(required=False, allow_null=True, source="referrer_account_id")
    referredPointsAccrual = Count(required=False, allow_null=True, source="referred_points")
    referredLedgerId = Id(required=False, allow_null=True)
    referredLedgerAccountId = Id(required=False, allow_null=True, source="referred_account_id")
    referredCount = WholeNumber(required=False, allow_null=True)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The fields given, without what is counted here."""
        fields: dict[str, Any] = super().to_internal_value(data)
        fields.pop("referred_count", None)
        return fields


class ReferralProgramAnswer(CamelSerializer):
    """A referral program as it is read."""

    referralProgramId = WholeNumber(source="pk")
    organizationId = WholeNumber()
    loyaltyProgramId = WholeNumber(source="program_id", allow_null=True)
    name = serializers.CharField()
    description = serializers.CharField()
    pictureUrl = serializers.CharField()
    customAttributes = JsonObject()
    active = serializers.BooleanField()
    validFromDate = Moment(source="valid_from", allow_null=True)
    validToDate = Moment(source="valid_to", allow_null=True)
    maxPerCode = WholeNumber()
    maxReferralsPerMember = WholeNumber(source="max_per_member")
    maxRedeemsPerReferredMemberPerCode = WholeNumber(source="max_redeems", allow_null=True)
    audienceId = WholeNumber(allow_null=True)
    tags = Tags()
    code = serializers.CharField()
    eventType = serializers.CharField()
    referrerPointsAccrual = WholeNumber(source="referrer_points", allow_null=True)
    referrerLedgerId = WholeNumber(allow_null=True)
    referrerLedgerAccountId = WholeNumber(source="referrer_account_id", allow_null=True)
    referredPointsAccrual = WholeNumber(source="referred_points", allow_null=True)
    referredLedgerId = WholeNumber(allow_null=True)
    referredLedgerAccountId = WholeNumber(source="referred_account_id", allow_null=True)
    referredCount = WholeNumber()
    createdAt = Moment()
    updatedAt = Moment()

    def to_representation(self, program: ReferralProgram) -> dict[str, Any]:
        """The referral program; texts it does not have are null."""
        answer = super().to_representation(program)
        for name in ("description", "pictureUrl"):
            answer[name] = answer[name] or None
        return answer


class ReferralProgramViewSet(ResourceViewSet):
    """The organization's referral programs."""

    tag = "Referrals"
    operations = {
        "list": "listReferralPrograms",
        "retrieve": "getReferralProgram",
        "create": "createReferralProgram",
        "update": "updateReferralProgram",
    }
    reads, writes = "campaigns:read", "campaigns:write"
    wrapper, noun = "referralProgram", "referral program"
    queryset = ReferralProgram.objects.none()
    lookup_url_kwarg = "referralProgramId"
    lookup_field = "pk"
    serializer_class = ReferralProgramAnswer
    inputs = {"create": ReferralProgramInput, "update": ReferralProgramInput}
    order_columns = {
        "referralProgramId": "pk",
        "name": "name",
        "code": "code",
        "validFromDate": "valid_from",
        "validToDate": "valid_to",
        "createdAt": "created_at",
        "updatedAt": "updated_at",
    }

    def get_queryset(self) -> QuerySet[ReferralProgram]:
        """The organization's referral programs."""
        return selectors.list_referral_programs(self.organization_id)

    def perform_create(self, fields: Mapping[str, Any]) -> ReferralProgram:  # type: ignore[override]
        """A new referral program."""
        return services.create_referral_program(
            organization_id=self.organization_id, actor=self.actor, at=self.at, **fields
        )

    def perform_update(self, row: ReferralProgram, fields: Mapping[str, Any]) -> ReferralProgram:  # type: ignore[override]
        """The changed referral program."""
        return services.update_referral_program(program=row, changes=fields, actor=self.actor, at=self.at)


class _OfProgramViewSet(ResourceViewSet):
    """Something of the referral program of the path."""

    tag = "Referrals"
    reads, writes = "campaigns:read", "campaigns:write"

    def program(self) -> ReferralProgram:
        """The referral program of the path."""
        return selectors.get_referral_program(self.organization_id, self.kwargs["referralProgramId"])


class ReferralCodesInput(CamelSerializer):
    """Codes for a member."""

    memberId = Id()
    codes = serializers.ListField(child=Text(max_length=255), min_length=1, max_length=MOST_CODES)


class ReferralCodeAnswer(CamelSerializer):
    """A code as it is read; one that was forgotten with its member is null."""

    referralCodeId = WholeNumber(source="pk")
    code = serializers.SerializerMethodField()
    memberId = WholeNumber(source="referrer.member_id")
    referredCount = WholeNumber(source="referred")
    createdAt = Moment()

    @extend_schema_field({"type": "string", "nullable": True})
    def get_code(self, code: ReferralCode) -> str | None:
        """The code as it was given."""
        return code.code or None


class ReferralCodesAnswer(CamelSerializer):
    """The codes of a call."""

    referrals = ReferralCodeAnswer(many=True)


class ReferralCodePages(NamedPages):
    """Pages of codes, in the envelope the document gives them (semantics 0.6)."""

    name = "referrals"


class ReferralCodeFilters(django_filters.FilterSet):
    """What a list of codes is narrowed by."""

    memberId = WholeNumberFilter(field_name="referrer__member")


class ReferralCodeViewSet(_OfProgramViewSet):
    """The codes of a referral program."""

    operations = {"list": "listReferralCodes", "create": "createReferralCodes"}
    queryset = ReferralCode.objects.none()
    serializer_class = ReferralCodeAnswer
    inputs = {"create": ReferralCodesInput}
    answers = {"create": ReferralCodesAnswer}
    pagination_class = ReferralCodePages
    filterset_class = ReferralCodeFilters
    order_columns = {"referralCodeId": "pk", "code": "code_key", "createdAt": "created_at"}

    def get_queryset(self) -> QuerySet[ReferralCode]:
        """The program's codes."""
        return selectors.list_referral_codes(self.program())

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give a member codes (semantics 12.1); those the member has already are answered as they are."""
        fields, program = self.read_input(), self.program()
        member = get_member(self.organization_id, fields["member_id"])
        codes = services.register_referral_codes(
            program=program, member=member, codes=fields["codes"], actor=self.actor, at=self.at
        )
        return Response({"referrals": written_all(ReferralCodeAnswer, codes)}, 201)


class ReferredAnswer(CamelSerializer):
    """Somebody who came with a code."""

    memberId = WholeNumber()
    loyaltyMemberId = serializers.CharField(source="member.loyalty_member_id")
    rewarded = serializers.BooleanField()
    createdAt = Moment()


class ReferredViewSet(_OfProgramViewSet):
    """Who came with a code."""

    operations = {"list": "listReferredByCode"}
    queryset = Referral.objects.none()
    serializer_class = ReferredAnswer
    order_columns = {"memberId": "member_id", "createdAt": "created_at"}

    def get_queryset(self) -> QuerySet[Referral]:
        """Those who came with the code of the path."""
        program = self.program()
        code = selectors.get_referral_code(program, self.kwargs["referralCodeId"])
        return selectors.list_referrals(program).filter(code=code)


class ReferrerAnswer(CamelSerializer):
    """What one who refers has brought, and what they themselves got and kept for it (semantics 12.4)."""

    memberId = WholeNumber()
    codes = serializers.ListField(child=serializers.CharField(), source="code_texts")
    referredCount = WholeNumber(source="referred")
    rewardedCount = WholeNumber(source="rewarded")
    pointsAwarded = WholeNumber(source="points")


class ReferralReportViewSet(_OfProgramViewSet):
    """Who refers in a program, and how well."""

    operations = {"list": "getReferralMembersReport"}
    queryset = Referrer.objects.none()
    serializer_class = ReferrerAnswer
    order_columns = {"memberId": "member_id", "referredCount": "referred"}

    def get_queryset(self) -> QuerySet[Referrer]:
        """Who refers in the program of the path."""
        return selectors.list_referrers(self.program())

    def window(self, queryset: QuerySet[Referrer], start: int, stop: int) -> Any:
        """Those of a page, each with what they brought."""
        return selectors.report_on(list(queryset[start:stop]))
