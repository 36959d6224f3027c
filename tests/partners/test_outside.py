"""Programs outside, over real HTTP: whatever fails in between, an exchange ends as one credit or as one reversal."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ledger.models import Transaction
from loyalty.kernel import clock
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.models import Job
from loyalty.kernel.services import sending
from loyalty.kernel.services.jobs import MAX_ATTEMPTS
from partners.errors import ExchangeClosed, ProgramUnreachable
from partners.models import Exchange, ExchangeEntry
from partners.services import Destination, retry_exchange, reverse_exchange, validate_destination
from partners.services.connectors import Outcome
from partners.services.delivering import finish
from tests.campaigns.receivers import nearby, receiver
from tests.house import TESTER, House
from tests.partners.outside import (
    WAYS,
    Outside,
    dies_after_it,
    fresh,
    hangs_up,
    outside,
    says,
    work,
)
from tests.partners.trade import Trade, make_program
from tests.walk import every_row

__all__ = ["nearby", "outside", "receiver"]


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for longer than half a second."""
    monkeypatch.setattr(sending, "SECONDS", 0.5)


def issue(trade: Trade, outside: Outside, **said: Any) -> Exchange:
    return trade.issue(program_id=outside.program.pk, **said)


def ask_again(exchange: Exchange, *, reversing: bool = False) -> None:
    retry_exchange(exchange=exchange, actor=TESTER, at=clock.now(), reason="Seen to.", reversing=reversing)


def ends_once(trade: Trade, outside: Outside, exchange: Exchange) -> str:
    """How it ended: one credit and no reversal, or one reversal and no credit."""
    state, entries = fresh(exchange).state, ExchangeEntry.objects.filter(exchange=exchange)
    kinds = sorted(entries.values_list("kind", flat=True))
    if state == "issued":
        assert (kinds, list(outside.credits.values())) == (["issue"], [exchange.points])
        assert (trade.clearing(outside.program), trade.money()) == (exchange.points, 1000 - exchange.value)
    else:
        assert (state, kinds, outside.credits) == ("reversed", ["issue", "reversal"], {})
        assert (trade.clearing(outside.program), trade.money()) == (0, 1000)
    assert trade.house.findings() == []
    return state


def test_an_issue_is_booked_at_once_and_told_by_a_job(trade: Trade, outside: Outside) -> None:
    exchange = issue(trade, outside, description="June")
    assert (exchange.state, trade.clearing(outside.program), outside.calls) == ("pending", 100, [])
    work()
    assert ends_once(trade, outside, exchange) == "issued"
    assert outside.calls == ["PUT"]
    told = outside.receiver.got[-1].told
    assert (told["points"], told["destinationUserEmail"], told["description"]) == (100, "alice@example.com", "June")
    # The worker has nothing left to do.
    work()
    assert outside.calls == ["PUT"]


def test_a_refusal_takes_everything_back(trade: Trade, outside: Outside) -> None:
    outside.refuses = True
    exchange = issue(trade, outside)
    work()
    assert ends_once(trade, outside, exchange) == "reversed"
    assert fresh(exchange).says == "No such card."


@pytest.mark.parametrize("name", WAYS)
def test_a_call_without_a_word_is_made_again_after_asking(trade: Trade, outside: Outside, name: str) -> None:
    outside.ways = [WAYS[name]]
    exchange = issue(trade, outside)
    work()
    assert fresh(exchange).state == "pending"
    work()
    assert ends_once(trade, outside, exchange) == "issued"
    assert outside.calls[-2 if len(outside.calls) > 2 else -1] == "GET"


