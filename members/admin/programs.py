"""Programs and tiers on the console."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from ledger.admin import PointsAdmin, points
from loyalty.kernel.desk import Panel, link_to, seat_of, state
from loyalty.kernel.desk.display import NOTHING
from loyalty.kernel.roles import ANY
from members.admin.program_acts import AddTier, CreateProgram, EditProgram, EditTier
from members.models import LoyaltyProgram, LoyaltyTier


def least_of(tier: LoyaltyTier) -> Any:
    """What a tier asks for, in the units of its program's tier account."""
    account = tier.program.tier_account
    return str(tier.min_required_points) if account is None else points(tier.min_required_points, account)


@admin.register(LoyaltyProgram)
class ProgramAdmin(PointsAdmin):
    """What members are in, and the ladder of its tiers."""

    reads = ANY
    list_display = ["name", "key", "ledger", "main_account", "stands", "is_default"]
    list_select_related = ["ledger", "main_account"]
    ordering = ("name", "pk")
    search_fields = ["name", "key"]
    creates = CreateProgram
    acts = (EditProgram, AddTier)
    says_empty = "A program says where points go and which tiers there are. New members join the default one."
    facts = (
        ("Program", ("name", "key", "description", "stands", "is_default")),
        ("Books", ("ledger_name", "main_account_name", "tier_account_name")),
    )

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a reading page speaks of."""
        return super().everything(request).select_related("ledger", "main_account", "tier_account")

    @admin.display(description="State")
    def stands(self, program: LoyaltyProgram) -> SafeString:
        """Whether it runs."""
        return state("active" if program.active else "inactive")

    @admin.display(description="Ledger")
    def ledger_name(self, program: LoyaltyProgram) -> str:
        """Its books."""
        return str(program.ledger)

    @admin.display(description="Points go to")
    def main_account_name(self, program: LoyaltyProgram) -> Any:
        """Where points go that nobody named an account for."""
        return str(program.main_account) if program.main_account else NOTHING

    @admin.display(description="Tiers go by")
    def tier_account_name(self, program: LoyaltyProgram) -> Any:
        """The account whose balance decides tiers."""
        return str(program.tier_account) if program.tier_account else NOTHING

    def panels(self, request: HttpRequest, target: LoyaltyProgram, at: datetime) -> Iterable[Panel]:
        """The ladder, for those who may see tiers."""
        if not seat_of(request).may("tiers:read", target.organization_id):
            return
        tiers = LoyaltyTier.objects.filter(program=target).select_related("program__tier_account")
        yield Panel(
            "Tiers",
            ("Tier", "From", "Place", "State", "Default"),
            [
                (
                    link_to(tier),
                    least_of(tier),
                    tier.tier_order,
                    state("active" if tier.active else "inactive"),
                    state("default") if tier.is_default else NOTHING,
                )
                for tier in tiers.order_by("tier_order", "pk")
            ],
            empty="It has no tiers yet.",
        )


@admin.register(LoyaltyTier)
class TierAdmin(PointsAdmin):
    """One rung of a program's ladder."""

    reads = "tiers:read"
    organization_of = "program__organization"
    list_display = ["name", "program", "least", "tier_order", "stands", "is_default"]
    list_select_related = ["program__tier_account"]
    ordering = ("program", "tier_order", "pk")
    acts = (EditTier,)
    says_empty = "Tiers are the rungs of a program's ladder: open a program to add one."
    facts = (("Tier", ("name", "key", "program", "least", "tier_order", "stands", "is_default")),)

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """With what a reading page speaks of."""
        return super().everything(request).select_related("program__tier_account")

    @admin.display(description="From")
    def least(self, tier: LoyaltyTier) -> Any:
        """What it asks for."""
        return least_of(tier)

    @admin.display(description="State")
    def stands(self, tier: LoyaltyTier) -> SafeString:
        """Whether it can be reached."""
        return state("active" if tier.active else "inactive")
