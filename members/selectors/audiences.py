"""Reads of audiences: which there are, which of them a member belongs to, and which members belong to one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet

from loyalty.expressions import Column, EvaluationError, NotInSql, Rule, compile_text, to_q
from loyalty.expressions.nodes import Node
from loyalty.expressions.sql import chained
from loyalty.kernel.errors import NotFound
from loyalty.kernel.models import Organization
from members.models import Audience, Enrollment, LoyaltyTier, Member
from members.selectors.documents import member_document
from members.selectors.members import list_members

# How many members are in memory at once where a rule is asked of them one by one.
CHUNK = 2000


def list_audiences(organization_id: int) -> QuerySet[Audience]:
    """The organization's audiences, each with the organization, in whose time zone its rule has its days."""
    return Audience.objects.filter(organization_id=organization_id).select_related("organization")


def list_every_audience() -> QuerySet[Audience]:
    """The audiences of all organizations: for the house's own work, never for a caller."""
    return Audience.objects.select_related("organization")


def get_audience(organization_id: int, audience_id: int) -> Audience:
    """One of the organization's audiences.

    :raises NotFound: where it has no such audience.
    """
    audience = list_audiences(organization_id).filter(pk=audience_id).first()
    if audience is None:
        raise NotFound("There is no such audience.")
    return audience


def get_audiences(organization_id: int, audience_ids: Sequence[int]) -> list[Audience]:
    """The organization's audiences of these numbers, in this order, each once.

    :raises NotFound: where it has not all of them.
    """
    wanted = list(dict.fromkeys(audience_ids))
    found = {audience.pk: audience for audience in list_audiences(organization_id).filter(pk__in=wanted)}
    missing = [pk for pk in wanted if pk not in found]
    if missing:
        raise NotFound(f"There is no such audience: {missing[0]}.")
    return [found[pk] for pk in wanted]


def due_audiences(*, older_than: datetime) -> QuerySet[Audience]:
    """Those whose count is not of now: never taken, taken before the last change, or before `older_than`."""
    stale = Q(refreshed_at__isnull=True) | Q(refreshed_at__lt=F("updated_at")) | Q(refreshed_at__lt=older_than)
    return list_every_audience().filter(stale).order_by("pk")


# --- one member ------------------------------------------------------------------------------------------------------
def matching_audiences(document: Mapping[str, Any], audiences: Iterable[Audience], *, at: datetime) -> list[Audience]:
    """Those of `audiences` that the member of this document (see `member_document`) belongs to, in their order."""
    return [audience for audience in audiences if belongs(document, audience, at=at)]


def belongs(document: Mapping[str, Any], audience: Audience, *, at: datetime) -> bool:
    """Whether the member of this document belongs to the audience now; a rule that fails holds for nobody."""
    if not audience.active:
        return False
    if audience.matcher_type == Audience.MatcherType.ATTRIBUTE:
        return _holds(compile_text(audience.rule, audience.organization.timezone), document, at)
    if audience.matcher_type == Audience.MatcherType.LIST:
        numbers, names = audience.matcher.get("memberIds", ()), audience.matcher.get("loyaltyMemberIds", ())
        number = document.get("memberId")
        number = int(number) if isinstance(number, str) and number.isascii() and number.isdigit() else number
        return (number in numbers and not isinstance(number, bool)) or document.get("loyaltyMemberId") in names
    return False


def _holds(rule: Rule, document: Mapping[str, Any], at: datetime) -> bool:
    try:
        return rule.matches({"member": document, "now": at})
    except EvaluationError:
        return False


# --- all members -----------------------------------------------------------------------------------------------------
def _places() -> QuerySet[Enrollment]:
    return Enrollment.objects.filter(member_id=OuterRef("pk"))


def _tiers(organization_id: int) -> dict[int, str]:
    return dict(LoyaltyTier.objects.filter(program__organization_id=organization_id).values_list("pk", "key"))


