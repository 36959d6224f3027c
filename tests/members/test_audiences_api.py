"""Audiences over the core API (semantics 0.2, 0.10, 0.11, 10.3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from loyalty.kernel.models import AuditEntry
from members.matchers import MOST_LISTED
from members.models import Audience, Member
from tests import factories
from tests.house import NOON_TEXT, Api, House, api_for
from tests.refusals import refuses

RULE = 'member.customAttributes.city == "Oslo"'


@pytest.fixture
def body(house: House) -> dict[str, Any]:
    """The least that must be said of an audience that a rule makes."""
    return {
        "active": True,
        "organizationId": house.id,
        "name": "People of Oslo",
        "matcherType": "attribute-matcher",
        "matcher": {"expression": RULE},
    }


def create(api: Api, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = api.post("audiences", {**body, **more})
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.body
    return made


def test_a_new_audience_answers_every_field_without_a_key_around_them(
    noon: time_machine.Coordinates, house: House, api: Api, body: dict[str, Any]
) -> None:
    said = {
        "description": "By city",
        "segmentKey": "crm-7",
        "memberCount": 99,
        "refreshedAt": "2020-01-01T00:00:00Z",
        "audienceKey": "mine",
    }
    made = create(api, body, **said)
    assert made == {
        "audienceId": Audience.objects.get().pk,
        "audienceKey": "people-of-oslo",
        "organizationId": house.id,
        "active": True,
        "name": "People of Oslo",
        "description": "By city",
        "matcherType": "attribute-matcher",
        "matcher": {"expression": RULE},
        "segmentKey": "crm-7",
        "refreshedAt": None,
        "memberCount": 0,
        "createdAt": NOON_TEXT,
        "updatedAt": NOON_TEXT,
    }
    assert api.get(f"audiences/{made['audienceId']}").body == {"audience": made}
    assert create(api, body)["audienceKey"].startswith("people-of-oslo-")


def test_two_organizations_may_have_one_key(api: Api, body: dict[str, Any], neighbor: House) -> None:
    create(api, body)
    theirs = api_for(neighbor.organization, is_admin=True)
    assert create(theirs, body, organizationId=neighbor.id)["audienceKey"] == "people-of-oslo"


@pytest.mark.parametrize("given", ["neighbor", 987654321])
def test_a_body_names_no_other_organization_than_the_path(
    house: House, api: Api, body: dict[str, Any], neighbor: House, given: Any
) -> None:
    other = neighbor.id if given == "neighbor" else given
    made = create(api, body)
    for method, path in (("POST", "audiences"), ("PATCH", f"audiences/{made['audienceId']}")):
        assert "organizationId" in refuses(api, method, path, {**body, "organizationId": other}, 400, "INVALID_INPUT")


@pytest.mark.parametrize(
    ("matcher", "position"),
    [
        (None, None),
        ({}, None),
        ({"memberIds": [1]}, None),
        ({"expression": 5}, None),
        ({"expression": ""}, 0),
        ({"expression": "member.active &&"}, 16),
        ({"expression": "order.total > 5"}, 0),
        ({"expression": '"text"'}, 0),
        ({"expression": "member.active && 5"}, 17),
        ({"expression": "true", "ast": {"type": "null"}}, None),
        ({"ast": {"type": "eval"}}, None),
        ({"ast": []}, None),
        ({"ast": {"type": "string", "value": "x"}}, 0),
        ({"expression": "!" * 51 + "member.active"}, 0),
    ],
)
def test_a_rule_that_cannot_work_is_refused_with_its_place(
    api: Api, body: dict[str, Any], matcher: Any, position: int | None
) -> None:
    made = create(api, body)
    for method, path in (("POST", "audiences"), ("PATCH", f"audiences/{made['audienceId']}")):
        details = refuses(api, method, path, {**body, "matcher": matcher}, 400, "BAD_MATCHER")
        assert details.get("position") == position
        assert "matcher" in details


@pytest.mark.parametrize(
    "matcher",
    [
        {"memberIds": 5},
        {"memberIds": ["x"]},
        {"memberIds": [0]},
        {"memberIds": [True]},
        {"memberIds": [1.5]},
        {"memberIds": [2**63]},
        {"loyaltyMemberIds": "alice"},
        {"loyaltyMemberIds": [5]},
        {"loyaltyMemberIds": [""]},
        {"loyaltyMemberIds": ["x" * 256]},
        {"memberIds": list(range(1, MOST_LISTED + 2))},
    ],
)
def test_a_list_that_is_none_is_refused(api: Api, body: dict[str, Any], matcher: Any) -> None:
    refuses(api, "POST", "audiences", {**body, "matcherType": "list-matcher", "matcher": matcher}, 400, "BAD_MATCHER")


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("list-matcher", {"memberIds": ["7", 7, 8], "loyaltyMemberIds": ["a", "a"], "x": 1}, "lists"),
        ("list-matcher", {}, {}),
        ("list-matcher", None, {}),
        ("null-matcher", {"expression": "nonsense("}, {}),
        ("attribute-matcher", {"expression": "member.active", "note": "x"}, {"expression": "member.active"}),
        (
            "attribute-matcher",
            {"ast": {"type": "boolean", "value": True, "span": [0, 4], "x": 1}},
            {"ast": {"type": "boolean", "value": True}},
        ),
    ],
)
def test_what_does_not_belong_in_a_matcher_is_left_out(
    api: Api, body: dict[str, Any], kind: str, given: Any, kept: Any
) -> None:
    kept = {"memberIds": [7, 8], "loyaltyMemberIds": ["a"]} if kept == "lists" else kept
    assert create(api, body, matcherType=kind, matcher=given)["matcher"] == kept


def test_a_rule_may_be_given_as_the_deepest_tree(api: Api, body: dict[str, Any]) -> None:
    tree: Any = {"type": "boolean", "value": True}
    for _ in range(49):
        tree = {"type": "not", "operand": tree}
    made = create(api, body, matcher={"ast": tree})
    assert made["matcher"] == {"ast": tree}
    assert Audience.objects.get().rule == "!" * 49 + "true"


def test_an_update_changes_what_it_names_and_null_clears(
    noon: time_machine.Coordinates, api: Api, body: dict[str, Any]
) -> None:
    made = create(api, body, description="d", segmentKey="s")
    path = f"audiences/{made['audienceId']}"
    noon.shift(60)
    assert api.patch(path, {}).body == {"audience": made}
    changed = api.patch(path, {"name": "Renamed", "memberCount": 7, "refreshedAt": None, "unknown": 1}).body["audience"]
    assert changed == {**made, "name": "Renamed", "updatedAt": "2030-03-15T12:01:00Z"}
    cleared = api.patch(path, {"description": None, "segmentKey": None}).body["audience"]
    assert (cleared["description"], cleared["segmentKey"], cleared["matcher"]) == ("", "", made["matcher"])
    assert api.patch(path, {"active": False}).body["audience"]["active"] is False


def test_a_new_type_must_go_with_the_matcher(api: Api, body: dict[str, Any]) -> None:
    path = f"audiences/{create(api, body)['audienceId']}"
    listed = api.patch(path, {"matcherType": "list-matcher"}).body["audience"]
    assert (listed["matcherType"], listed["matcher"]) == ("list-matcher", {})
    refuses(api, "PATCH", path, {"matcherType": "attribute-matcher"}, 400, "BAD_MATCHER")
    rule = {"matcherType": "attribute-matcher", "matcher": {"expression": "member.active"}}
    assert api.patch(path, rule).body["audience"]["matcher"] == {"expression": "member.active"}
    refuses(api, "PATCH", path, {"matcher": None}, 400, "BAD_MATCHER")


def test_every_change_is_in_the_audit_trail(api: Api, body: dict[str, Any]) -> None:
    made = create(api, body)["audienceId"]
    api.patch(f"audiences/{made}", {"name": "Renamed"})
    entries = AuditEntry.objects.filter(target_type="members.audience", target_id=str(made)).order_by("pk")
    assert [(entry.action, entry.before) for entry in entries] == [
        ("audience.created", {}),
        ("audience.updated", {"name": "People of Oslo"}),
    ]


# --- lists -----------------------------------------------------------------------------------------------------------
def listed(api: Api, query: str = "") -> list[str]:
    answer = api.get(f"audiences?{query}")
    assert answer.status_code == 200, answer.content
    return [audience["name"] for audience in answer.body["results"]]


def test_audiences_are_listed_filtered_ordered_and_paged(api: Api, body: dict[str, Any], neighbor: House) -> None:
    create(api, body, name="Oslo", description="people of the north")
    create(api, body, name="Some", matcherType="list-matcher", matcher={})
    create(api, body, name="Nobody", matcherType="null-matcher", matcher={})
    theirs = api_for(neighbor.organization, is_admin=True)
    create(theirs, body, organizationId=neighbor.id, name="Theirs")
    assert listed(api) == ["Oslo", "Some", "Nobody"]
    assert listed(api, "matcherType=list-matcher") == ["Some"]
    assert listed(api, "search=NORTH") == listed(api, "search=slo") == ["Oslo"]
    assert listed(api, "search=o") == ["Oslo", "Some", "Nobody"]
    assert listed(api, "search=%25") == []
    assert listed(api, "order=name") == ["Nobody", "Oslo", "Some"]
    assert listed(api, "order=audienceId,desc&limit=2&page=1") == ["Oslo"]
    page = api.get("audiences?limit=1").body
    assert (page["totalCount"], page["page"], page["limit"]) == (3, 0, 1)
    assert page["results"] == [api.get(f"audiences/{page['results'][0]['audienceId']}").body["audience"]]


# --- who belongs -----------------------------------------------------------------------------------------------------
@pytest.fixture
def ada(house: House) -> Member:
    return factories.MemberFactory(
        organization=house.organization, loyalty_member_id="ada", custom_attributes={"city": "Oslo", "age": 40}
    )


def of_member(api: Api, own_id: str = "ada") -> list[str]:
    answer = api.get(f"loyalty-members/{own_id}/audiences")
    assert answer.status_code == 200, answer.content
    return [audience["name"] for audience in answer.body["audiences"]]


def checks(api: Api, made: dict[str, Any], own_id: str = "ada") -> bool:
    body = api.get(f"loyalty-members/{own_id}/audiences/{made['audienceId']}").body
    assert set(body) == {"match"}
    return bool(body["match"])


def test_a_member_belongs_where_the_rule_or_the_list_says(
    api: Api, body: dict[str, Any], ada: Member, bob: Member
) -> None:
    oslo = create(api, body, name="Oslo")
    number = create(api, body, name="Number", matcherType="list-matcher", matcher={"memberIds": [ada.pk]})
    own = create(api, body, name="Own id", matcherType="list-matcher", matcher={"loyaltyMemberIds": ["ada", "later"]})
    others = create(api, body, name="Others", matcherType="list-matcher", matcher={"loyaltyMemberIds": ["bob"]})
    nobody = create(api, body, name="Nobody", matcherType="null-matcher")
    assert of_member(api) == ["Oslo", "Number", "Own id"]
    assert of_member(api, "bob") == ["Others"]
    assert [checks(api, made) for made in (oslo, number, own, others, nobody)] == [True, True, True, False, False]
    first = api.get("loyalty-members/ada/audiences").body["audiences"][0]
    assert first == api.get(f"audiences/{oslo['audienceId']}").body["audience"]
    theirs = factories.MemberFactory(organization=factories.OrganizationFactory())
    assert api.get(f"loyalty-members/{theirs.loyalty_member_id}/audiences").status_code == 404
    assert api.get("loyalty-members/ada/audiences/987654321").status_code == 404


def test_an_inactive_audience_matches_nobody(api: Api, body: dict[str, Any], ada: Member) -> None:
    made = create(api, body, active=False)
    assert (of_member(api), checks(api, made)) == ([], False)
    matched = api.post("audience-matches", {"audienceIds": [made["audienceId"]], "member": {"memberId": ada.pk}})
    assert matched.body == {"audienceIds": []}


def test_it_is_decided_when_it_is_asked(api: Api, body: dict[str, Any], ada: Member) -> None:
    made = create(api, body)
    api.patch(f"members/{ada.pk}", {"customAttributes": {"city": "Bergen"}})
    assert checks(api, made) is False
    api.patch(f"audiences/{made['audienceId']}", {"matcher": {"expression": RULE.replace("Oslo", "Bergen")}})
    assert checks(api, made) is True


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("member.customAttributes.age >= 40 && member.customAttributes.age < 40.5", True),
        ("member.customAttributes.missing >= 40", False),
        ("!(member.customAttributes.missing >= 40)", True),
        ('member.customAttributes.city > 5 || member.loyaltyMemberId == "ada"', False),
        ("member.memberType == null && member.publicLoyaltyMemberId == null", True),
        ('member.tiers.exists(t, t.loyaltyTierKey == "base")', True),
        ("member.tiers.all(t, t.loyaltyManualTierId == null) && size(member.tiers) == 1", True),
        ("member.createdAt > now - days(1) && member.createdAt <= now", True),
        ("member.createdAt > now", False),
        ("size(member.onChain.wallets) == 0", True),
        ('member.profile.email.endsWith("@example.com") && member.active', True),
        ("weekday(now) == 6 && hour(now) == 1", True),
    ],
)
def test_a_rule_reads_the_members_document(
    noon: time_machine.Coordinates, house: House, api: Api, body: dict[str, Any], ada: Member, rule: str, holds: bool
) -> None:
    # Days and hours are those of the organization: it is Saturday there, one hour after midnight.
    type(house.organization).objects.filter(pk=house.id).update(timezone="Pacific/Auckland")
    made = create(api, body, matcher={"expression": rule})
    assert checks(api, made) is holds
    assert (ada.pk in [member.pk for member in _members(made)]) is holds


def _members(made: dict[str, Any]) -> list[Member]:
    from loyalty.kernel import clock
    from members.selectors import members_of

    return list(members_of(Audience.objects.get(pk=made["audienceId"]), at=clock.now()))


# --- audience-matches ------------------------------------------------------------------------------------------------
def matched(api: Api, ids: list[Any], member: dict[str, Any]) -> list[int]:
    answer = api.post("audience-matches", {"audienceIds": ids, "member": member})
    assert answer.status_code == 200, answer.content
    found: list[int] = answer.body["audienceIds"]
    return found


def test_a_hypothetical_member_is_matched_in_the_order_asked(api: Api, body: dict[str, Any]) -> None:
    oslo = create(api, body)["audienceId"]
    some = create(api, body, matcherType="list-matcher", matcher={"memberIds": [7], "loyaltyMemberIds": ["x"]})[
        "audienceId"
    ]
    active = create(api, body, matcher={"expression": "member.active"})["audienceId"]
    document = {"memberId": 7, "active": True, "customAttributes": {"city": "Oslo"}}
    assert matched(api, [active, str(some), oslo, active], document) == [active, some, oslo]
    assert matched(api, [oslo, some, active], {}) == []
    assert matched(api, [some], {"loyaltyMemberId": "x"}) == [some]
    assert matched(api, [some], {"memberId": "7"}) == [some]
    assert matched(api, [some], {"memberId": True, "loyaltyMemberId": ["x"]}) == []
    assert matched(api, [], document) == []


def test_only_the_document_is_read_of_a_member_that_exists(api: Api, body: dict[str, Any], ada: Member) -> None:
    made = create(api, body)["audienceId"]
    assert matched(api, [made], {"memberId": ada.pk, "loyaltyMemberId": "ada"}) == []
    whole = api.get(f"members/{ada.pk}").body["loyalMember"]
    assert matched(api, [made], whole) == [made]


def test_the_times_of_a_document_are_times(noon: time_machine.Coordinates, api: Api, body: dict[str, Any]) -> None:
    fresh = create(api, body, matcher={"expression": "member.createdAt > now - days(7)"})["audienceId"]
    soon = create(api, body, matcher={"expression": "member.tiers.exists(t, t.expiresAt < now + days(7))"})[
        "audienceId"
    ]
    given = {"createdAt": "2030-03-14T12:00:00Z", "tiers": [{"expiresAt": "2030-03-18T00:00:00"}]}
    assert matched(api, [fresh, soon], given) == [fresh, soon]
    assert matched(api, [fresh, soon], {"createdAt": "2030-01-01T00:00:00+01:00", "tiers": []}) == []
    assert matched(api, [fresh, soon], {"createdAt": "yesterday", "tiers": [5, {"expiresAt": 5}]}) == []
    assert matched(api, [fresh], {"createdAt": "0001-01-01T00:00:00+14:00"}) == []


def test_an_unknown_audience_is_404_whoever_has_it(api: Api, body: dict[str, Any], neighbor: House) -> None:
    mine = create(api, body)["audienceId"]
    theirs = create(api_for(neighbor.organization, is_admin=True), body, organizationId=neighbor.id)["audienceId"]
    for unknown in (theirs, 987654321):
        refuses(api, "POST", "audience-matches", {"audienceIds": [mine, unknown], "member": {}}, 404, "NOT_FOUND")


def test_the_list_of_a_member_has_the_age_of_the_member_in_time(
    noon: time_machine.Coordinates, api: Api, body: dict[str, Any], ada: Member
) -> None:
    made = create(api, body, matcher={"expression": "member.createdAt < now - days(30)"})
    assert checks(api, made) is False
    noon.shift(timedelta(days=31))
    assert checks(api, made) is True
