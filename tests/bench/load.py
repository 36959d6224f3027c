"""Parallel HTTP clients in a process of their own, each with one connection it keeps: the same for both sides.

`python -m tests.bench.load` reads what to send as one line of JSON, says `warm` after the warm-up, and answers when
its time is over or its input ends. One loop drives all clients, so that they cost the servers' cores little.
"""

from __future__ import annotations

import json
import random
import re
import selectors
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Requests:
    """What the clients send: `{wallet}` is one of the wallets by chance, `{who}` one of `names`, `{key}` new each time
    and `{uuid}` too. Times in seconds.
    """

    port: int
    method: str
    path: str
    first_wallet: int
    wallets: int
    body: str = ""
    token: str = ""
    clients: int = 8
    seconds: float = 3.0
    warmup: float = 0.5
    seed: str = ""
    names: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: requests a second, and how long one took in milliseconds."""

    rate: float
    median_ms: float
    p99_ms: float
    count: int


class _Client:
    """One connection with at most one request on its way."""

    def __init__(self, asked: Requests, number: int) -> None:
        self.asked = asked
        self.prefix = f"{asked.seed}-{number}"
        self.chance = random.Random(self.prefix)
        self.sent = 0
        self.since = 0.0
        self.received = b""
        self.socket = socket.create_connection(("127.0.0.1", asked.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        authorization = f"Authorization: Bearer {asked.token}\r\n" if asked.token else ""
        more = "".join(f"{name}: {value}\r\n" for name, value in asked.headers.items())
        self.head = f"Host: 127.0.0.1\r\n{authorization}{more}Content-Type: application/json\r\n"

    def send(self) -> None:
        """The next request."""
        wallet = self.asked.first_wallet + self.chance.randrange(self.asked.wallets)
        body = self.asked.body.replace("{key}", f"{self.prefix}-{self.sent}")
        path = self.asked.path.replace("{wallet}", str(wallet))
        if self.asked.names:
            who = self.chance.choice(self.asked.names)
            body, path = body.replace("{who}", who), path.replace("{who}", who)
            body = body.replace("{uuid}", str(uuid.UUID(int=self.chance.getrandbits(128), version=4)))
        self.sent += 1
        text = f"{self.asked.method} {path} HTTP/1.1\r\n{self.head}Content-Length: {len(body)}\r\n\r\n{body}"
        self.received = b""
        self.since = time.perf_counter()
        self.socket.sendall(text.encode())

    def receive(self) -> float | None:
        """How long the answer took, once it is all there.

        :raises RuntimeError: where it is anything but a success.
        """
        part = self.socket.recv(65536)
        self.received += part
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not part or (found and head[9:10] != b"2"):
            raise RuntimeError(f"the server answered {self.received[:500]!r}")
        length = _LENGTH.search(head)
        # Without a length the body comes in chunks, and an empty one is the last.
        whole = len(body) >= int(length.group(1)) if length else body.endswith(b"0\r\n\r\n")
        return time.perf_counter() - self.since if whole else None


def drive(asked: Requests, orders: Any) -> Answered:
    """Send until the time is over or `orders` ends; what the warm-up sent does not count."""
    clients = [_Client(asked, number) for number in range(asked.clients)]
    took: list[float] = []
    warm = False
    with selectors.DefaultSelector() as ready:
        ready.register(orders, selectors.EVENT_READ, None)
        for client in clients:
            ready.register(client.socket, selectors.EVENT_READ, client)
            client.send()
        start = time.perf_counter()
        stopped = False
        while not stopped and time.perf_counter() - start < (asked.seconds if warm else asked.warmup):
            for key, _ in ready.select(0.1):
                if key.data is None:
                    stopped = True
                    continue
                seconds = key.data.receive()
                if seconds is not None:
                    took.append(seconds)
                    key.data.send()
            if not warm and time.perf_counter() - start >= asked.warmup:
                print("warm", flush=True)
                took, warm, start = [], True, time.perf_counter()
        passed = time.perf_counter() - start
    took.sort()
    return Answered(
        rate=len(took) / passed,
        median_ms=took[len(took) // 2] * 1000,
        p99_ms=took[int(len(took) * 0.99)] * 1000,
        count=len(took),
    )


class Loading:
    """A load that runs in its own process."""

    def __init__(self, asked: Requests) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.load"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.orders, self.answers = self.process.stdin, self.process.stdout
        self.orders.write(json.dumps(asdict(asked)) + "\n")
        self.orders.flush()
        if self.answers.readline() != "warm\n":
            raise RuntimeError("the load did not get going")

    def answer(self, *, now: bool) -> Answered:
        """What came back: `now`, or when the time is over."""
        if now:
            self.orders.close()
        found = Answered(**json.loads(self.answers.readline()))
        self.close()
        return found

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        self.orders.close()
        self.answers.close()


@contextmanager
def loading(asked: Requests) -> Iterator[Loading]:
    """Load the server while the block runs, from after the warm-up on."""
    load = Loading(asked)
    try:
        yield load
    finally:
        load.close()


def send(asked: Requests) -> Answered:
    """Load the server for the time asked for."""
    with loading(asked) as load:
        return load.answer(now=False)


if __name__ == "__main__":
    print(json.dumps(asdict(drive(Requests(**json.loads(sys.stdin.buffer.readline())), sys.stdin.buffer))), flush=True)
