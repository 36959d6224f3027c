"""Reads of members."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Prefetch, QuerySet

from loyalty.kernel.errors import NotFound
from loyalty.kernel.kept import KeptRead
from loyalty.kernel.prepared import bind_list
from members.contacts import normal_email
from members.models import Enrollment, Member, MemberContact


def list_members(organization_id: int) -> QuerySet[Member]:
    """The organization's members, each with enrollments and tiers at hand."""
    enrollments = Enrollment.objects.select_related("effective_tier").order_by("pk")
    return Member.objects.filter(organization_id=organization_id).prefetch_related(
        Prefetch("enrollments", queryset=enrollments)
    )


def with_email(members: QuerySet[Member], organization_id: int, email: str) -> QuerySet[Member]:
    """Only members with this email, as their first or another, whatever its case."""
    found = MemberContact.objects.filter(
        organization_id=organization_id, kind=MemberContact.Kind.EMAIL, value=normal_email(email)
    )
    return members.filter(pk__in=found.values("member_id"))


def get_member(organization_id: int, member_id: int) -> Member:
    """One of the organization's members.

    :raises NotFound: where it has no such member.
    """
    found = _ENROLLMENTS(organization_id, member_id)
    member = found[0].member if found else _MEMBER.first(organization_id, member_id)
    if member is None:
        raise NotFound("There is no such member.")
    for place in found:
        place.member = member
    places: Any = member.enrollments.all()
    places._result_cache = found
    places._prefetch_done = True
    member._prefetched_objects_cache = {"enrollments": places}  # type: ignore[attr-defined]
    return member


_MEMBER = KeptRead(lambda organization, pk: Member.objects.filter(organization_id=organization, pk=pk), int, int)
_ENROLLMENTS = KeptRead(
    lambda organization, member: (
        Enrollment.objects.filter(member_id=member, member__organization_id=organization)
        .select_related("member", "effective_tier", "program")
        .order_by("pk")
    ),
    int,
    int,
)


def became(member: Member) -> Member:
    """Whom the member became part of, if it was merged; a query for each merge."""
    while member.merged_into is not None:
        member = member.merged_into
    return member


def wallets_now(members: Iterable[Member]) -> dict[int, int]:
    """The wallet that holds each member's points now, by member: of one who was merged, that of whom they became part
    of. No query where nobody was merged.
    """
    known = {member.pk: member for member in members}
    while missing := {one.merged_into_id for one in known.values() if one.merged_into_id} - known.keys():
        known |= Member.objects.in_bulk(missing)
    return {pk: _last(member, known).wallet_id for pk, member in known.items()}


def _last(member: Member, known: Mapping[int, Member]) -> Member:
    while member.merged_into_id is not None:
        member = known[member.merged_into_id]
    return member


def check_member(organization_id: int, member_id: int) -> None:
    """That the organization has the member, for those who need nothing more of it.

    :raises NotFound: where it has no such member.
    """
    if not Member.objects.filter(organization_id=organization_id, pk=member_id).exists():
        raise NotFound("There is no such member.")


def get_member_by_loyalty_id(organization_id: int, loyalty_member_id: str) -> Member:
    """One of the organization's members, by the organization's own id for it.

    :raises NotFound: where it has no such member.
    """
    member = list_members(organization_id).filter(loyalty_member_id=loyalty_member_id).first()
    if member is None:
        raise NotFound("There is no such member.")
    return member


def find_member(organization_id: int, key_or_id: str) -> Member | None:
    """A member by any of its ids: the organization's, the public one, the UUID, the row's number."""
    members = list_members(organization_id)
    for name in ("loyalty_member_id", "public_loyalty_member_id"):
        found = members.filter(**{name: key_or_id}).first()
        if found is not None:
            return found
    try:
        return members.filter(customer_id=uuid.UUID(key_or_id)).first()
    except ValueError:
        pass
    if key_or_id.isascii() and key_or_id.isdigit() and len(key_or_id) < 19:
        return members.filter(pk=int(key_or_id)).first()
    return None


def find_customer_id(organization_id: int, email: str) -> uuid.UUID | None:
    """The UUID of the member with this email, whatever its case; of several the oldest is meant."""
    found = with_email(Member.objects.filter(organization_id=organization_id), organization_id, email)
    return found.order_by("pk").values_list("customer_id", flat=True).first()


@dataclass(frozen=True, slots=True)
class Match:
    """A member found by an address: enough to move points."""

    member_id: int
    wallet_id: int
    active: bool


def match_members(
    organization_id: int, *, customer_ids: Collection[uuid.UUID], contacts: Collection[tuple[str, str]]
) -> tuple[dict[uuid.UUID, Match], dict[tuple[str, str], Match]]:
    """Members by UUID and by (kind, value) contact, a bulk of them in one query for each kind.

    Of several members with one contact the oldest is meant.
    """
    mine = Member.objects.filter(organization_id=organization_id)
    by_uuid = {
        found: Match(member_id, wallet_id, active)
        for found, member_id, wallet_id, active in mine.filter(customer_id__in=customer_ids).values_list(
            "customer_id", "pk", "wallet_id", "active"
        )
    }
    by_contact: dict[tuple[str, str], Match] = {}
    for kind in sorted({kind for kind, _ in contacts}):
        values = bind_list([value for name, value in contacts if name == kind])
        with connection.cursor() as cursor:
            cursor.execute(_BY_CONTACT[connection.vendor], [values, organization_id, kind])
            for value, member_id, wallet_id, active in cursor.fetchall():
                by_contact.setdefault((kind, value), Match(member_id, wallet_id, active))
    return by_uuid, by_contact


# One look into the index for each value. Asked for the list at once, PostgreSQL would rather read all there are.
_BY_CONTACT = {
    "postgresql": """
SELECT found.* FROM json_array_elements_text(%s) AS asked (value) CROSS JOIN LATERAL (
  SELECT c.value, m.id, m.wallet_id, m.active
  FROM members_membercontact c JOIN members_member m ON m.id = c.member_id
  WHERE c.organization_id = %s AND c.kind = %s AND c.value = asked.value ORDER BY m.id LIMIT 1
) AS found
""",
    "sqlite": """
SELECT c.value, m.id, m.wallet_id, m.active
FROM json_each(%s) AS asked CROSS JOIN members_membercontact c JOIN members_member m ON m.id = c.member_id
WHERE c.organization_id = %s AND c.kind = %s AND c.value = asked.value
ORDER BY m.id
""",
}
