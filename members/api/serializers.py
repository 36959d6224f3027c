"""The shapes of members, programs, tiers and organizations on the wire (semantics 15b)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ledger.api.serializers import Memo, TransactionAnswer
from loyalty.kernel.api.fields import CamelSerializer, Flag, Id, JsonObject, Moment, OwnId, Text, WholeNumber
from loyalty.kernel.models import Organization
from members.models import Member


class MemberChange(CamelSerializer):
    """What can be said of a member."""

    memberType = Text(required=False, allow_null=True, allow_blank=True, max_length=100)
    publicLoyaltyMemberId = Text(
        required=False, allow_null=True, allow_blank=True, max_length=255, trim_whitespace=False
    )
    onChain = JsonObject(required=False)
    profile = JsonObject(required=False)
    customAttributes = JsonObject(required=False)
    active = Flag(required=False)


class MemberInput(MemberChange):
    """A new member."""

    loyaltyMemberId = OwnId()
    referralCode = Text(required=False, allow_null=True, allow_blank=True, max_length=255)


class MemberUpdate(MemberChange):
    """A changed member, and why."""

    loyaltyMemberId = OwnId(required=False)
    updateReason = Text(required=False, allow_blank=True, max_length=1000)


class MemberTier(CamelSerializer):
    """A member's tiers in one program: reached, given, and the one that counts."""

    loyaltyProgramId = WholeNumber(source="program_id")
    loyaltyTierId = WholeNumber(source="effective_tier_id", allow_null=True)
    loyaltyTierKey = serializers.CharField(source="effective_tier.key", allow_null=True, default=None)
    loyaltyManualTierId = WholeNumber(source="manual_tier_id", allow_null=True)
    loyaltySystemTierId = WholeNumber(source="system_tier_id", allow_null=True)
    expiresAt = Moment(source="manual_expires_at", allow_null=True)


class MemberAnswer(CamelSerializer):
    """A member as it is read."""

    memberId = WholeNumber(source="pk")
    organizationId = WholeNumber()
    loyaltyMemberId = serializers.CharField()
    publicLoyaltyMemberId = serializers.CharField(allow_null=True)
    memberType = serializers.SerializerMethodField()
    active = serializers.BooleanField()
    walletId = WholeNumber()
    profile = JsonObject()
    onChain = serializers.SerializerMethodField()
    customAttributes = JsonObject()
    referralCode = serializers.SerializerMethodField()
    tiers = MemberTier(many=True, source="enrollments.all")
    createdAt = Moment()
    updatedAt = Moment()

    @extend_schema_field({"type": "string", "nullable": True})
    def get_memberType(self, member: Member) -> str | None:
        """Null where none was given."""
        return member.member_type or None

    @extend_schema_field({"type": "object"})
    def get_onChain(self, member: Member) -> dict[str, Any]:
        """What was given, with the wallets webhooks expect to be there."""
        return {"wallets": [], **member.on_chain}

    @extend_schema_field({"type": "string", "nullable": True})
    def get_referralCode(self, member: Member) -> str | None:
        """Null where none was used."""
        return member.referral_code or None


class MembersBatchInput(CamelSerializer):
    """Which members to read."""

    memberIds = serializers.ListField(child=Id(), allow_empty=False, max_length=100)


class MembersBatchAnswer(CamelSerializer):
    """The members there are, in the order asked, and the ids nobody has."""

    members = MemberAnswer(many=True)
    notFound = serializers.ListField(child=WholeNumber())


class MemberPointsInput(Memo):
    """An amount for a member; 0 is accepted and does nothing (semantics 0.8)."""

    ledgerId = Id(required=False, allow_null=True)
    ledgerAccountId = Id(required=False, allow_null=True, source="account_id")
    amount = WholeNumber(min_value=0)

    def validate_amount(self, value: int) -> int:
        """No more than the document allows anywhere."""
        if value > 18_446_744_073_709:
            raise serializers.ValidationError("Ensure this value is less than or equal to 18446744073709.")
        return value


class MemberPointsAnswer(CamelSerializer):
    """The transactions made for a member."""

    ledgerTransactions = TransactionAnswer(many=True)


