"""A receiver of webhooks: a real HTTP server that answers as it is told, well or badly."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from campaigns.models import EventTrigger
from campaigns.services import create_trigger, delivering
from loyalty.kernel import clock
from tests.house import TESTER, House

SECRET = "what only the two of us know"
Behavior = Callable[["Handler"], None]


@dataclass
class Got:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    # Which connection it came over.
    port: int

    @property
    def told(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """Where it is, what it got, and how it answers from now on."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    behave: Behavior = lambda handler: handler.say(200)
    stopped: threading.Event = field(default_factory=threading.Event)

    def sequences(self) -> list[tuple[str, int]]:
        """Subject and number of each, in the order they came."""
        return [(one.told["delivery"]["subject"], one.told["delivery"]["sequence"]) for one in self.got]


class Handler(BaseHTTPRequestHandler):
    """Reads a request, then does what the receiver was told to do."""

    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_POST(self) -> None:
        """Take it, and behave."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.receiver.got.append(Got(self.path, dict(self.headers), body, self.client_address[1]))
        self.receiver.behave(self)

    do_GET = do_PUT = do_POST

    def say(self, status: int, text: str = "", **headers: str) -> None:
        """An answer as it should be."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(text.encode())), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text.encode())

    def raw(self, data: bytes) -> None:
        """These bytes, and the end of the connection."""
        self.wfile.write(data)
        self.close_connection = True

    def drip(self, data: bytes) -> None:
        """These bytes again and again, one at a time, for as long as somebody listens."""
        self.close_connection = True
        while not self.receiver.stopped.is_set():
            for place in range(len(data)):
                try:
                    self.wfile.write(data[place : place + 1])
                except OSError:
                    return
                time.sleep(0.02)

    def hang(self) -> None:
        """Nothing at all."""
        self.receiver.stopped.wait(20)
        self.close_connection = True

    def log_message(self, *args: Any) -> None:
        """Be quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *args: Any) -> None:
        """Whoever hung up knows."""


@contextmanager
def listening(**server: Any) -> Iterator[Receiver]:
    """A receiver on a port of its own."""
    made = Receiver()
    handler = type("Bound", (Handler,), {"receiver": made})
    with _Server(("127.0.0.1", 0), handler) as running:
        if "context" in server:
            running.socket = server["context"].wrap_socket(running.socket, server_side=True)
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        made.url = f"http://127.0.0.1:{running.server_address[1]}/hooks"
        try:
            yield made
        finally:
            made.stopped.set()
            running.shutdown()


@pytest.fixture
def nearby(settings: Any) -> None:
    """An installation that calls receivers on its own machine, without TLS."""
    from ipaddress import ip_network

    settings.WEBHOOK_ALLOW_HTTP = True
    settings.WEBHOOK_NETWORKS = [ip_network("127.0.0.0/8")]


@pytest.fixture
def receiver(nearby: None) -> Iterator[Receiver]:
    """A receiver that may be called."""
    with listening() as made:
        yield made


def trigger_for(house: House, url: str, **said: Any) -> EventTrigger:
    """A trigger that tells `url`."""
    words = {"name": "Shop", "secret": SECRET, **said}
    return create_trigger(organization_id=house.id, url=url, actor=TESTER, at=clock.now(), **words).trigger


def deliver_all(trigger: EventTrigger) -> None:
    """Everything that is due, as the worker does it."""
    while delivering.deliver(trigger_id=trigger.pk):
        pass


def dead_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
