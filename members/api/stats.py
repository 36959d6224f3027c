"""Who joined, and who stands in which tier (tag Stats, semantics 14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from loyalty.kernel.api.fields import CamelSerializer, WholeNumber
from loyalty.kernel.api.stats import StatsViewSet
from members import selectors


class DayCountAnswer(CamelSerializer):
    """How many there were on one day."""

    date = serializers.DateField()
    count = WholeNumber()


class MemberCreationViewSet(StatsViewSet):
    """How many members were created on each day."""

    operations = {"retrieve": "getMemberCreationStats"}
    reads = "members:read"
    serializer_class = DayCountAnswer

    def figures(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Every day of the time asked for."""
        found = selectors.members_created(self.organization_id, self.window(asked))
        return [{"date": day, "count": count} for day, count in found]


class TierCountAnswer(CamelSerializer):
    """How many members stand in a tier; those in none under null."""

    loyaltyTierId = WholeNumber(allow_null=True)
    loyaltyTierKey = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True)
    members = WholeNumber()


class TierStatsViewSet(StatsViewSet):
    """How many members stand in each tier of a program now."""

    operations = {"retrieve": "getLoyaltyProgramTierStats"}
    reads = "tiers:read"
    serializer_class = TierCountAnswer
    filterset_class = None

    def figures(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Every tier, lowest first, then none; no such program is a 404."""
        program = selectors.get_program(self.organization_id, self.kwargs["loyaltyProgramId"])
        return [
            {
                "loyalty_tier_id": tier and tier.pk,
                "loyalty_tier_key": tier and tier.key,
                "name": tier and tier.name,
                "members": members,
            }
            for tier, members in selectors.members_in_tiers(program)
        ]
