"""An event is done once, whatever breaks (semantics 7.3), and costs the same whatever came before (9.2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

from campaigns.models import Delivery
from campaigns.selectors import playbook
from campaigns.services import evaluate_waiting, evaluating, running
from loyalty.kernel import clock
from loyalty.kernel.models import Job
from loyalty.kernel.services.runner import run_one_job
from members.models import LoyaltyEvent, Member
from tests.campaigns.plays import GENERIC, add_action, change, happen, make_campaign, minting, results, track
from tests.campaigns.receivers import trigger_for
from tests.databases import round_trips
from tests.history import spend_a_past
from tests.house import Api, House

# A Friday.


def killed(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """Have the process die where this is called."""

    def die(*args: Any, **words: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(module, name, die)


@pytest.mark.parametrize("where", ["_claim", "_save"])
@pytest.mark.parametrize("by", ["caller", "sweep"])
def test_7_3_an_event_killed_in_the_middle_is_done_once(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch, where: str, by: str
) -> None:
    make_campaign(house, minting(10))
    with monkeypatch.context() as dying:
        killed(dying, evaluating, where)
        with pytest.raises(SystemExit):
            happen(house, alice, unique_key="once")
    stored = LoyaltyEvent.objects.get(unique_key="once")
    assert (stored.status, house.balance(alice)) == ("pending", (0, 0, 0))
    if by == "sweep":
        assert evaluate_waiting(at=clock.now()) == 0
        assert evaluate_waiting(at=clock.now() + timedelta(minutes=2)) == 1
    for _ in range(2):
        event = happen(house, alice, unique_key="once")
        assert (event.pk, results(event), event.status) == (stored.pk, ["applied"], "success")
    assert house.balance(alice) == (10, 0, 0)
    assert evaluate_waiting(at=clock.now() + timedelta(minutes=2)) == 0


def test_7_3_only_what_failed_is_tried_again(house: House, alice: Member) -> None:
    make_campaign(house, minting(10))
    late = make_campaign(house, {"type": "burn-points", "params": {"amount": 50}}, action={"abort_on_error": True})
    add_action(late, minting(1))
    event = happen(house, alice)
    assert results(event) == ["applied", "failed", "aborted"]
    assert Job.objects.get().kind == evaluating.RETRY
    job = run_one_job(worker="w")
    assert job is not None
    assert (job.state, house.balance(alice)) == ("waiting", (10, 0, 0))
    house.give(alice, 100)
    with time_machine.travel(clock.now() + timedelta(hours=1)):
        job = run_one_job(worker="w")
    assert job is not None
    assert job.state == "done"
    event.refresh_from_db()
    assert (event.status, results(event)) == ("success", ["applied", "applied", "applied"])
    assert house.balance(alice) == (61, 0, 0)
    assert house.findings() == []


def test_7_3_whatever_breaks_an_answer_is_given_and_the_event_is_tried_again(
    house: House, api: Api, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_campaign(house, minting(10))
    with monkeypatch.context() as breaking:
        breaking.setattr(running, "ask", lambda *args: 1 / 0)
        answer = api.post("loyalty-events", track(api, alice))
    assert (answer.status_code, answer.body["effects"]) == (201, [])
    assert LoyaltyEvent.objects.get(event_type=GENERIC).status == "failed"
    job = run_one_job(worker="w")
    assert job is not None
    assert (job.state, house.balance(alice)) == ("done", (10, 0, 0))


# --- costs -----------------------------------------------------------------------------------------------------------
def test_9_2_an_event_costs_the_same_whatever_the_members_history(house: House, alice: Member) -> None:
    for amount in (1, 2, 3):
        make_campaign(house, minting(amount), monthly_limit=10_000)
    for _ in range(47):
        make_campaign(house, minting(), event_type="member-created")

    def cost() -> int:
        with round_trips() as asked:
            happen(house, alice)
        return len(asked)

    for _ in range(9):
        happen(house, alice)
    young = cost()
    spend_a_past(house, alice, 300, at=clock.now() - timedelta(days=30))
    for _ in range(50):
        happen(house, alice)
    assert cost() == young
    # The embedded ledger asks for each thing by itself.
    assert young <= (24 if connection.vendor == "postgresql" else 30)


def test_9_2_an_event_that_matches_nothing_costs_few_round_trips(house: House, alice: Member) -> None:
    make_campaign(house, minting(), min_spend=5)
    happen(house, alice)
    with round_trips() as asked:
        assert results(happen(house, alice)) == ["not-matched"]
    assert len(asked) <= 8


@pytest.mark.django_db(transaction=True)
def test_9_2_an_event_that_nobody_waits_for_is_one_read_and_one_write(house: House, alice: Member) -> None:
    make_campaign(house, minting(), event_type="member-created")
    happen(house, alice)
    with round_trips() as asked:
        event = happen(house, alice)
    assert len(asked) == 2
    assert (event.status, event.execution_results) == ("success", [])
    assert happen(house, alice, unique_key=event.unique_key).pk == event.pk


def test_5_1_an_event_that_nobody_waits_for_is_told_to_whom_listens(house: House, alice: Member) -> None:
    trigger = trigger_for(house, "https://shop.example/hook", event_types=[GENERIC])
    event = happen(house, alice)
    assert [(one.trigger_id, one.event_id) for one in Delivery.objects.all()] == [(trigger.pk, event.pk)]


def test_9_2_campaigns_are_compiled_once_until_one_changes(
    house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_campaign(house, minting(1))
    happen(house, alice)
    monkeypatch.setattr(playbook, "_plays", lambda *args: pytest.fail("compiled again"))
    happen(house, alice)
    monkeypatch.undo()
    change(campaign, active=False)
    assert happen(house, alice).execution_results == []
