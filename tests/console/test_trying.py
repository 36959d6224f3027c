"""Campaigns tried out on a member: every decision is shown, and not one row changes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from campaigns.models import Campaign
from members.models import Member
from tests import factories
from tests.campaigns.plays import GENERIC, add_action, happen, make_campaign, minting
from tests.campaigns.shop import item, order, point_for_each
from tests.coupons.books import make_book
from tests.house import House
from tests.staff import Person, refusals, staff_of
from tests.walk import every_row

TRY = "campaigns/campaign/do/try/"


def on(campaign: Campaign) -> str:
    return f"campaigns/campaign/{campaign.pk}/do/try/"


def tried(person: Person, path: str = TRY, **said: Any) -> Any:
    """The page with the outcome; it must not have changed a row, and leaves nothing to be told."""
    before = every_row()
    answer = person.act(path, confirmed=False, **{"member": "alice", **said})
    assert every_row() == before
    return answer


def says(answer: Any) -> str:
    assert answer.context.get("preview"), answer.context["act"].errors
    return re.sub(r"<[^>]+>", "", str(answer.context["preview"].says))


def lines(answer: Any, panel: int = 0) -> list[tuple[str, ...]]:
    rows = answer.context["preview"].panels[panel].rows
    return [tuple(re.sub(r"<[^>]+>", "", str(cell)) for cell in row) for row in rows]


def test_every_decision_about_an_order_is_shown_and_nothing_is_written(
    house: House, alice: Member, administrator: Person
) -> None:
    gives = point_for_each(house, name="A point each")
    add_action(gives, minting(5), name="Beans only", rules={"expression": 'order.items.exists(i, i.sku == "beans")'})
    make_campaign(house, minting(1), name="Large orders", event_type=gives.event_type, min_spend=100)
    make_campaign(house, minting(1), name="On a whim", event_type=GENERIC)
    answer = tried(administrator, items="tea, 2, 20.50\ncup, 1, 4.50")
    assert says(answer) == f"{alice} would get 25 Points."
    assert [(row[0], row[1], row[3], row[4]) for row in lines(answer)] == [
        ("A point each", "–", "applies", "–"),
        ("A point each", "Give", "done", "25 Points"),
        ("A point each", "Beans only", "does not hold", "–"),
        ("Large orders", "–", "does not apply", "–"),
    ]
    assert lines(answer)[3][5] == "The least to spend does not fit. What does: what happened."
    assert lines(answer, 1) == [("On a whim", "It waits for something else.")]
    assert house.balance(alice) == (0, 0, 0)


def test_a_campaign_that_is_paused_is_tried_as_if_it_were_active_with_its_drafts(
    house: House, alice: Member, administrator: Person
) -> None:
    campaign = make_campaign(house, minting(7), action={"status": "draft"}, active=False)
    other = make_campaign(house, minting(100), active=False)
    answer = tried(administrator, on(campaign), what="event", event_type=GENERIC)
    assert says(answer) == f"{alice} would get 7 Points."
    assert other.name not in answer.content.decode()
    assert says(tried(administrator, what="event", event_type=GENERIC)) == f"{alice} would get nothing."
    happen(house, alice)
    assert house.balance(alice) == (0, 0, 0), "what was tried did not stay in memory"


def test_all_kinds_of_effects_and_the_events_they_bring_about_are_tried(
    house: House, alice: Member, administrator: Person, django_capture_on_commit_callbacks: Any
) -> None:
    book = make_book(house)
    effects = (
        {"type": "assign-coupon", "params": {"couponBookKey": book.key}},
        {"type": "set-tier", "params": {"loyaltyTierKey": "base"}},
        {"type": "mint-badge", "params": {"badge": "bean"}},
        {"type": "track-event", "params": {"eventType": GENERIC}},
    )
    make_campaign(house, *effects, event_type="benefit-used")
    make_campaign(house, minting(3), name="After it")
    with django_capture_on_commit_callbacks() as told:
        answer = tried(administrator, what="event", event_type="benefit-used")
    assert told == []
    assert says(answer) == f"{alice} would get 3 Points and 4 other things."
    assert [panel.title for panel in answer.context["preview"].panels] == [
        "Benefit used: what campaigns make of it",
        "Something happened: what campaigns make of it",
    ]
    assert lines(answer, 1)[1][4] == "3 Points"


def test_an_order_is_tried_like_one_there_is_and_at_another_time(
    noon: Any, house: House, alice: Member, bob: Member, administrator: Person
) -> None:
    order(house, bob, 30, external_id="till-1", discounted_total=20, items=[item("beans", 30)])
    point_for_each(house, days_of_week=["tuesday"])
    assert says(tried(administrator, like="till-1")) == f"{alice} would get nothing."
    later = tried(administrator, like="till-1", happened="2030-03-19T10:00")
    assert says(later) == f"{alice} would get 20 Points."
    earlier = tried(administrator, like="till-1", total="8", happened="2030-03-12T10:00")
    assert says(earlier) == f"{alice} would get 8 Points."


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"member": "nobody"}, "member"),
        ({"items": "beans, many"}, "items"),
        ({"items": "beans, NaN"}, "items"),
        ({"items": ", 1"}, "items"),
        ({"like": "nothing"}, "like"),
        ({"total": "-1"}, "total"),
        ({"what": "event", "event_type": "never"}, "event_type"),
        ({"what": "event", "event_type": GENERIC, "payload": "[]"}, "payload"),
        ({"what": "event", "event_type": GENERIC, "payload": '{"a": "\\u0000"}'}, "payload"),
        ({"member": "bob"}, "__all__"),
    ],
)
def test_what_cannot_be_tried_is_refused_beside_its_field(
    house: House, alice: Member, administrator: Person, said: dict[str, Any], field: str
) -> None:
    factories.MemberFactory(organization=house.organization, loyalty_member_id="bob", active=False)
    assert list(refusals(tried(administrator, **said))) == [field]


def test_trying_is_never_done_in_earnest(house: House, alice: Member, administrator: Person) -> None:
    point_for_each(house)
    before = every_row()
    answer = administrator.act(TRY, confirmed=True, member="alice", total="10")
    assert "it only tries" in refusals(answer)["__all__"][0]
    assert every_row() == before


def test_trying_takes_the_roles_for_what_it_shows(house: House, alice: Member) -> None:
    campaign = make_campaign(house, minting(1))
    roles = ("campaigns:write", "members:read", "ledgers:read", "orders:read")
    assert staff_of(house.organization, *roles).get(on(campaign)).status_code == 200
    for missing in roles:
        left = staff_of(house.organization, *(role for role in roles if role != missing))
        assert left.get(on(campaign)).status_code in (403, 404), missing
        assert left.get(TRY).status_code == 403, missing


def test_what_fails_while_trying_is_shown_as_it_would_fail(house: House, alice: Member, administrator: Person) -> None:
    make_campaign(house, minting(1), {"type": "burn-points", "params": {"amount": 5}}, name="Too much")
    answer = tried(administrator, what="event", event_type=GENERIC)
    assert [row[3] for row in lines(answer)] == ["applies", "failed", "failed"]
    assert says(answer) == f"{alice} would get nothing."
