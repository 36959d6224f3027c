"""The shapes of tiers given by hand, of their history, and of events on the wire (semantics 15b)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from loyalty.kernel.api.fields import CamelSerializer, Id, Moment, WholeNumber
from members.models import LoyaltyEvent


class TierSetInput(CamelSerializer):
    """The tier to give by hand; without one, what was given is taken away (semantics 6.3)."""

    loyaltyTierId = Id(required=False, allow_null=True, min_value=1)
    expiresAt = Moment(required=False, allow_null=True)


class LoyaltyTierSetInput(TierSetInput):
    """The same, with the program it is about."""

    loyaltyProgramId = Id()


class TierSetAnswer(CamelSerializer):
    """The tier that counts now."""

    loyaltyTierId = WholeNumber(source="effective_tier_id", allow_null=True)


class TierChangeAnswer(CamelSerializer):
    """One change of the tier that counts."""

    loyaltyTierId = WholeNumber(source="tier_id", allow_null=True)
    previousLoyaltyTierId = WholeNumber(source="previous_tier_id", allow_null=True)
    reason = serializers.CharField()
    actor = serializers.CharField()
    expiresAt = Moment(allow_null=True)
    createdAt = Moment()


class EventAnswer(CamelSerializer):
    """An event as it is read; its number is a text. What the ledger posted says the words of its own."""

    loyaltyEventId = serializers.CharField(source="pk")
    organizationId = WholeNumber()
    eventType = serializers.CharField()
    status = serializers.CharField()
    memberId = WholeNumber(source="member_id", allow_null=True)
    systemUniqueKey = serializers.SerializerMethodField()
    externalId = serializers.SerializerMethodField()
    description = serializers.SerializerMethodField()
    payload = serializers.SerializerMethodField()
    tags = serializers.SerializerMethodField()
    externalEventDate = serializers.SerializerMethodField()
    executionResults = serializers.ListField(child=serializers.DictField())
    createdAt = Moment()

    @extend_schema_field({"type": "string", "nullable": True})
    def get_systemUniqueKey(self, event: LoyaltyEvent) -> str | None:
        """The key it acted under."""
        return event.unique_key or (event.transaction.unique_key if event.transaction else None)

    @extend_schema_field({"type": "string", "nullable": True})
    def get_externalId(self, event: LoyaltyEvent) -> str | None:
        """The caller's reference."""
        return (event.transaction.external_id if event.transaction else event.external_id) or None

    @extend_schema_field({"type": "string", "nullable": True})
    def get_description(self, event: LoyaltyEvent) -> str | None:
        """What was said of it."""
        return (event.transaction.description if event.transaction else event.description) or None

    @extend_schema_field({"type": "object"})
    def get_payload(self, event: LoyaltyEvent) -> dict[str, Any]:
        """What happened, by its type."""
        posted = event.transaction
        if posted is None:
            return dict(event.payload)
        return {
            "ledgerTransactionId": str(posted.pk),
            "ledgerAccountId": posted.account_id,
            "kind": posted.kind,
            "amount": posted.amount,
            "fromWalletId": posted.from_wallet_id,
            "toWalletId": posted.to_wallet_id,
        }

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_tags(self, event: LoyaltyEvent) -> list[str]:
        """The tags it was given."""
        return list(event.transaction.tags if event.transaction else event.tags)

    @extend_schema_field({"type": "string", "format": "date-time", "nullable": True})
    def get_externalEventDate(self, event: LoyaltyEvent) -> datetime | None:
        """When it happened in the world, where that was said."""
        return event.transaction.external_event_at if event.transaction else event.external_event_at
