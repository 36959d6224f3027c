"""An act happens once for each form, however often and however fast it is sent."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from loyalty.kernel import clock, tasks
from loyalty.kernel.desk import acts
from loyalty.kernel.models import ApiCredential, Operator, SentForm
from tests.databases import in_parallel
from tests.house import House
from tests.staff import Person, staff_of

ADD = "loyalty/apicredential/add/"
PARALLEL = 4


def test_the_same_form_sent_twice_acts_once_and_leads_to_the_same_page(administrator: Person) -> None:
    form = {**administrator.form_of("loyalty/operator/add/"), "username": "nora", "password": "a good long password"}
    first, second = (administrator.post("loyalty/operator/add/", **form) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Operator.objects.filter(username="nora").count() == 1
    said = [str(message) for message in administrator.get(second["Location"]).context["messages"]]
    assert said == ["nora can sign in.", "nora can sign in. It was done before, and not again."]


def test_a_form_that_was_refused_can_be_sent_again(administrator: Person) -> None:
    form = administrator.form_of("loyalty/operator/add/")
    assert administrator.post("loyalty/operator/add/", **form, username="anna").status_code == 200
    assert not SentForm.objects.exists()
    administrator.post("loyalty/operator/add/", **form, username="nora")
    assert Operator.objects.filter(username="nora").exists()


def test_two_people_with_the_same_key_are_two(house: House, administrator: Person) -> None:
    colleague = staff_of(house.organization, is_admin=True)
    for person in (administrator, colleague):
        person.post(ADD, name="Till", scopes=["ledgers:read"], once="the same key")
    assert ApiCredential.objects.count() == 2


@pytest.mark.parametrize("once", ["", "x" * 37, "a\x00"])
def test_a_form_without_a_good_key_does_nothing(administrator: Person, once: str) -> None:
    assert administrator.post(ADD, name="Till", scopes=["ledgers:read"], once=once).status_code == 200
    assert not ApiCredential.objects.exists()


def send_together(person: Person) -> list[Any]:
    form = {"name": "Till", "operator": str(person.operator.pk), "once": str(uuid.uuid4())}
    clients = [Person(person.operator) for _ in range(PARALLEL)]
    answers = in_parallel(*((lambda client=client: client.post(ADD, **form)) for client in clients))
    assert not [answer for answer in answers if isinstance(answer, Exception)], answers
    return answers


@pytest.mark.django_db(transaction=True)
def test_sent_several_times_at_once_it_acts_once(administrator: Person) -> None:
    answers = send_together(administrator)
    assert ApiCredential.objects.count() == 1
    # One saw the secret, the others where it led.
    assert sorted(answer.status_code for answer in answers) == [200] + [302] * (PARALLEL - 1)


@pytest.mark.django_db(transaction=True)
def test_without_the_memory_of_forms_it_would_act_each_time(
    administrator: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above."""
    monkeypatch.setattr(acts, "act_once", lambda *, key, at, act: (*act(), True))
    send_together(administrator)
    assert ApiCredential.objects.count() == PARALLEL


def test_keys_are_forgotten_when_nobody_repeats_any_more(db: None) -> None:
    now = clock.now()
    for age in (0, 6, 8, 30):
        SentForm.objects.create(key=f"console:1:{age}", sent_at=now - timedelta(days=age))
    tasks.forget_old_forms()
    assert set(SentForm.objects.values_list("key", flat=True)) == {"console:1:0", "console:1:6"}


def test_the_sweep_is_on_the_schedule() -> None:
    from loyalty.celery import app

    assert "loyalty.forget_sent_forms" in {entry["task"] for entry in app.conf.beat_schedule.values()}
