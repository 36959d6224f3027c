"""The list of members: every filter, order and page (semantics 0.6, 5.6)."""

from __future__ import annotations

from urllib.parse import quote

import pytest
import time_machine

from members.models import Member
from tests import factories
from tests.house import Api, House


@pytest.fixture
def people(noon: time_machine.Coordinates, house: House) -> dict[str, Member]:
    """Four members, a minute after each other."""
    profiles = {
        "dora": {"email": "Dora@Example.com"},
        "anna": {"email": "anna@example.com", "emails": ["dora@example.com", "a@x.org"]},
        "carl": {"emails": ["carl@example.com"]},
        "bert": {},
    }
    made = {}
    for name, profile in profiles.items():
        made[name] = factories.MemberFactory(organization=house.organization, loyalty_member_id=name, profile=profile)
        noon.shift(60)
    return made


def names(api: Api, query: str = "") -> list[str]:
    return [member["loyaltyMemberId"] for member in api.get(f"members?{query}").body["results"]]


def test_members_are_listed_oldest_first(api: Api, people: dict[str, Member]) -> None:
    assert names(api) == ["dora", "anna", "carl", "bert"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("memberId,desc", ["bert", "carl", "anna", "dora"]),
        ("loyaltyMemberId", ["anna", "bert", "carl", "dora"]),
        ("loyaltyMemberId,desc", ["dora", "carl", "bert", "anna"]),
        ("createdAt", ["dora", "anna", "carl", "bert"]),
        ("createdAt,DESC", ["bert", "carl", "anna", "dora"]),
    ],
)
def test_members_can_be_ordered(api: Api, people: dict[str, Member], order: str, expected: list[str]) -> None:
    assert names(api, f"order={order}") == expected
    assert names(api, f"order={order}&limit=3&page=1") == expected[3:]


def test_an_email_is_any_of_theirs_whatever_its_case(api: Api, people: dict[str, Member], neighbor: House) -> None:
    factories.MemberFactory(organization=neighbor.organization, profile={"email": "dora@example.com"})
    assert names(api, "email=dora@example.com") == ["dora", "anna"]
    assert names(api, "email=CARL@EXAMPLE.COM") == ["carl"]
    assert names(api, "email=example.com") == []
    page = api.get("members?email=dora@example.com&limit=1&page=1").body
    assert (page["totalCount"], [row["loyaltyMemberId"] for row in page["results"]]) == (2, ["anna"])


def test_an_own_id_is_matched_exactly(api: Api, people: dict[str, Member]) -> None:
    assert names(api, "loyaltyMemberId=anna") == ["anna"]
    assert names(api, "loyaltyMemberId=Anna") == names(api, "loyaltyMemberId=ann") == []


def test_a_wallet_has_one_member(api: Api, people: dict[str, Member], charlie: Member) -> None:
    assert names(api, f"walletId={people['carl'].wallet_id}") == ["carl"]
    assert names(api, f"walletId={charlie.wallet_id}") == []


def test_the_range_of_creation_is_inclusive(api: Api, people: dict[str, Member]) -> None:
    minute = "2030-03-15T12:0{}:00Z".format
    assert names(api, f"fromCreatedAt={minute(1)}&toCreatedAt={minute(2)}") == ["anna", "carl"]
    assert names(api, f"fromCreatedAt={minute(3)}") == ["bert"]
    assert names(api, f"toCreatedAt={minute(0)}") == ["dora"]
    assert names(api, f"fromCreatedAt={quote('2030-03-15T14:03:00+02:00')}") == ["bert"]


def test_filters_narrow_together(api: Api, people: dict[str, Member]) -> None:
    assert names(api, "email=dora@example.com&fromCreatedAt=2030-03-15T12:01:00Z") == ["anna"]
    assert names(api, "email=dora@example.com&loyaltyMemberId=carl") == []


def test_the_envelope_tells_the_page(api: Api, people: dict[str, Member]) -> None:
    page = api.get("members?page=1&limit=3").body
    assert {name: page[name] for name in ("totalCount", "page", "limit")} == {"totalCount": 4, "page": 1, "limit": 3}
    assert [row["loyaltyMemberId"] for row in page["results"]] == ["bert"]
