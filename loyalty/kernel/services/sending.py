"""Sends signed requests to a receiver: to a checked address, within a time, following nothing."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from loyalty.kernel.services.addresses import Address, NotPublic, resolve

# For everything from finding the address to the last byte of the answer.
SECONDS = 10.0
# What is read of an answer, and what is kept of it.
MOST_READ = 4096
MOST_KEPT = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try: the status, where anybody answered, a few words, and the first MOST_READ bytes as they
    came (nothing, where they could not all be read).
    """

    status: int | None
    says: str
    body: bytes = b""

    @property
    def is_taken(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The signature: HMAC-SHA256 of the timestamp, a point and the body, in hexadecimal digits."""
    return hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()


def signed(secrets: Sequence[str], timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that prove who sends; with several secrets there is a signature of each, with commas between."""
    return {
        "X-Timestamp": str(timestamp),
        "X-Signature": ",".join(sign(secret, timestamp, body) for secret in secrets),
    }


class _Line(http.client.HTTPConnection):
    """A connection that goes to a checked address, and hangs up when its time is over."""

    def __init__(self, address: Address) -> None:
        super().__init__(address.host, address.port, timeout=SECONDS)
        self.secure = address.secure
        # What the Host header need not say.
        self.default_port = 443 if address.secure else 80
        self.deadline = 0.0
        self.is_late = False
        # Kept by itself: the base forgets its own while the last answer is still being read.
        self.wire: socket.socket | None = None

    def connect(self) -> None:
        """Connect to the first address that answers; with TLS, prove that it is the host of that name.

        :raises NotPublic: where the host has no address that may be called.
        :raises OSError: where nobody answers.
        """
        self.sock = self.wire = self._plain()
        if self.secure:
            context = ssl.create_default_context()
            name = self.host.rstrip(".")
            wrapped = context.wrap_socket(self.sock, server_hostname=name, do_handshake_on_connect=False)
            # Not greeted yet: the clock can hang up on that as well.
            self.sock = self.wire = wrapped
            wrapped.do_handshake()

    def _plain(self) -> socket.socket:
        last: OSError = TimeoutError()
        for family, place in resolve(self.host, self.port):
            left = self.deadline - time.monotonic()
            if left <= 0:
                break
            made = socket.socket(family, socket.SOCK_STREAM)
            try:
                made.settimeout(left)
                made.connect(place)
                return made
            except OSError as error:
                made.close()
                last = error
        raise last

    def hang_up(self) -> None:
        """End it from outside: whoever waits for the other side waits no longer."""
        self.is_late = True
        # TLS is not asked to say goodbye: the other side may not listen.
        if self.wire is not None:
            with suppress(OSError):
                socket.socket.shutdown(self.wire, socket.SHUT_RDWR)

    @contextmanager
    def in_time(self) -> Iterator[None]:
        """Hang up when the time is over: a receiver that sends a byte now and then would never be waited out."""
        self.deadline, self.is_late = time.monotonic() + SECONDS, False
        clock = threading.Timer(SECONDS, self.hang_up)
        clock.daemon = True
        clock.start()
        try:
            yield
        finally:
            clock.cancel()


class Receiver:
    """One receiver, for a number of tries in a row over one connection where it allows that."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.line = _Line(address)

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send to the receiver's own path; whatever goes wrong is an answer too, and none is ever raised."""
        return self.call("POST", self.address.path, body, headers)

    def call(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """The same with any method, to a path of the receiver's host."""
        line = self.line
        with line.in_time():
            try:
                return self._exchange(method, path, body, headers)
            except NotPublic:
                says = "The address is not public."
            except ssl.SSLCertVerificationError as error:
                says = f"The certificate is not trusted: {error.verify_message}."
            except socket.gaierror:
                says = "The name of the host is not known."
            except ConnectionRefusedError:
                says = "The connection was refused."
            except (OSError, http.client.HTTPException, ValueError) as error:
                says = "" if isinstance(error, TimeoutError) else f"No answer could be read ({type(error).__name__})."
            self.close()
            return Answer(None, f"No answer within {SECONDS:g} seconds." if line.is_late or not says else says)

    def _exchange(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        reused = self.line.sock is not None
        try:
            response = self._send(method, path, body, headers)
        except (ConnectionError, http.client.BadStatusLine, ssl.SSLEOFError):
            # It had hung up since the last time.
            if not reused or self.line.is_late:
                raise
            self.close()
            response = self._send(method, path, body, headers)
        return self._answer(response)

    def _send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        self.line.request(method, path, body=body, headers=dict(headers))
        response = self.line.getresponse()
        if self.line.is_late:
            # What was cut off in its headers reads as if they had ended.
            raise TimeoutError
        return response

    def _answer(self, response: http.client.HTTPResponse) -> Answer:
        """The beginning of what it says. It was answered already: what goes wrong from here on changes nothing."""
        try:
            body = response.read(MOST_READ)
            is_whole = response.isclosed() or response.read(1) == b""
        except (OSError, http.client.HTTPException, ValueError):
            body, is_whole = b"", False
        text = body.decode("utf-8", "replace")
        if not is_whole or response.will_close or self.line.is_late:
            self.close()
        words = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:MOST_KEPT]
        if 300 <= response.status < 400:
            words = f"Redirects are not followed. {words}".strip()
        return Answer(response.status, words, body if is_whole and not self.line.is_late else b"")

    def close(self) -> None:
        """Hang up."""
        self.line.close()
