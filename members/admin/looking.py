"""A look at whom a rule means while somebody writes it: how many they are, and some of them."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, JsonResponse

from loyalty.kernel.desk import Seat, address_of
from loyalty.kernel.models import Organization
from members.admin.audience_acts import field_of, matcher_of, place_of
from members.errors import BadMatcher
from members.matchers import read_matcher
from members.models import Audience, Member
from members.selectors import Glance, members_of

SAMPLE = 8
# A person waits for the count: beyond this many it says only that they are more.
MOST_COUNTED = 10_000


def look_at(
    organization: Organization | None, said: dict[str, str], seat: Seat, *, needs: str, at: datetime
) -> HttpResponse:
    """Whom the form as it stands would mean, or what is wrong with its rule and where.

    :raises PermissionDenied: where the person has not the role in the organization.
    """
    if organization is None or not seat.may(needs, organization.pk):
        raise PermissionDenied
    try:
        kind = said.get("matcher_type", "")
        read = read_matcher(kind if kind in Audience.MatcherType.values else "null-matcher", matcher_of(said))
    except BadMatcher as error:
        return JsonResponse({"error": place_of(error), "position": error.position, "field": field_of(said)})
    meant = Audience(organization=organization, matcher_type=kind, matcher=read.document, rule=read.rule)
    glance = members_of(meant, at=at).look(SAMPLE, most=MOST_COUNTED)
    shown = glance.first if seat.may("members:read", organization.pk) else []
    return JsonResponse({"count": counted(glance), "members": [_row(member) for member in shown]})


def counted(glance: Glance) -> str:
    """How many they are, as far as anybody waits for it."""
    if glance.is_whole:
        return f"{glance.count:,}"
    return f"{glance.count:,} or more" if glance.count else "none among the first looked at"


def _row(member: Member) -> dict[str, str]:
    return {"name": str(member), "id": member.loyalty_member_id, "address": address_of(member)}
