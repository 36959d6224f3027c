"""Event triggers over the core API: what they take and answer, and the secret that nobody reads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from campaigns.models import Delivery, EventTrigger
from loyalty.kernel.models import AuditEntry
from members.models import Member
from tests.house import NOON, NOON_TEXT, Api, House
from tests.walk import every_row

SECRET = "a secret of the receiver"
SETTINGS = {"url": "https://example.com/hooks", "headers": {"X-Shop": "7"}, "eventTypes": ["member-created"]}


def body(**settings: Any) -> dict[str, Any]:
    return {"type": "WebHook", "name": "Shop", "settings": {**SETTINGS, **settings}}


def test_a_trigger_answers_everything_but_its_secret(noon: Any, house: House, api: Api) -> None:
    made = api.post("event-triggers", body(secret=SECRET))
    trigger = EventTrigger.objects.get()
    assert (made.status_code, trigger.secret) == (201, SECRET)
    wanted = {
        "triggerId": trigger.pk,
        "organizationId": house.id,
        "type": "WebHook",
        "name": "Shop",
        "active": True,
        "settings": SETTINGS,
        "createdAt": NOON_TEXT,
        "updatedAt": NOON_TEXT,
    }
    assert made.body == {"trigger": wanted}
    assert api.get(f"event-triggers/{trigger.pk}").body == {"trigger": wanted}
    assert api.get("event-triggers").body["results"] == [wanted]
    assert SECRET not in str(AuditEntry.objects.values())


def test_without_a_secret_one_is_made_and_without_headers_and_types_there_are_none(house: House, api: Api) -> None:
    made = api.post("event-triggers", {**body(), "settings": {"url": "https://example.com"}, "active": False})
    assert made.body["trigger"]["settings"] == {"url": "https://example.com", "headers": {}, "eventTypes": []}
    trigger = EventTrigger.objects.get()
    assert (len(trigger.secret) > 40, trigger.active) == (True, False)


def test_an_update_keeps_the_secret_that_is_not_sent_and_lets_the_old_one_work_on(
    noon: Any, house: House, api: Api
) -> None:
    path = f"event-triggers/{api.post('event-triggers', body(secret=SECRET)).body['trigger']['triggerId']}"
    changed = api.put(path, {**body(url="https://example.com/other"), "name": "Till"})
    assert changed.body["trigger"]["settings"]["url"] == "https://example.com/other"
    assert EventTrigger.objects.get().secrets_at(NOON) == [SECRET]
    assert api.put(path, body(secret="another of the receiver")).status_code == 200
    trigger = EventTrigger.objects.get()
    assert trigger.secrets_at(NOON + timedelta(hours=23)) == ["another of the receiver", SECRET]
    assert trigger.secrets_at(NOON + timedelta(hours=24)) == ["another of the receiver"]
    told = AuditEntry.objects.filter(action="webhook.updated").latest("pk").after
    assert set(told) == {"name", "url", "previous_secret_until"}


def test_the_same_update_again_changes_nothing(house: House, api: Api) -> None:
    path = f"event-triggers/{api.post('event-triggers', body(secret=SECRET)).body['trigger']['triggerId']}"
    before = every_row()
    assert api.put(path, body(secret=SECRET)).status_code == 200
    assert every_row() == before


def test_turned_off_it_drops_what_waits(house: House, alice: Member, api: Api) -> None:
    path = f"event-triggers/{api.post('event-triggers', body(eventTypes=[])).body['trigger']['triggerId']}"
    house.give(alice, 1)
    assert api.put(path, {**body(eventTypes=[]), "active": False}).body["trigger"]["active"] is False
    assert Delivery.objects.get().state == Delivery.State.DROPPED
    house.give(alice, 1)
    assert Delivery.objects.count() == 1


def test_a_list_is_narrowed(house: House, api: Api) -> None:
    for name, active in (("One", True), ("Two", False)):
        api.post("event-triggers", {**body(), "name": name, "active": active})
    names = {
        query: [row["name"] for row in api.get(f"event-triggers?{query}").body["results"]]
        for query in ("active=true", "active=false", "name=Two", "name=two", "type=WebHook", "order=name,desc")
    }
    assert names == {
        "active=true": ["One"],
        "active=false": ["Two"],
        "name=Two": ["Two"],
        "name=two": [],
        "type=WebHook": ["One", "Two"],
        "order=name,desc": ["Two", "One"],
    }
    assert api.get("event-triggers?type=Mail").status_code == 400


WRONG: list[dict[str, Any]] = [
    {"url": "http://example.com/"},
    {"url": "https://127.0.0.1/"},
    {"url": "https://user:word@example.com/"},
    {"url": None},
    {"url": 5},
    {"secret": "short"},
    {"secret": "with a\nline break in it"},
    {"secret": 5},
    {"secret": ""},
    {"eventTypes": ["member-exploded"]},
    {"eventTypes": "member-created"},
    {"eventTypes": [5]},
    {"headers": []},
    {"headers": {"X-Shop": 7}},
    {"headers": {"X-Shop": "a\r\nX-Evil: b"}},
    {"headers": {"X Shop": "a"}},
    {"headers": {"X-Shop": ""}},
    {"headers": {"": "a"}},
    {"headers": {"X-Shop": "ä"}},
    {"headers": {"Host": "example.org"}},
    {"headers": {"x-signature": "0"}},
    {"headers": {"Transfer-Encoding": "chunked"}},
    {"headers": {"A": "1", "a": "2"}},
    {"headers": {f"X-{number}": "1" for number in range(21)}},
]


def test_settings_that_cannot_be_are_refused_and_nothing_is_written(house: House, api: Api) -> None:
    path = f"event-triggers/{api.post('event-triggers', body()).body['trigger']['triggerId']}"
    before = every_row()
    for settings in WRONG:
        for method, where in (("POST", "event-triggers"), ("PUT", path)):
            answer = api.send(method, where, body(**settings))
            assert (answer.status_code, answer.body["code"]) == (400, "INVALID_INPUT"), (settings, answer.body)
    assert every_row() == before


@pytest.mark.parametrize("settings", [{}, {"secret": SECRET}, {"secret": None}, {"unknown": 1}])
def test_an_address_there_has_to_be(house: House, api: Api, settings: dict[str, Any]) -> None:
    answer = api.post("event-triggers", {**body(), "settings": settings})
    assert answer.status_code == 400
    assert EventTrigger.objects.count() == 0