class ProgramUpdate(CamelSerializer):
    """What can be said of a program."""

    active = Flag()
    name = Text(max_length=255)
    ledgerId = Id()
    tierPointsLedgerAccountId = Id(required=False, allow_null=True, source="tier_account_id")
    mainLedgerAccountId = Id(required=False, allow_null=True, source="main_account_id")
    description = Text(allow_blank=True, max_length=10_000)
    setAsDefault = Flag()
    mainPortalId = Id(required=False, allow_null=True)


class ProgramInput(ProgramUpdate):
    """A new program. Its tiers come after it, so none of them can be its default yet (semantics 6.5)."""

    defaultTierId = Id(required=False, allow_null=True)

    def validate_defaultTierId(self, value: int | None) -> None:
        """Null, or nothing that exists."""
        if value is not None:
            raise serializers.ValidationError("The program has no tiers yet.")

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The fields given, without the tier that cannot be."""
        fields: dict[str, Any] = super().to_internal_value(data)
        fields.pop("default_tier_id", None)
        return fields


class ProgramAnswer(CamelSerializer):
    """A program as it is read."""

    loyaltyProgramId = WholeNumber(source="pk")
    loyaltyProgramKey = serializers.CharField(source="key")
    organizationId = WholeNumber()
    active = serializers.BooleanField()
    name = serializers.CharField()
    description = serializers.CharField()
    ledgerId = WholeNumber()
    tierPointsLedgerAccountId = WholeNumber(source="tier_account_id", allow_null=True)
    mainLedgerAccountId = WholeNumber(source="main_account_id", allow_null=True)
    isDefault = serializers.BooleanField()
    defaultTierId = WholeNumber(allow_null=True)
    mainPortalId = WholeNumber(source="main_portal_id", allow_null=True)
    createdAt = Moment()
    updatedAt = Moment()


class TierInput(CamelSerializer):
    """What can be said of a tier."""

    name = Text(max_length=255)
    active = Flag()
    minRequiredPoints = WholeNumber()
    tierOrder = WholeNumber()
    customAttributes = JsonObject(required=False)
    pictureUrl = Text(required=False, allow_blank=True, max_length=2000)
    isDefault = Flag(required=False)

    def validate_minRequiredPoints(self, value: int) -> int:
        """A balance a wallet can have."""
        if not 0 <= value < 2**53:
            raise serializers.ValidationError("Points are from 0 to 9007199254740991.")
        return value

    def validate_tierOrder(self, value: int) -> int:
        """A place in the ladder."""
        if not -1_000_000 <= value <= 1_000_000:
            raise serializers.ValidationError("The order is from -1000000 to 1000000.")
        return value


class TierAnswer(CamelSerializer):
    """A tier as it is read."""

    loyaltyTierId = WholeNumber(source="pk")
    loyaltyTierKey = serializers.CharField(source="key")
    loyaltyProgramId = WholeNumber(source="program_id")
    organizationId = WholeNumber(source="program.organization_id")
    name = serializers.CharField()
    active = serializers.BooleanField()
    minRequiredPoints = WholeNumber()
    tierOrder = WholeNumber()
    customAttributes = JsonObject()
    pictureUrl = serializers.CharField()
    isDefault = serializers.BooleanField()
    createdAt = Moment()
    updatedAt = Moment()


class OrganizationUpdate(CamelSerializer):
    """What can be said of an organization."""

    name = Text(max_length=255)
    description = Text(allow_blank=True, max_length=10_000)
    pictureUrl = Text(allow_blank=True, max_length=2000)
    defaultLoyaltyProgramId = Id()
    defaultLocale = Text(max_length=35)
    locales = serializers.ListField(child=Text(max_length=35), required=False, max_length=200)
    customAttributes = JsonObject(required=False)


class OrganizationAnswer(CamelSerializer):
    """An organization as it is read."""

    organizationId = WholeNumber(source="pk")
    organizationKey = serializers.CharField(source="key")
    name = serializers.CharField()
    description = serializers.CharField()
    pictureUrl = serializers.CharField()
    defaultLoyaltyProgramId = WholeNumber(allow_null=True)
    defaultLocale = serializers.CharField()
    locales = serializers.ListField(child=serializers.CharField())
    customAttributes = serializers.SerializerMethodField()
    createdAt = Moment()
    updatedAt = Moment()

    @extend_schema_field({"type": "object"})
    def get_customAttributes(self, organization: Organization) -> dict[str, Any]:
        """The attributes, with the time zone among them (semantics 0.14)."""
        return {**organization.custom_attributes, "timezone": organization.timezone}
