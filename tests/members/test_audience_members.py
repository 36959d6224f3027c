"""Who belongs to an audience: one by one and all at once are the same members, and counting them is cheap."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.celery import app
from loyalty.kernel import clock
from members import tasks
from members.models import Audience, Enrollment, LoyaltyTier, Member
from members.selectors import audiences as reads
from members.selectors import belongs, list_members, member_document, members_by_rule, members_of
from members.services import create_audience, create_program, create_tier, refresh_audience, refresh_due_audiences
from members.services import update_audience as update
from tests import factories
from tests.databases import round_trips
from tests.house import NOON, TESTER, House

PROFILES: tuple[dict[str, Any], ...] = (
    {},
    {"name": "Ada", "age": 40},
    {"name": "ada", "age": "40"},
    {"name": None, "age": 39.5},
    {"name": "Ø", "tags": ["vip", 1]},
    {"tags": [], "address": {"city": "Oslo"}},
    {"tags": {"vip": True}, "address": {"city": None}},
    {"address": "Oslo", "age": True},
    {"address": {"city": "Oslo", "floor": 3}, "age": -1},
)


@pytest.fixture
def crowd(house: House) -> list[Member]:
    """Members of every kind, in no, one or two programs, at every tier."""
    silver = create_tier(
        program=house.program, name="Silver", min_required_points=9, tier_order=2, actor=TESTER, at=NOON
    )
    second = create_program(organization_id=house.id, name="Second", ledger_id=house.ledger.pk, actor=TESTER, at=NOON)
    base = LoyaltyTier.objects.get(program=house.program, is_default=True)
    for place in range(27):
        member = factories.MemberFactory(
            organization=house.organization,
            loyalty_member_id=f"m{place}",
            public_loyalty_member_id=f"P{place}" if place % 2 else None,
            member_type=("", "shop", "Shop")[place % 3],
            active=place % 5 != 0,
            profile=PROFILES[place % 9],
            custom_attributes=PROFILES[(place // 3) % 9],
        )
        Member.objects.filter(pk=member.pk).update(created_at=NOON - timedelta(days=place))
        place_in = Enrollment.objects.filter(member=member)
        if place % 4 == 0:
            place_in.delete()
        elif place % 4 == 1:
            place_in.update(effective_tier=silver, manual_tier=silver, manual_expires_at=NOON + timedelta(days=place))
        elif place % 4 == 2:
            Enrollment.objects.create(member=member, program=second, created_at=NOON)
            place_in.filter(program=house.program).update(system_tier=base)
    factories.MemberFactory(profile=PROFILES[1])
    return list(list_members(house.id).order_by("pk"))


CONSTANTS = st.sampled_from(
    [
        *[
            "null",
            "true",
            "0",
            "3",
            '"base"',
            "40",
            "39.5",
            "-1",
            '""',
            '"Ada"',
            '"Oslo"',
            '"shop"',
            '"m3"',
            '"vip"',
            '"silver"',
        ],
        *["100000000000000000000", "now", "now + days(5)", "1 / 0", 'timestamp("0001-01-01T00:00:00+14:00")', "[1]"],
    ]
)
PATHS = st.sampled_from(
    [
        *[
            f"member.{name}"
            for name in ("memberId", "loyaltyMemberId", "publicLoyaltyMemberId", "memberType", "active")
        ],
        *[f"member.profile.{name}" for name in ("name", "age", "tags", "address.city", "address.floor", "nothing")],
        *[f"member.customAttributes.{name}" for name in ("name", "age", "tags", "address.city")],
        *["member.createdAt", "member.walletId", "member.referralCode", "member.nothing", "member.onChain.wallets"],
    ]
)
SIGNS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
PLACES = st.sampled_from(["t.loyaltyTierKey", "t.loyaltyTierId", "t.loyaltyManualTierId", "t.expiresAt", "t.nothing"])


def grown(leaves: st.SearchStrategy[str], most: int) -> st.SearchStrategy[str]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds("!({})".format, inner),
            st.builds("({}) && ({})".format, inner, inner),
            st.builds("({}) || ({})".format, inner, inner),
            st.builds("({}) ? ({}) : ({})".format, inner, inner, inner),
        ),
        max_leaves=most,
    )


OF_PLACES = grown(
    st.one_of(
        st.builds("{} {} {}".format, PLACES, SIGNS, CONSTANTS),
        st.builds("{} in [{}, {}]".format, PLACES, CONSTANTS, CONSTANTS),
        st.sampled_from(["true", 't.loyaltyTierKey.startsWith("si")', "member.active"]),
    ),
    3,
)
RULES = grown(
    st.one_of(
        PATHS,
        st.builds("{} {} {}".format, PATHS, SIGNS, CONSTANTS),
        st.builds("{} in [{}, {}]".format, PATHS, CONSTANTS, CONSTANTS),
        st.builds("({}) in {}".format, CONSTANTS, PATHS),
        st.builds("{}.{}({})".format, PATHS, st.sampled_from(["startsWith", "contains"]), CONSTANTS),
        st.builds("member.tiers.{}(t, {})".format, st.sampled_from(["exists", "all"]), OF_PLACES),
        st.sampled_from(["size(member.tiers) == 2", "member.tiers[0].loyaltyTierKey == null", "weekday(now) > 3"]),
    ),
    6,
)


def one_by_one(house: House, crowd: list[Member], text: str) -> list[int]:
    audience = Audience(
        organization=house.organization, matcher_type="attribute-matcher", rule=text, active=True, matcher={}
    )
    return [member.pk for member in crowd if belongs(member_document(member), audience, at=NOON)]


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(RULES)
def test_all_at_once_are_the_members_it_is_one_by_one(house: House, crowd: list[Member], text: str) -> None:
    found = members_by_rule(house.organization, text, at=NOON)
    expected = one_by_one(house, crowd, text)
    assert [member.pk for member in found] == expected
    assert found.count() == len(expected)
    assert found.look(3, most=100) == reads.Glance([m for m in crowd if m.pk in expected][:3], len(expected), True)


@pytest.mark.parametrize(
    "text",
    [
        'member.profile.name == "Ada"',
        "member.memberType != null && member.createdAt > now - days(9)",
        'member.tiers.exists(t, t.loyaltyTierKey == "silver" && t.expiresAt > now + days(5))',
        "!member.tiers.all(t, t.loyaltyTierId != null)",
        "member.active ? member.profile.age > 1 : member.customAttributes.age > 1",
        " || ".join(f'member.profile.name == "{name}"' for name in ("Ada", *range(45))),
        "member.profile.age in [" + ", ".join(map(str, range(480))) + "]",
        " && ".join(["member.profile.age > 1"] * 40),
        "!!!!member.active",
    ],
)
def test_a_count_is_one_query(house: House, crowd: list[Member], text: str) -> None:
    with round_trips() as asked:
        count = members_by_rule(house.organization, text, at=NOON).count()
    # One more for the organization's tiers, where a rule names one by its key.
    assert len(asked) == (2 if "loyaltyTierKey" in text else 1)
    assert count == len(one_by_one(house, crowd, text))


def alternating(leaf: str, *, lean: str) -> str:
    text = leaf
    for place in range(40):
        sign = "&&" if place % 2 else "||"
        text = f"({text}) {sign} {leaf}" if lean == "left" else f"{leaf} {sign} ({text})"
    return text


@pytest.mark.parametrize(
    "text",
    [
        "!" * 40 + "member.active",
        " || ".join(["member.profile.age > 50"] * 45),
        *[
            alternating(leaf, lean=lean)
            for leaf in ("member.active", "member.profile.age > 50")
            for lean in ("left", "right")
        ],
        "member.active ? true : (" * 40 + "member.profile.age > 1" + ")" * 40,
        "member.tiers.exists(t, " + alternating('t.loyaltyTierKey == "silver"', lean="right") + ")",
    ],
    ids=lambda text: text[:30],
)
def test_a_rule_too_long_for_the_database_is_asked_in_memory(house: House, crowd: list[Member], text: str) -> None:
    found = members_by_rule(house.organization, text, at=NOON)
    assert [member.pk for member in found] == one_by_one(house, crowd, text)


def test_what_the_database_cannot_be_asked_is_asked_of_whom_it_leaves(house: House, crowd: list[Member]) -> None:
    text = 'member.memberType == "Shop" && size(member.tiers) == 2 && member.profile.address.city == "Oslo"'
    found = members_by_rule(house.organization, text, at=NOON)
    assert found.rest is not None
    assert 0 < found.rows.count() < len(crowd)
    assert [member.pk for member in found] == one_by_one(house, crowd, text)


def test_members_are_read_a_few_at_a_time(house: House, crowd: list[Member], monkeypatch: Any) -> None:
    monkeypatch.setattr(reads, "CHUNK", 5)
    with transaction.atomic():
        found = iter(members_by_rule(house.organization, "size(member.tiers) >= 0", at=NOON))
        with round_trips() as asked:
            first = [next(found) for _ in range(3)]
        assert [member.pk for member in first] == [member.pk for member in crowd[:3]]
        assert len(asked) <= 3
        assert len([*first, *found]) == len(crowd)


def test_a_look_stops_where_it_is_told(house: House, crowd: list[Member]) -> None:
    for text in ("true", "size(member.tiers) >= 0"):
        glance = members_by_rule(house.organization, text, at=NOON).look(2, most=10)
        assert ([m.pk for m in glance.first], glance.count, glance.is_whole) == ([m.pk for m in crowd[:2]], 10, False)


def test_a_list_names_only_members_of_the_organization(house: House, alice: Member, charlie: Member) -> None:
    both = {"memberIds": [alice.pk, charlie.pk], "loyaltyMemberIds": ["alice", "charlie", "nobody"]}
    audience = make(house, "list-matcher", both)
    assert [member.pk for member in members_of(audience, at=NOON)] == [alice.pk]
    longest = {"memberIds": list(range(1, 10_001)), "loyaltyMemberIds": [f"x{n}" for n in range(10_000)]}
    update(audience=audience, changes={"matcher": longest}, actor=TESTER, at=NOON)
    assert (
        members_of(Audience.objects.get(), at=NOON).count()
        == Member.objects.filter(organization=house.organization, pk__lte=10_000).count()
    )


# --- counts ----------------------------------------------------------------------------------------------------------
def make(house: House, kind: str = "attribute-matcher", matcher: Any = None, **words: Any) -> Audience:
    words = {"organization_id": house.id, "name": "Some", "actor": TESTER, "at": NOON, **words}
    return create_audience(matcher_type=kind, matcher=matcher or {"expression": "member.active"}, **words)


def counted(audience: Audience) -> tuple[int, Any]:
    audience.refresh_from_db()
    return audience.member_count, audience.refreshed_at


@pytest.mark.parametrize(
    ("kind", "matcher", "active", "count"),
    [
        ("attribute-matcher", {"expression": "member.active"}, True, 2),
        ("attribute-matcher", {"expression": "size(member.tiers) == 1"}, True, 2),
        ("attribute-matcher", {"expression": "member.active"}, False, 0),
        ("list-matcher", {"loyaltyMemberIds": ["bob"]}, True, 1),
        ("list-matcher", {"loyaltyMemberIds": ["bob"]}, False, 0),
        ("null-matcher", {}, True, 0),
    ],
)
def test_a_count_is_written_with_its_time(
    house: House, alice: Member, bob: Member, charlie: Member, kind: str, matcher: Any, active: bool, count: int
) -> None:
    audience = make(house, kind, matcher, active=active)
    assert counted(audience) == (0, None)
    assert refresh_audience(audience=audience, at=NOON) == count
    assert counted(audience) == (count, NOON)
    assert audience.updated_at == NOON


def test_a_count_never_replaces_a_later_one(house: House, alice: Member) -> None:
    audience = make(house)
    refresh_audience(audience=audience, at=NOON)
    Audience.objects.update(member_count=7)
    for earlier in (NOON, NOON - timedelta(seconds=1)):
        refresh_audience(audience=audience, at=earlier)
        assert counted(audience) == (7, NOON)
    refresh_audience(audience=audience, at=NOON + timedelta(seconds=1))
    assert counted(audience) == (1, NOON + timedelta(seconds=1))


def test_what_is_due_is_counted_and_nothing_else(house: House, neighbor: House, alice: Member) -> None:
    fresh, changed, old, new = (make(house, name=name) for name in ("fresh", "changed", "old", "new"))
    theirs = make(neighbor)
    at = NOON + timedelta(hours=3)
    Audience.objects.filter(pk__in=[fresh.pk, changed.pk]).update(refreshed_at=at - timedelta(minutes=2))
    Audience.objects.filter(pk=old.pk).update(refreshed_at=at - timedelta(hours=2))
    update(audience=changed, changes={"name": "other"}, actor=TESTER, at=at - timedelta(minutes=1))
    assert refresh_due_audiences(at=at) == 4
    assert [counted(one)[1] == at for one in (fresh, changed, old, new, theirs)] == [False, True, True, True, True]
    assert [counted(one)[0] for one in (changed, old, new, theirs)] == [1, 1, 1, 0]
    assert refresh_due_audiences(at=at) == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("broker", ["hears", "is down"])
def test_saving_by_the_api_asks_for_a_count_after_the_commit(
    house: House, api: Any, alice: Member, monkeypatch: pytest.MonkeyPatch, broker: str
) -> None:
    rung: list[int] = []

    def delay(audience_id: int) -> None:
        assert Audience.objects.filter(pk=audience_id).exists()
        rung.append(audience_id)
        if broker == "is down":
            raise ConnectionError

    monkeypatch.setattr(tasks.refresh_one_audience, "delay", delay)
    said = {"active": True, "organizationId": house.id, "name": "A", "matcherType": "null-matcher"}
    made = api.post("audiences", said)
    assert made.status_code == 201
    changed = api.patch(f"audiences/{made.body['audienceId']}", {"name": "B"})
    assert changed.status_code == 200
    assert rung == [made.body["audienceId"]] * 2


def test_the_worker_counts_and_the_scheduler_comes_by(house: House, alice: Member) -> None:
    audience = make(house)
    tasks.refresh_one_audience(audience.pk)
    assert counted(audience)[0] == 1
    factories.MemberFactory(organization=house.organization)
    Audience.objects.update(refreshed_at=None)
    tasks.refresh_audiences()
    assert counted(audience)[0] == 2
    tasks.refresh_one_audience(987654321)
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} >= {"members.refresh_audiences"}
    assert counted(audience)[1] <= clock.now()


# --- what the database refuses ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "broken",
    [
        lambda row: row.update(key="others"),
        lambda row: row.update(member_count=-1),
        lambda row: row.update(rule=""),
        lambda row: row.update(matcher_type="null-matcher"),
        lambda row: row.update(matcher_type="something"),
    ],
)
def test_the_database_keeps_audiences_whole(house: House, broken: Callable[[Any], Any]) -> None:
    make(house, name="others")
    audience = make(house)
    with pytest.raises(IntegrityError), transaction.atomic():
        broken(Audience.objects.filter(pk=audience.pk))