@pytest.mark.parametrize("name", WAYS)
def test_after_the_last_try_it_waits_for_a_person_who_has_it_asked_again(
    trade: Trade, outside: Outside, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SECONDS", 0.1)
    outside.ways = [WAYS[name]] * (2 * MAX_ATTEMPTS)
    # What was accepted is not said afterwards either.
    exchange = issue(trade, outside)
    work(MAX_ATTEMPTS)
    assert (fresh(exchange).state, Job.objects.get().state) == ("failed", "failed")
    assert trade.clearing(outside.program) == 100
    outside.ways = []
    ask_again(exchange)
    work()
    assert ends_once(trade, outside, exchange) == "issued"


@pytest.mark.parametrize("accepted", [False, True])
def test_a_person_who_reverses_has_the_program_say_first_what_it_did(
    trade: Trade, outside: Outside, accepted: bool
) -> None:
    lost = says(500)
    outside.ways = [dies_after_it if accepted else lost, *[lost] * (2 * MAX_ATTEMPTS)]
    exchange = issue(trade, outside)
    work(MAX_ATTEMPTS)
    with pytest.raises(ExchangeClosed):
        reverse_exchange(exchange=exchange, actor=TESTER, at=clock.now(), reason="Not here.")
    outside.ways = []
    ask_again(exchange, reversing=True)
    assert fresh(exchange).state == "reversing"
    work()
    assert ends_once(trade, outside, exchange) == ("issued" if accepted else "reversed")
    # What was cancelled is never credited, however late the first call arrives.
    assert bool(outside.never) is not accepted


def test_only_what_failed_is_asked_again(trade: Trade, outside: Outside) -> None:
    exchange = issue(trade, outside)
    for _ in range(2):
        before = every_row()
        with pytest.raises(ExchangeClosed):
            ask_again(exchange)
        assert every_row() == before
        work()


def test_a_worker_that_dies_after_the_call_leaves_it_to_another(
    trade: Trade, outside: Outside, monkeypatch: Any
) -> None:
    exchange = issue(trade, outside)

    class Killed(BaseException):
        """No handler of errors sees it."""

    def die(**_: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("partners.services.delivering.finish", die)
        with pytest.raises(Killed):
            work()
    assert (fresh(exchange).state, len(outside.credits)) == ("pending", 1)
    Job.objects.update(locked_until=None)
    work()
    assert ends_once(trade, outside, exchange) == "issued"
    assert outside.calls == ["PUT", "GET"]


def test_two_workers_with_different_words_book_one(trade: Trade, outside: Outside) -> None:
    exchange = issue(trade, outside)
    words = [Outcome(is_credited=False), Outcome(is_credited=True)]
    states = [finish(exchange_id=exchange.pk, outcome=word, at=clock.now()) for word in words]
    assert states == ["reversed", "reversed"]
    assert ExchangeEntry.objects.count() == 2


@pytest.mark.parametrize("seed", range(6))
def test_however_calls_fail_one_after_another_it_ends_once(trade: Trade, outside: Outside, seed: int) -> None:
    chance = random.Random(seed)
    ways = [way for name, way in WAYS.items() if name != "hangs"]
    outside.refuses = chance.random() < 0.4
    outside.ways = [chance.choice(ways) for _ in range(chance.randrange(12))]
    exchange = issue(trade, outside)
    for _ in range(20):
        work()
        if fresh(exchange).state == "failed":
            ask_again(exchange, reversing=chance.random() < 0.5)
        if fresh(exchange).ended_at is not None:
            break
    ends_once(trade, outside, exchange)
    moved = Transaction.objects.count()
    work(3)
    assert Transaction.objects.count() == moved


def test_validation_asks_the_program_and_the_sandbox_calls_nobody(trade: Trade, outside: Outside) -> None:
    def ask(email: str, *, is_sandbox: bool = False) -> bool:
        return validate_destination(
            client=trade.client,
            program_id=outside.program.pk,
            destination=Destination(user_email=email),
            is_sandbox=is_sandbox,
            at=clock.now(),
        )

    assert (ask("alice@example.com"), ask("bob@example.com")) == (True, False)
    for way in (hangs_up, says(500), says(200, "{}"), says(200, '{"isValid": 1}')):
        # A connection that is kept is tried once more.
        outside.ways = [way, way]
        with pytest.raises(ProgramUnreachable):
            ask("alice@example.com")
    outside.ways, outside.calls = [], []
    assert ask("bob@example.com", is_sandbox=True)
    exchange = issue(trade, outside, is_sandbox=True)
    assert (exchange.state, Job.objects.count(), outside.calls) == ("issued", 0, [])


def test_an_address_that_may_not_be_called_is_refused_and_never_called(
    trade: Trade, house: House, outside: Outside, settings: Any
) -> None:
    exchange = issue(trade, outside)
    settings.WEBHOOK_NETWORKS = []
    work()
    assert (fresh(exchange).state, outside.calls) == ("pending", [])
    for number, url in enumerate(("http://127.0.0.1/x", "https://10.0.0.1/", "ftp://example.com", "https://a@b.com/")):
        before = every_row()
        with pytest.raises(InvalidInput):
            make_program(trade.books, f"Program {number}", url=url)
        assert every_row() == before