# What a rule may ask the database of a member, and of its place in a program. The rest is read in memory.
_OF_MEMBERS: Mapping[str, Column] = {
    "memberId": Column("number", "pk"),
    "organizationId": Column("number", "organization_id"),
    "loyaltyMemberId": Column("string", "loyalty_member_id"),
    "publicLoyaltyMemberId": Column("string", "public_loyalty_member_id"),
    "memberType": Column("string", "member_type", blank_is_null=True),
    "active": Column("boolean", "active"),
    "walletId": Column("number", "wallet_id"),
    "profile": Column("json", "profile"),
    "customAttributes": Column("json", "custom_attributes"),
    "referralCode": Column("string", "referral_code", blank_is_null=True),
    "createdAt": Column("timestamp", "created_at"),
    "updatedAt": Column("timestamp", "updated_at"),
}
_OF_PLACES: Mapping[str, Column] = {
    "loyaltyProgramId": Column("number", "program_id"),
    "loyaltyTierId": Column("number", "effective_tier_id"),
    "loyaltyManualTierId": Column("number", "manual_tier_id"),
    "loyaltySystemTierId": Column("number", "system_tier_id"),
    "expiresAt": Column("timestamp", "manual_expires_at"),
}


def _columns(organization_id: int) -> dict[tuple[str, ...], Column]:
    key = Column("string", "effective_tier_id", known=partial(_tiers, organization_id))
    tiers = Column("rows", rows=_places, columns={**_OF_PLACES, "loyaltyTierKey": key})
    return {("member", name): column for name, column in {**_OF_MEMBERS, "tiers": tiers}.items()}


@dataclass(frozen=True, slots=True)
class Crowd:
    """The members of an audience, as far as the database can say (`rows`), and the rule that is still to be asked of
    each in memory, where it cannot say all.
    """

    rows: QuerySet[Member]
    rest: Rule | None = None
    at: datetime | None = field(default=None)

    def __iter__(self) -> Iterator[Member]:
        """Every member, by number, in constant memory; with enrollments and tiers at hand."""
        for member in self._all().iterator(chunk_size=CHUNK):
            if self._fits(member):
                yield member

    def count(self) -> int:
        """How many they are: one query, unless they must be asked one by one."""
        return self.rows.order_by().count() if self.rest is None else sum(1 for _ in self)

    def look(self, sample: int, *, most: int) -> Glance:
        """A quick look: the first members, and how many there are, counted up to `most`. Where they are asked one by
        one, at most CHUNK of them are.
        """
        if self.rest is None:
            counted = self.rows.order_by()[: most + 1].count()
            return Glance(list(self._all()[:sample]), min(counted, most), is_whole=counted <= most)
        most = min(most, CHUNK)
        looked = list(self._all()[: most + 1])
        found = [member for member in looked[:most] if self._fits(member)]
        return Glance(found[:sample], len(found), is_whole=len(looked) <= most)

    def _all(self) -> QuerySet[Member]:
        return self.rows.order_by("pk")

    def _fits(self, member: Member) -> bool:
        return self.rest is None or (self.at is not None and _holds(self.rest, member_document(member), self.at))


@dataclass(frozen=True, slots=True)
class Glance:
    """A quick look at a crowd: the first of them, and how many; more than that where it is not the whole."""

    first: list[Member]
    count: int
    is_whole: bool


def members_of(audience: Audience, *, at: datetime) -> Crowd:
    """The members who belong to the audience now, by a query wherever its rule can be asked of the database."""
    members = list_members(audience.organization_id)
    if audience.active and audience.matcher_type == Audience.MatcherType.ATTRIBUTE:
        return members_by_rule(audience.organization, audience.rule, at=at)
    if audience.active and audience.matcher_type == Audience.MatcherType.LIST:
        listed = Q(pk__in=audience.matcher.get("memberIds", ()))
        listed |= Q(loyalty_member_id__in=audience.matcher.get("loyaltyMemberIds", ()))
        return Crowd(members.filter(listed))
    return Crowd(members.none())


def members_by_rule(organization: Organization, text: str, *, at: datetime) -> Crowd:
    """The organization's members for whom the rule holds.

    Where the database cannot be asked the whole rule, it is asked those parts between its outermost `&&` that it can,
    and the rule is asked of whoever remains.

    :raises ParseError: where the text is no expression.
    """
    zone = organization.timezone
    rule = compile_text(text, zone)
    columns = _columns(organization.pk)
    members, is_whole = list_members(organization.pk), True
    for part in chained(rule.node, "&&"):
        condition = _in_sql(part, columns, at, zone)
        if condition is None:
            is_whole = False
        else:
            members = members.filter(condition)
    return Crowd(members) if is_whole else Crowd(members, rule, at)


def _in_sql(part: Node, columns: Mapping[tuple[str, ...], Column], at: datetime, zone: str) -> Q | None:
    try:
        return to_q(part, columns, {"now": at}, zone)
    except NotInSql:
        return None
