"""Audiences on the console: made, changed, and looked at while they are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from loyalty.kernel.desk import address_of
from members.models import Audience, Member
from members.services import create_audience
from tests import factories
from tests.browser import Open
from tests.house import NOON, TESTER, House
from tests.staff import Person, refusals
from tests.walk import every_row

RULE = 'member.customAttributes.city == "Oslo"'


def make(house: House, **words: Any) -> Audience:
    words = {"name": "Some", "matcher_type": "attribute-matcher", "matcher": {"expression": RULE}, **words}
    return create_audience(organization_id=house.id, actor=TESTER, at=NOON, **words)


@pytest.fixture
def ada(house: House) -> Member:
    return factories.MemberFactory(
        organization=house.organization,
        loyalty_member_id="ada",
        profile={"name": "Ada", "lastName": "Aas"},
        custom_attributes={"city": "Oslo"},
    )


def look(person: Person, path: str = "members/audience/look/", **said: Any) -> Any:
    return person.post(path, **{"matcher_type": "attribute-matcher", **said})


def test_an_audience_is_made_shown_and_changed(house: House, administrator: Person, ada: Member, bob: Member) -> None:
    said = {"name": "People of Oslo", "matcher_type": "attribute-matcher", "expression": RULE, "active": "on"}
    made = administrator.act("members/audience/add/", **said)
    audience = Audience.objects.get()
    assert (made.status_code, made["Location"]) == (302, address_of(audience))
    assert (audience.key, audience.matcher, audience.active) == ("people-of-oslo", {"expression": RULE}, True)
    page = administrator.get(address_of(audience)).content.decode()
    assert "Members now: 1" in page and "Ada Aas" in page
    administrator.act(
        f"members/audience/{audience.pk}/do/edit/", matcher_type="list-matcher", own_ids="bob\n\nada \n", numbers="7"
    )
    audience.refresh_from_db()
    assert audience.matcher == {"loyaltyMemberIds": ["bob", "ada"], "memberIds": [7]}
    assert (audience.matcher_type, audience.rule) == ("list-matcher", "")


def test_a_tree_stays_a_tree_until_its_text_is_changed(house: House, administrator: Person) -> None:
    audience = make(house, matcher={"ast": {"type": "boolean", "value": True}})
    path = f"members/audience/{audience.pk}/do/edit/"
    assert administrator.form_of(path)["expression"] == "true"
    administrator.act(path, name="Renamed")
    audience.refresh_from_db()
    assert (audience.name, audience.matcher) == ("Renamed", {"ast": {"type": "boolean", "value": True}})


@pytest.mark.parametrize(
    ("said", "field", "text"),
    [
        ({"expression": "member.active &&"}, "expression", "The expression ends too early. (At character 17.)"),
        ({"expression": ""}, "expression", "The expression ends too early. (At character 1.)"),
        ({"matcher_type": "list-matcher", "numbers": "7\nx"}, "numbers", "memberIds holds numbers of members."),
        (
            {"matcher_type": "list-matcher", "own_ids": "y" * 256},
            "own_ids",
            "loyaltyMemberIds holds texts of 1 to 255 characters.",
        ),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    house: House, administrator: Person, said: dict[str, Any], field: str, text: str
) -> None:
    before = every_row()
    filled = {"name": "A", "matcher_type": "attribute-matcher", **said}
    assert refusals(administrator.act("members/audience/add/", **filled)) == {field: [text]}
    assert every_row() == before


def test_a_look_counts_and_shows_some(house: House, administrator: Person, ada: Member, bob: Member) -> None:
    before = every_row()
    assert look(administrator, expression=RULE).json() == {
        "count": "1",
        "members": [{"name": "Ada Aas", "id": "ada", "address": address_of(ada)}],
    }
    assert look(administrator, expression="true").json()["count"] == "2"
    assert look(administrator, matcher_type="list-matcher", own_ids="bob").json()["count"] == "1"
    assert look(administrator, matcher_type="null-matcher").json() == {"count": "0", "members": []}
    assert look(administrator, matcher_type="nonsense").json() == {"count": "0", "members": []}
    assert look(administrator, expression="member.active && 5").json() == {
        "error": "A number is neither true nor false. (At character 18.)",
        "position": 17,
        "field": "expression",
    }
    assert every_row() == before


def test_a_look_is_for_whoever_may_write_audiences_there(
    house: House, neighbor: House, stranger: Person, staff_with: Callable[..., Person], ada: Member
) -> None:
    audience = make(house)
    at = f"members/audience/{audience.pk}/look/"
    assert look(stranger, at, expression="true").status_code == 404
    assert look(stranger, expression=RULE).json()["count"] == "0"
    assert look(staff_with("campaigns:read", "members:write"), expression=RULE).status_code == 403
    # Names are for those who may read members.
    blind = staff_with("campaigns:write")
    assert look(blind, at, expression=RULE).json() == {"count": "1", "members": []}
    assert "Ada Aas" not in blind.get(address_of(audience)).content.decode()
    assert look(staff_with("campaigns:write", "members:read"), at, expression=RULE).json()["members"] != []
    assert blind.get(at).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_whom_a_rule_means_is_seen_while_it_is_written(
    open_page: Open, house: House, administrator: Person, ada: Member, bob: Member
) -> None:
    page = open_page("members/audience/add/", who=administrator)
    panel = page.locator("#rule-look")
    assert not panel.is_visible()
    assert not page.locator("[name=own_ids]").is_visible()
    page.fill("[name=name]", "People of Oslo")
    page.focus("[name=expression]")
    page.keyboard.type('member.customAttributes.city == "Os')
    page.wait_for_selector("[data-refusal]")
    assert page.inner_text("[data-refusal]") == "This text does not end. (At character 33.)"
    assert page.get_attribute("[data-refusal]", "data-refusal") == "32"
    page.keyboard.type('lo"')
    page.wait_for_selector("#rule-look >> text=Ada Aas")
    assert page.inner_text("#rule-look h2") == "Members now: 1"
    assert page.locator("[data-refusal]").count() == 0
    page.keyboard.type(" || true")
    page.wait_for_selector("#rule-look >> text=bob")
    page.select_option("[name=matcher_type]", "list-matcher")
    assert page.locator("[name=own_ids]").is_visible()
    assert not page.locator("[name=expression]").is_visible()
    page.fill("[name=own_ids]", "bob")
    page.wait_for_selector("#rule-look h2:has-text('Members now: 1')")
    page.click("button:has-text('Create')")
    page.wait_for_url("**/change/")
    assert Audience.objects.get().matcher == {"loyaltyMemberIds": ["bob"]}
