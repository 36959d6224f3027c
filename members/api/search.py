"""The search for members of the core API (tag Search)."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet

from loyalty.kernel.api.filters import MomentFilter, TextFilter, WholeNumberFilter
from loyalty.kernel.api.resources import ResourceViewSet
from members import selectors
from members.api import serializers as shapes
from members.api.members import MemberViewSet
from members.models import Member


class MemberSearchFilters(django_filters.FilterSet):
    """What a search narrows; the range of creation is half-open (semantics 5.6).

    Tier and program speak of one enrollment: whose effective tier it is, and in which program.
    """

    query = TextFilter(method="by_words", max_length=None, label="Filter by full text search")
    loyaltyTierId = WholeNumberFilter(field_name="enrollments__effective_tier", min_value=1)
    loyaltyTierKey = TextFilter(field_name="enrollments__effective_tier__key")
    loyaltyProgramId = WholeNumberFilter(field_name="enrollments__program", min_value=1)
    memberType = TextFilter(field_name="member_type")
    sinceFrom = MomentFilter(field_name="created_at", lookup_expr="gte")
    sinceTo = MomentFilter(field_name="created_at", lookup_expr="lt")

    def by_words(self, queryset: QuerySet[Member], name: str, value: str) -> QuerySet[Member]:
        """Members in whom every word is found.

        :raises SearchTooLong: more words, or longer ones, than a search may have.
        """
        return selectors.search_members(queryset, value)

    def filter_queryset(self, queryset: QuerySet[Member]) -> QuerySet[Member]:
        """Members whom every filter leaves; what is asked of an enrollment is asked of the same one."""
        asked = self.form.cleaned_data
        enrollment = {
            "tier_id": asked.pop("loyaltyTierId"),
            "tier_key": asked.pop("loyaltyTierKey") or None,
            "program_id": asked.pop("loyaltyProgramId"),
        }
        return selectors.in_tier(super().filter_queryset(queryset), **enrollment)


class MemberSearchViewSet(ResourceViewSet):
    """The organization's members, by any words of theirs."""

    tag = "Search"
    operations = {"list": "searchMembers"}
    reads = "members:read"
    queryset = Member.objects.none()
    serializer_class = shapes.MemberAnswer
    filterset_class = MemberSearchFilters
    order_columns = MemberViewSet.order_columns

    def get_queryset(self) -> QuerySet[Member]:
        """The organization's members."""
        return selectors.list_members(self.organization_id)
