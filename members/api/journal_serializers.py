"""The shapes of tiers given by hand, of their history, and of events on the wire (semantics 15b)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from loyalty.kernel.api.fields import CamelSerializer, Id, JsonObject, Moment, WholeNumber
from members.models import LoyaltyEvent
from members.selectors import event_document


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

    loyaltyEventId = serializers.CharField()
    organizationId = WholeNumber()
    eventType = serializers.CharField()
    status = serializers.CharField()
    memberId = WholeNumber(allow_null=True)
    systemUniqueKey = serializers.CharField(allow_null=True)
    externalId = serializers.CharField(allow_null=True)
    description = serializers.CharField(allow_null=True)
    payload = JsonObject()
    tags = serializers.ListField(child=serializers.CharField())
    externalEventDate = Moment(allow_null=True)
    executionResults = serializers.ListField(child=serializers.DictField())
    createdAt = Moment()

    def to_representation(self, event: LoyaltyEvent) -> dict[str, Any]:
        """The document that receivers of webhooks are sent as well."""
        return event_document(event)
