"""Webhooks on the console: a secret seen once, a test, what was given up, and sending it again."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.models import Delivery, EventTrigger
from loyalty.kernel import clock
from loyalty.kernel.desk import address_of
from loyalty.kernel.models import AuditEntry
from members.models import Member
from tests.campaigns.receivers import Receiver, deliver_all
from tests.house import House
from tests.staff import Person, refusals
from tests.walk import every_row

ADD = "campaigns/eventtrigger/add/"


def make(person: Person, **fields: Any) -> tuple[EventTrigger, str]:
    page = person.act(ADD, **{"name": "Newsletter", "url": "https://example.com/hooks", **fields})
    assert page.context.get("secrets"), page.context["act"].errors
    assert "no-store" in page["Cache-Control"]
    return EventTrigger.objects.latest("pk"), dict(page.context["secrets"])["Secret"]


def act(trigger: EventTrigger, slug: str) -> str:
    return f"campaigns/eventtrigger/{trigger.pk}/do/{slug}/"


def test_a_webhook_is_made_and_its_secret_seen_once(house: House, administrator: Person) -> None:
    headers = "X-Shop: 7\nAuthorization: Bearer k3y"
    trigger, secret = make(administrator, event_types=["member-created"], headers=headers)
    assert (trigger.secret, trigger.event_types) == (secret, ["member-created"])
    assert trigger.headers == {"X-Shop": "7", "Authorization": "Bearer k3y"}
    for address in (address_of(trigger), "campaigns/eventtrigger/", *map(address_of, AuditEntry.objects.all())):
        page = administrator.get(address).content.decode()
        assert secret not in page
        assert "k3y" not in page


def test_what_is_saved_is_what_is_read_and_the_same_again_is_no_change(house: House, administrator: Person) -> None:
    trigger, _ = make(administrator, headers="X-Shop: 7", event_types=["member-created"])
    before = EventTrigger.objects.values().get()
    administrator.act(act(trigger, "edit"))
    assert EventTrigger.objects.values().get() == before
    administrator.act(act(trigger, "edit"), name="Shop", active=None)
    trigger.refresh_from_db()
    assert (trigger.name, trigger.active, trigger.headers) == ("Shop", False, {"X-Shop": "7"})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "http://example.com/"),
        ("url", "https://10.0.0.1/"),
        ("headers", "no colon"),
        ("headers", "A: 1\nA: 2"),
        ("headers", "Host: example.org"),
        ("event_types", "member-exploded"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(house: House, administrator: Person, field: str, value: str) -> None:
    form = {"name": "Newsletter", "url": "https://example.com/hooks", field: value}
    before = every_row()
    assert list(refusals(administrator.act(ADD, **form))) == [field]
    assert every_row() == before


def test_a_rotation_shows_the_new_secret_and_keeps_the_old_one_for_a_while(house: House, administrator: Person) -> None:
    trigger, old = make(administrator)
    page = administrator.act(act(trigger, "rotate"), overlap_hours=2, reason="A laptop was lost.")
    new = dict(page.context["secrets"])["Secret"]
    trigger.refresh_from_db()
    assert trigger.secrets_at(clock.now()) == [new, old]
    assert new not in administrator.get(address_of(trigger)).content.decode()
    assert AuditEntry.objects.get(action="webhook.rotated").reason == "A laptop was lost."


def test_a_test_leads_to_its_delivery_and_says_what_was_answered(
    house: House, administrator: Person, receiver: Receiver
) -> None:
    trigger, _ = make(administrator, url=receiver.url)
    receiver.behave = lambda handler: handler.say(404, "Nobody <b>here</b>")
    address = administrator.act(act(trigger, "test"))["Location"]
    deliver_all(trigger)
    page = administrator.get(address).content.decode()
    assert "Nobody &lt;b&gt;here&lt;/b&gt;" in page
    assert (len(receiver.got), Delivery.objects.get().state) == (1, "failed")
    assert "given up" not in administrator.get("").content.decode()


def test_what_was_given_up_is_said_at_home_and_sent_again_one_or_all(
    house: House, alice: Member, administrator: Person, receiver: Receiver
) -> None:
    trigger, _ = make(administrator, url=receiver.url)
    for _ in range(3):
        house.give(alice, 1)
    Delivery.objects.update(state="failed", tries_left=0, ended_at=clock.now())
    concerns = {str(one.says): one for one in administrator.get("").context["home"].concerns}
    concern = concerns["3 webhook deliveries were given up"]
    assert administrator.get(concern.address).context["cl"].result_count == 3
    one = Delivery.objects.latest("pk")
    replay = f"campaigns/delivery/{one.pk}/do/replay/"
    form = {**administrator.form_of(replay), "confirmed": "1", "reason": "They are back."}
    assert administrator.post(replay, **form)["Location"] == address_of(one)
    assert administrator.post(replay, **form).status_code == 403, "it is on its way already"
    assert Delivery.objects.filter(state="waiting").count() == 1
    administrator.act(act(trigger, "replay"), reason="All of it.")
    deliver_all(trigger)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    assert len(receiver.got) == 3
    assert administrator.get(act(trigger, "replay")).status_code == 403
    assert administrator.get(replay).status_code == 403


def test_a_list_of_deliveries_is_narrowed_to_one_webhook(house: House, alice: Member, administrator: Person) -> None:
    first, _ = make(administrator)
    make(administrator, name="Other")
    house.give(alice, 1)
    assert administrator.get("campaigns/delivery/").context["cl"].result_count == 2
    assert administrator.get(f"campaigns/delivery/?trigger={first.pk}").context["cl"].result_count == 1
    for odd in ("x", "9" * 30, "-1"):
        assert administrator.get(f"campaigns/delivery/?trigger={odd}").status_code in (200, 302)
