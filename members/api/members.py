"""Members of the core API (tags Organization Members, Organization Loyalty Members)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.serializers import TransactionAnswer
from loyalty.kernel.api.filters import MomentFilter, TextFilter, WholeNumberFilter
from loyalty.kernel.api.resources import CoreViewSet, ResourceViewSet, written_all
from members import selectors, services
from members.api import serializers as shapes
from members.api.audiences import AudienceAnswer, AudiencesAnswer, MatchAnswer
from members.models import Member
from members.selectors.members import with_email


class MemberFilters(django_filters.FilterSet):
    """What a list of members is narrowed by; the email is any of theirs, whatever its case (semantics 5.6)."""

    email = TextFilter(method="by_email")
    loyaltyMemberId = TextFilter(field_name="loyalty_member_id")
    walletId = WholeNumberFilter(field_name="wallet_id", min_value=1)
    fromCreatedAt = MomentFilter(field_name="created_at", lookup_expr="gte")
    toCreatedAt = MomentFilter(field_name="created_at", lookup_expr="lte")

    def by_email(self, queryset: QuerySet[Member], name: str, value: str) -> QuerySet[Member]:
        """Members with this email."""
        return with_email(queryset, self.request.user.organization_id, value)


class MemberViewSet(ResourceViewSet):
    """The organization's members."""

    tag = "Organization Members"
    operations = {
        "list": "listMembers",
        "retrieve": "getMember",
        "create": "createMember",
        "update": "updateMember",
        "batch": "getMembersBatch",
    }
    reads, writes = "members:read", "members:write"
    action_roles = {"batch": "members:read"}
    asks = ("batch",)
    wrapper = "loyalMember"
    queryset = Member.objects.none()
    lookup_url_kwarg = "memberId"
    lookup_field = "pk"
    serializer_class = shapes.MemberAnswer
    inputs = {"create": shapes.MemberInput, "update": shapes.MemberUpdate, "batch": shapes.MembersBatchInput}
    answers = {"batch": shapes.MembersBatchAnswer}
    filterset_class = MemberFilters
    order_columns = {"memberId": "pk", "loyaltyMemberId": "loyalty_member_id", "createdAt": "created_at"}

    def get_queryset(self) -> QuerySet[Member]:
        """The organization's members."""
        return selectors.list_members(self.organization_id)

    def perform_create(self, fields: Mapping[str, Any]) -> Member:  # type: ignore[override]
        """A member with a wallet, enrolled in the default program."""
        return services.create_member(organization_id=self.organization_id, actor=self.actor, at=self.at, **fields)

    def perform_update(self, row: Member, fields: Mapping[str, Any]) -> Member:  # type: ignore[override]
        """The changed member; `profile` and `customAttributes` merge one level."""
        changes = dict(fields)
        reason = changes.pop("update_reason", "")
        return services.update_member(member=row, changes=changes, actor=self.actor, at=self.at, reason=reason)

    def batch(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Members by their numbers, in the order asked, each once (semantics 5.4)."""
        ids = list(dict.fromkeys(self.read_input()["member_ids"]))
        found = {member.pk: member for member in self.get_queryset().filter(pk__in=ids)}
        members = [found[pk] for pk in ids if pk in found]
        return Response(
            {
                "members": written_all(self.serializer_class, members),
                "notFound": [pk for pk in ids if pk not in found],
            }
        )


class LoyaltyMemberViewSet(CoreViewSet):
    """One member, by the organization's own id for it."""

    tag = "Organization Loyalty Members"
    operations = {
        "retrieve": "getLoyaltyMember",
        "mint": "mintLoyaltyMemberPoints",
        "burn": "burnLoyaltyMemberPoints",
        "audiences": "listLoyaltyMemberAudiences",
        "matches": "checkLoyaltyMemberAudience",
    }
    reads, writes = "members:read", "ledgers:write"
    action_roles = {"audiences": "members:read", "matches": "members:read"}
    wrapper = "loyalMember"
    serializer_class = shapes.MemberAnswer
    inputs = {"mint": shapes.MemberPointsInput, "burn": shapes.MemberPointsInput}
    answers = {
        "mint": shapes.MemberPointsAnswer,
        "burn": shapes.MemberPointsAnswer,
        "audiences": AudiencesAnswer,
        "matches": MatchAnswer,
    }

    def member(self) -> Member:
        """The member of the path."""
        return selectors.get_member_by_loyalty_id(self.organization_id, self.kwargs["loyaltyMemberId"])

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The member."""
        return self.answer(self.member())

    def mint(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Give the member points, in the account that is meant (semantics 1.4, 2.7)."""
        return self._post(services.mint_member_points)

    def burn(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Take points from the member, in the account that is meant (semantics 1.4, 2.7)."""
        return self._post(services.burn_member_points)

    def audiences(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The active audiences the member belongs to now (semantics 10.3)."""
        member = self.member()
        matching = selectors.matching_audiences(
            selectors.member_document(member),
            selectors.list_audiences(self.organization_id).filter(active=True).order_by("pk"),
            at=self.at,
        )
        return Response({"audiences": written_all(AudienceAnswer, matching)})

    def matches(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Whether the member belongs to the audience now."""
        document = selectors.member_document(self.member())
        audience = selectors.get_audience(self.organization_id, self.kwargs["audienceId"])
        return Response({"match": selectors.belongs(document, audience, at=self.at)})

    def _post(self, service: Any) -> Response:
        fields = self.read_input()
        posting = service(member=self.member(), actor=self.actor, at=self.at, source="core", **fields)
        answer = {"ledgerTransactions": written_all(TransactionAnswer, posting.records)}
        return Response(answer, 200 if posting.replayed else 201)
