"""Programs and tiers of the core API (tags Loyalty Programs, Loyalty Program Tiers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from django.db.models import QuerySet

from loyalty.kernel.api.filters import FlagFilter, TextFilter
from loyalty.kernel.api.listing import NamedPages
from loyalty.kernel.api.resources import ResourceViewSet
from loyalty.kernel.roles import ADMIN
from members import selectors, services
from members.api import serializers as shapes
from members.models import LoyaltyProgram, LoyaltyTier


class ProgramFilters(django_filters.FilterSet):
    """What a list of programs is narrowed by; `default` is true unless a key is given (semantics 13.1)."""

    default = FlagFilter(method="only_default", default=True)
    loyaltyProgramKey = TextFilter(field_name="key")

    def only_default(self, queryset: QuerySet[LoyaltyProgram], name: str, value: bool) -> QuerySet[LoyaltyProgram]:
        """Decided below, where an absent value counts too."""
        return queryset

    def filter_queryset(self, queryset: QuerySet[LoyaltyProgram]) -> QuerySet[LoyaltyProgram]:
        """The programs asked for."""
        queryset = super().filter_queryset(queryset)
        asked = self.form.cleaned_data
        if not asked["loyaltyProgramKey"] and asked["default"] is not False:
            queryset = queryset.filter(is_default=True)
        return queryset


class ProgramPages(NamedPages):
    """Pages of programs, in the envelope the document gives them (semantics 0.6)."""

    name = "loyaltyPrograms"


class ProgramViewSet(ResourceViewSet):
    """The organization's programs."""

    tag = "Loyalty Programs"
    operations = {
        "list": "listLoyaltyPrograms",
        "retrieve": "getLoyaltyProgram",
        "create": "createLoyaltyProgram",
        "update": "updateLoyaltyProgram",
    }
    writes = ADMIN
    wrapper = "loyaltyProgram"
    queryset = LoyaltyProgram.objects.none()
    lookup_url_kwarg = "loyaltyProgramId"
    lookup_field = "pk"
    serializer_class = shapes.ProgramAnswer
    inputs = {"create": shapes.ProgramInput, "update": shapes.ProgramUpdate}
    pagination_class = ProgramPages
    filterset_class = ProgramFilters
    order_columns = {"loyaltyProgramId": "pk", "name": "name", "loyaltyProgramKey": "key", "createdAt": "created_at"}

    def get_queryset(self) -> QuerySet[LoyaltyProgram]:
        """The organization's programs."""
        return selectors.list_programs(self.organization_id)

    def perform_create(self, fields: Mapping[str, Any]) -> LoyaltyProgram:  # type: ignore[override]
        """A new program."""
        made = services.create_program(organization_id=self.organization_id, actor=self.actor, at=self.at, **fields)
        return selectors.get_program(self.organization_id, made.pk)

    def perform_update(self, row: LoyaltyProgram, fields: Mapping[str, Any]) -> LoyaltyProgram:  # type: ignore[override]
        """The changed program."""
        services.update_program(program=row, changes=fields, actor=self.actor, at=self.at)
        return selectors.get_program(self.organization_id, row.pk)


class TierFilters(django_filters.FilterSet):
    """What a list of tiers is narrowed by."""

    loyaltyTierKey = TextFilter(field_name="key")
    onlyActive = FlagFilter(method="only_active")

    def only_active(self, queryset: QuerySet[LoyaltyTier], name: str, value: bool) -> QuerySet[LoyaltyTier]:
        """The active ones, or all of them."""
        return queryset.filter(active=True) if value else queryset


class TierViewSet(ResourceViewSet):
    """The ladder of a program."""

    tag = "Loyalty Program Tiers"
    operations = {
        "list": "listLoyaltyTiers",
        "retrieve": "getLoyaltyTier",
        "create": "createLoyaltyTier",
        "update": "updateLoyaltyTier",
    }
    reads, writes = "tiers:read", "tiers:write"
    wrapper = "tier"
    queryset = LoyaltyTier.objects.none()
    lookup_url_kwarg = "loyaltyTierId"
    lookup_field = "pk"
    serializer_class = shapes.TierAnswer
    inputs = {"create": shapes.TierInput, "update": shapes.TierInput}
    filterset_class = TierFilters
    order_columns = {
        "loyaltyTierId": "pk",
        "name": "name",
        "tierOrder": "tier_order",
        "minRequiredPoints": "min_required_points",
        "createdAt": "created_at",
    }

    def program(self) -> LoyaltyProgram:
        """The program of the path."""
        return selectors.get_program(self.organization_id, self.kwargs["loyaltyProgramId"])

    def get_queryset(self) -> QuerySet[LoyaltyTier]:
        """The program's tiers; no such program is a 404."""
        return selectors.list_tiers(self.program()).select_related("program")

    def perform_create(self, fields: Mapping[str, Any]) -> LoyaltyTier:  # type: ignore[override]
        """A new tier."""
        return services.create_tier(program=self.program(), actor=self.actor, at=self.at, **fields)

    def perform_update(self, row: LoyaltyTier, fields: Mapping[str, Any]) -> LoyaltyTier:  # type: ignore[override]
        """The changed tier."""
        return services.update_tier(tier=row, changes=fields, actor=self.actor, at=self.at)
