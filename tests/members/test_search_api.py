"""The search of the API: words, tiers, types and dates (semantics 0.6, 5.6)."""

from __future__ import annotations

from urllib.parse import quote

import pytest
import time_machine

from loyalty.kernel import clock
from members.models import Enrollment, LoyaltyTier, Member
from members.services import create_program, create_tier
from tests import factories
from tests.house import TESTER, Api, House


@pytest.fixture
def people(noon: time_machine.Coordinates, house: House) -> dict[str, Member]:
    """Three members, a minute after each other."""
    made = {}
    for own_id, kind, name, last in (
        ("m-1", "vip", "Anna", "Adams"),
        ("m-2", "staff", "Ben", "Baker"),
        ("m-3", "vip", "Annabel", "Baker"),
    ):
        profile = {"name": name, "lastName": last, "email": f"{name}@example.com".lower()}
        made[own_id] = factories.MemberFactory(
            organization=house.organization, loyalty_member_id=own_id, member_type=kind, profile=profile
        )
        noon.shift(60)
    return made


@pytest.fixture
def gold(house: House, people: dict[str, Member]) -> LoyaltyTier:
    """A second program: m-2 is in its gold tier, m-3 in none of its tiers, m-1 not in it."""
    at = clock.now()
    club = create_program(organization_id=house.id, name="Club", ledger_id=house.ledger.pk, actor=TESTER, at=at)
    tier = create_tier(program=club, name="Gold", min_required_points=0, tier_order=1, actor=TESTER, at=at)
    Enrollment.objects.create(member=people["m-2"], program=club, effective_tier=tier, created_at=at)
    Enrollment.objects.create(member=people["m-3"], program=club, created_at=at)
    return tier


def names(api: Api, query: str = "") -> list[str]:
    answer = api.get(f"search/members?{query}")
    assert answer.status_code == 200, answer.content
    return [member["loyaltyMemberId"] for member in answer.body["results"]]


def test_without_a_word_it_is_the_list_of_members(api: Api, people: dict[str, Member], charlie: Member) -> None:
    found = api.get("search/members").body
    assert found == api.get("members").body
    assert (found["totalCount"], found["page"], found["limit"]) == (3, 0, 25)
    assert names(api, "query=") == names(api, "query=%20%20") == ["m-1", "m-2", "m-3"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("anna", ["m-1", "m-3"]),
        ("ÄNNA", ["m-1", "m-3"]),
        ("bak", ["m-2", "m-3"]),
        ("baker ann", ["m-3"]),
        ("b", ["m-2", "m-3"]),
        ("ben@example.com", ["m-2"]),
        ("m-1", ["m-1"]),
        ("%", []),
        ("charlie", []),
    ],
)
def test_every_word_must_be_found(
    api: Api, people: dict[str, Member], charlie: Member, query: str, expected: list[str]
) -> None:
    assert names(api, f"query={quote(query)}") == expected


@pytest.mark.parametrize("query", ["a " * 11, "x" * 101, "x" * 100_000])
def test_a_search_that_is_too_long_is_refused(api: Api, people: dict[str, Member], query: str) -> None:
    answer = api.get(f"search/members?query={quote(query)}")
    assert (answer.status_code, answer.body["code"]) == (400, "INVALID_INPUT")
    assert answer.body["message"] == "A search has at most 10 words, of at most 100 characters each."


def test_a_nul_is_refused(api: Api, people: dict[str, Member]) -> None:
    answer = api.get("search/members?query=a%00")
    assert (answer.status_code, answer.body["code"]) == (400, "INVALID_INPUT")


def test_tier_and_program_speak_of_the_same_enrollment(
    api: Api, house: House, people: dict[str, Member], gold: LoyaltyTier
) -> None:
    base = LoyaltyTier.objects.get(program=house.program)
    everybody = ["m-1", "m-2", "m-3"]
    assert names(api, f"loyaltyTierId={base.pk}") == everybody
    assert names(api, f"loyaltyTierKey={base.key}") == everybody
    assert names(api, f"loyaltyProgramId={house.program.pk}") == everybody
    assert names(api, f"loyaltyTierId={gold.pk}") == names(api, f"loyaltyTierKey={gold.key}") == ["m-2"]
    assert names(api, f"loyaltyProgramId={gold.program_id}") == ["m-2", "m-3"]
    assert names(api, f"loyaltyProgramId={gold.program_id}&loyaltyTierId={gold.pk}") == ["m-2"]
    assert names(api, f"loyaltyProgramId={house.program.pk}&loyaltyTierId={gold.pk}") == []
    assert names(api, f"loyaltyProgramId={gold.program_id}&loyaltyTierKey={base.key}") == []
    assert names(api, f"loyaltyTierId={gold.pk}&loyaltyTierKey={base.key}") == []
    assert names(api, "loyaltyTierKey=nope") == names(api, "loyaltyTierId=987654321") == []


def test_the_effective_tier_counts_not_the_one_reached(api: Api, people: dict[str, Member], gold: LoyaltyTier) -> None:
    Enrollment.objects.filter(program=gold.program, member=people["m-3"]).update(system_tier=gold, manual_tier=gold)
    assert names(api, f"loyaltyTierId={gold.pk}") == ["m-2"]


def test_a_neighbors_tier_finds_nobody(api: Api, people: dict[str, Member], neighbor: House, charlie: Member) -> None:
    theirs = LoyaltyTier.objects.get(program=neighbor.program)
    assert names(api, f"loyaltyTierId={theirs.pk}") == names(api, f"loyaltyProgramId={neighbor.program.pk}") == []


def test_a_member_in_two_programs_is_found_once(api: Api, people: dict[str, Member], gold: LoyaltyTier) -> None:
    Enrollment.objects.filter(effective_tier__isnull=False).update(effective_tier=gold)
    page = api.get(f"search/members?loyaltyTierId={gold.pk}").body
    assert page["totalCount"] == 3
    assert [row["loyaltyMemberId"] for row in page["results"]] == ["m-1", "m-2", "m-3"]


def test_a_type_is_matched_exactly(api: Api, people: dict[str, Member]) -> None:
    assert names(api, "memberType=vip") == ["m-1", "m-3"]
    assert names(api, "memberType=VIP") == names(api, "memberType=vi") == []


def test_the_range_of_creation_is_half_open(api: Api, people: dict[str, Member]) -> None:
    minute = "2030-03-15T12:0{}:00Z".format
    assert names(api, f"sinceFrom={minute(1)}&sinceTo={minute(2)}") == ["m-2"]
    assert names(api, f"sinceFrom={minute(2)}") == ["m-3"]
    assert names(api, f"sinceTo={minute(0)}") == []
    assert names(api, f"sinceTo={quote('2030-03-15T14:01:00+02:00')}") == ["m-1"]


def test_filters_narrow_together_and_pages_are_of_what_is_left(
    api: Api, people: dict[str, Member], gold: LoyaltyTier
) -> None:
    assert names(api, f"query=baker&memberType=vip&loyaltyProgramId={gold.program_id}") == ["m-3"]
    assert names(api, "query=baker&order=createdAt,desc") == ["m-3", "m-2"]
    page = api.get("search/members?query=anna&order=memberId,desc&limit=1&page=1").body
    assert {name: page[name] for name in ("totalCount", "page", "limit")} == {"totalCount": 2, "page": 1, "limit": 1}
    assert [row["loyaltyMemberId"] for row in page["results"]] == ["m-1"]
