"""A member's tiers and events in the core API (tags Organization Members and Loyalty Members, Member Events)."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.kernel.api.fields import OkAnswer
from loyalty.kernel.api.filters import MomentFilter
from loyalty.kernel.api.resources import CoreViewSet, ResourceViewSet, written
from members import selectors, services
from members.api import journal_serializers as shapes
from members.models import EventType, LoyaltyEvent, LoyaltyProgram, Member, TierChange


class _MemberTierView(CoreViewSet):
    """Gives a member a tier by hand, and takes it away."""

    writes = "tiers:write"
    answers = {"set_tier": shapes.TierSetAnswer, "leave": OkAnswer}

    def member(self) -> Member:
        """The member of the path."""
        return selectors.get_member(self.organization_id, self.kwargs["memberId"])

    def program(self, program_id: int) -> LoyaltyProgram:
        """The program that is meant."""
        return selectors.get_program(self.organization_id, program_id)

    def set_tier(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give the member a tier by hand, or take it away again (semantics 6.3)."""
        fields = self.read_input()
        program_id = fields.pop("loyalty_program_id", None) or self.kwargs["loyaltyProgramId"]
        place = services.set_member_tier(
            member=self.member(), program=self.program(program_id), actor=self.actor, at=self.at, **fields
        )
        return Response(written(shapes.TierSetAnswer, place))


class MemberTierViewSet(_MemberTierView):
    """A member's place in a program."""

    tag = "Organization Members"
    operations = {"set_tier": "setMemberTier", "leave": "removeMemberFromProgram"}
    action_roles = {"leave": "members:write"}
    inputs = {"set_tier": shapes.TierSetInput}

    def leave(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take the member out of the program; points stay as they are (semantics 5.5)."""
        services.leave_program(
            member=self.member(), program=self.program(self.kwargs["loyaltyProgramId"]), actor=self.actor, at=self.at
        )
        return Response({"ok": True})


class LoyaltyMemberTierViewSet(_MemberTierView):
    """The same, by the organization's own id for the member."""

    tag = "Organization Loyalty Members"
    operations = {"set_tier": "setLoyaltyMemberTier"}
    inputs = {"set_tier": shapes.LoyaltyTierSetInput}

    def member(self) -> Member:
        """The member of the path."""
        return selectors.get_member_by_loyalty_id(self.organization_id, self.kwargs["loyaltyMemberId"])


class TierHistoryViewSet(ResourceViewSet):
    """How a member's tier in a program went, newest first (semantics 6.4)."""

    tag = "Organization Members"
    operations = {"list": "listMemberTierHistory"}
    reads = "tiers:read"
    queryset = TierChange.objects.none()
    serializer_class = shapes.TierChangeAnswer
    order_columns = {"createdAt": "pk"}
    default_order = ("-pk",)

    def get_queryset(self) -> QuerySet[TierChange]:
        """The changes."""
        member = selectors.get_member(self.organization_id, self.kwargs["memberId"])
        program = selectors.get_program(self.organization_id, self.kwargs["loyaltyProgramId"])
        return selectors.list_tier_changes(member, program)


class EventFilters(django_filters.FilterSet):
    """What a list of events is narrowed by."""

    fromCreatedAt = MomentFilter(field_name="created_at", lookup_expr="gte")
    toCreatedAt = MomentFilter(field_name="created_at", lookup_expr="lte")
    eventType = django_filters.ChoiceFilter(field_name="event_type", choices=EventType.choices)
    status = django_filters.ChoiceFilter(choices=LoyaltyEvent.Status.choices)


class MemberEventViewSet(ResourceViewSet):
    """What happened to a member, newest first (semantics 5.7)."""

    tag = "Member Events"
    operations = {"list": "listMemberEvents"}
    reads = "members:read"
    queryset = LoyaltyEvent.objects.none()
    serializer_class = shapes.EventAnswer
    filterset_class = EventFilters
    order_columns = {"loyaltyEventId": "pk", "createdAt": "created_at"}
    default_order = ("-created_at", "-pk")

    def get_queryset(self) -> QuerySet[LoyaltyEvent]:
        """The member's events."""
        return selectors.list_events(selectors.get_member(self.organization_id, self.kwargs["memberId"]))
