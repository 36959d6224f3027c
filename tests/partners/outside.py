"""A program outside: a real HTTP server that keeps the protocol of the exchange, and fails in every way it is told."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from loyalty.kernel import clock
from loyalty.kernel.models import Job
from loyalty.kernel.services.runner import run_one_job
from partners.models import Exchange, PartnerProgram
from partners.services import give_access
from tests.campaigns.receivers import Handler, Receiver
from tests.house import TESTER
from tests.partners.trade import Trade, make_program

Way = Callable[["Outside", Handler], None]


@dataclass
class Outside:
    """The program: what it credited, by the exchange's id, and how it behaves in the next calls."""

    receiver: Receiver
    program: PartnerProgram
    credits: dict[str, int] = field(default_factory=dict)
    never: set[str] = field(default_factory=set)
    refuses: bool = False
    # One for each of the next calls; after them it does as it should.
    ways: list[Way] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def behave(self, handler: Handler) -> None:
        """Take one call."""
        got = self.receiver.got[-1]
        self.calls.append(f"{handler.command} {got.path.rsplit('/', 1)[-1] if 'cancel' in got.path else ''}".strip())
        self.check(handler.command, got)
        if self.ways:
            self.ways.pop(0)(self, handler)
        else:
            handler.say(200, json.dumps(self.answer(handler)))

    def check(self, method: str, got: Any) -> None:
        """That the call is signed."""
        content = got.headers["X-Timestamp"].encode() + b"." + f"{method} {got.path}\n".encode() + got.body
        right = hmac.new(self.program.secret.encode(), content, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(right, got.headers["X-Signature"])

    def answer(self, handler: Handler) -> dict[str, Any]:
        """What the protocol has it say, after doing it."""
        got = self.receiver.got[-1]
        if got.path.endswith("/validate"):
            return {"isValid": got.told["destinationUserEmail"] == "alice@example.com"}
        place = got.path.split("/credits/")[1].split("/")[0]
        if got.path.endswith("/cancel") and place not in self.credits:
            self.never.add(place)
        if handler.command == "PUT" and place not in self.never and place not in self.credits:
            if self.refuses:
                self.never.add(place)
            else:
                self.credits[place] = got.told["points"]
        if place in self.credits:
            return {"status": "credited"}
        return {"status": "refused", "reason": "No such card."} if place in self.never else {"status": "unknown"}


def says(status: int, text: str = "") -> Way:
    """Answers this, and does nothing."""
    return lambda outside, handler: handler.say(status, text)


def hangs(outside: Outside, handler: Handler) -> None:
    """Answers nothing, and does nothing."""
    handler.hang()


def hangs_up(outside: Outside, handler: Handler) -> None:
    """Ends the connection, and does nothing."""
    handler.close_connection = True


def dies_after_it(outside: Outside, handler: Handler) -> None:
    """Does what it should, and dies before it has said so."""
    outside.answer(handler)
    handler.close_connection = True


def half_an_answer(outside: Outside, handler: Handler) -> None:
    """Does what it should, and dies while it says so."""
    outside.answer(handler)
    handler.raw(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"status": "cred')


@pytest.fixture
def outside(trade: Trade, receiver: Receiver) -> Outside:
    """A program of Books Inc elsewhere, which the bank's client may issue in."""
    program = make_program(trade.books, "Miles", url=receiver.url)
    give_access(client=trade.client, program=program, actor=TESTER, at=clock.now())
    made = Outside(receiver, program)
    receiver.behave = made.behave
    return made


def work(times: int = 1) -> None:
    """Have the worker do what waits, as often as this, whatever time it is for."""
    for _ in range(times):
        Job.objects.filter(state="waiting").update(available_at=clock.now())
        run_one_job(worker="w")


def fresh(exchange: Exchange) -> Exchange:
    """As it is now."""
    return Exchange.objects.get(pk=exchange.pk)


# Every way a call can end without a word.
WAYS: dict[str, Way] = {
    "500": says(500, '{"status": "refused"}'),
    "503 of a proxy": says(503, "<html>busy</html>"),
    "404 of a proxy": says(404, "<html>nothing here</html>"),
    "a redirect": says(302),
    "no JSON": says(200, "all good!"),
    "another JSON": says(200, '["credited"]'),
    "no status": says(200, "{}"),
    "another status": says(200, '{"status": "maybe"}'),
    "too much": says(200, '{"status": "credited", "x": "' + "x" * 5000 + '"}'),
    "hangs": hangs,
    "hangs up": hangs_up,
    "dies after accepting": dies_after_it,
    "dies while answering": half_an_answer,
}
