"""Sending to a real server that fails, hangs, redirects and lies: the truth is written down, in time, and nowhere else
is anything sent.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.services import sending
from loyalty.kernel.services.addresses import may_call, parse_address
from loyalty.kernel.services.sending import Answer, signed
from tests.campaigns.receivers import Handler, Receiver, dead_port, listening


@pytest.fixture(autouse=True)
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits as long as a worker does."""
    monkeypatch.setattr(sending, "SECONDS", 1.0)


def send(url: str, body: bytes = b"{}", headers: dict[str, str] | None = None) -> Answer:
    sender = sending.Receiver(parse_address(url))
    try:
        return sender.post(body, headers or {})
    finally:
        sender.close()


def test_what_is_sent_arrives_as_it_is_with_its_headers(receiver: Receiver) -> None:
    assert send(receiver.url + "?a=b%20c", b'{"a": 1}', {"X-Shop": "1", "Content-Type": "application/json"}) == Answer(
        200, ""
    )
    (got,) = receiver.got
    assert (got.path, got.body, got.headers["X-Shop"]) == ("/hooks?a=b%20c", b'{"a": 1}', "1")
    assert got.headers["Host"] == receiver.url.split("/")[2]


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_2xx_is_taken(receiver: Receiver, status: int) -> None:
    receiver.behave = lambda handler: handler.say(status)
    assert send(receiver.url).is_taken


@pytest.mark.parametrize("status", [300, 400, 401, 404, 410, 429, 500, 503])
def test_anything_else_is_not_and_its_words_are_kept(receiver: Receiver, status: int) -> None:
    receiver.behave = lambda handler: handler.say(status, "no,\n\u202e not\x00 now" + "!" * 9999)
    answer = send(receiver.url)
    assert (answer.status, answer.is_taken) == (status, False)
    assert answer.says.removeprefix("Redirects are not followed. ").startswith("no, not now!!!")
    assert len(answer.says) <= 230


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    with listening() as elsewhere:
        for status in (301, 302, 303, 307, 308):
            receiver.behave = lambda handler, status=status: handler.say(status, Location=elsewhere.url)  # type: ignore[misc]
            answer = send(receiver.url)
            assert (answer.status, answer.says, answer.is_taken) == (status, "Redirects are not followed.", False)
        assert elsewhere.got == []


# --- servers that hang ---
SLOW: dict[str, Callable[[Handler], None]] = {
    "says nothing": lambda handler: handler.hang(),
    "drips a status line": lambda handler: handler.drip(b"H" * 50),
    "drips headers": lambda handler: (handler.wfile.write(b"HTTP/1.1 200 OK\r\n"), handler.drip(b"a: b\r\n"))[1],  # type: ignore[func-returns-value]
    "goes on saying that it goes on": lambda handler: handler.drip(b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("how", SLOW)
def test_a_receiver_that_never_comes_to_an_end_is_left_in_time(receiver: Receiver, how: str) -> None:
    receiver.behave = SLOW[how]
    started = time.monotonic()
    assert send(receiver.url) == Answer(None, "No answer within 1 seconds.")
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("end", ["Content-Length: 99999", "Connection: close", "Transfer-Encoding: chunked"])
def test_an_answer_whose_body_never_ends_was_an_answer(receiver: Receiver, end: str) -> None:
    def behave(handler: Handler) -> None:
        handler.wfile.write(f"HTTP/1.1 500 No\r\n{end}\r\n\r\n".encode())
        handler.drip(b"1\r\na\r\n")

    receiver.behave = behave
    started = time.monotonic()
    assert send(receiver.url).status == 500
    assert time.monotonic() - started < 2


def test_nobody_there_is_no_answer(nearby: None) -> None:
    assert send(f"http://127.0.0.1:{dead_port()}/") == Answer(None, "The connection was refused.")
    assert send("http://no-such-host.invalid/") == Answer(None, "The name of the host is not known.")


# --- servers that lie ---
LIES = {
    "no HTTP": b"hello\r\n\r\n",
    "nothing": b"",
    "a status of letters": b"HTTP/1.1 abc OK\r\n\r\n",
    "a line without end": b"HTTP/1.1 200 " + b"x" * 70_000,
    "headers without end": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200,
    "an impossible status": b"HTTP/1.1 9999 OK\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("lie", LIES)
def test_what_is_no_answer_is_none(receiver: Receiver, lie: str) -> None:
    receiver.behave = lambda handler: handler.raw(LIES[lie])
    answer = send(receiver.url)
    assert answer.status is None
    assert answer.says.startswith("No answer")


@pytest.mark.parametrize("length", ["-5", "abc", "5", "999999999999"])
def test_a_wrong_length_does_not_undo_a_yes(receiver: Receiver, length: str) -> None:
    receiver.behave = lambda handler: handler.raw(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nyes".encode())
    assert send(receiver.url).is_taken


def test_a_huge_answer_is_not_read_to_its_end(receiver: Receiver) -> None:
    receiver.behave = lambda handler: handler.say(200, "x" * 30_000_000)
    started = time.monotonic()
    assert len(send(receiver.url).says) == 200
    assert time.monotonic() - started < 2


# --- one connection for many ---
def test_one_connection_serves_many_and_one_that_was_hung_up_is_made_anew(receiver: Receiver) -> None:
    sender = sending.Receiver(parse_address(receiver.url))
    assert [sender.post(b"{}", {}).status for _ in range(3)] == [200] * 3
    assert len({one.port for one in receiver.got}) == 1
    receiver.behave = lambda handler: (handler.say(200), setattr(handler, "close_connection", True))[0]  # type: ignore[func-returns-value]
    assert sender.post(b"{}", {}).status == 200
    time.sleep(0.1)
    assert sender.post(b"{}", {}).status == 200
    assert len(receiver.got) == 5
    assert len({one.port for one in receiver.got}) == 2
    sender.close()


# --- addresses ---
@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1",
        "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
        "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "2002:7f00:1::",
        "2001:0:7f00:1::", "2001:db8::1", "::7f00:1", "localhost", "",
    ],
)  # fmt: skip
def test_what_is_not_public_may_not_be_called(address: str) -> None:
    assert not may_call(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111"])
def test_what_is_public_may(address: str) -> None:
    assert may_call(address)


def test_a_network_the_installation_names_may(settings: Any) -> None:
    settings.WEBHOOK_NETWORKS = [ipaddress.ip_network("10.1.0.0/16")]
    assert may_call("10.1.2.3")
    assert not may_call("10.2.2.3")
    assert not may_call("::1")


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "//example.com/", "ftp://example.com/", "http://example.com/", "https://", "https:///x",
        "https://user@example.com/", "https://user:word@example.com/", "https://example.com/#part", "https://a b/",
        "https://example.com/a b", "https://example.com/\r\nX: y", "https://example.com:0/", "https://example.com:99999/",
        "https://example.com:x/", "https://[::1/", "https://exa\\mple.com/", "https://exämple.com/", "https://-x.com/",
        "https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest", "https://" + "a" * 300,
        "javascript:1", "https://example..com/", "https://ex%61mple.com/", "https://example.com/" + "x" * 2000, "https://[fe80::1%25e]/",
    ],
)  # fmt: skip
def test_what_is_no_address_to_call_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_address(url)
    assert refusal.value.field == "settings.url"


def leads_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Names lead to these addresses, the first time and the next; answers what was asked."""
    asked: list[str] = []
    left = list(answers)

    def find(host: str, port: int, *args: Any, **words: Any) -> Any:
        asked.append(host)
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr("loyalty.kernel.services.addresses.socket.getaddrinfo", find)
    return asked


@pytest.mark.parametrize("host", ["inner.example", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1"])
def test_a_name_that_leads_inside_is_not_called(receiver: Receiver, settings: Any, host: str) -> None:
    settings.WEBHOOK_NETWORKS = []
    url = receiver.url.replace("127.0.0.1", host)
    with pytest.MonkeyPatch.context() as patch:
        leads_to(patch, ["127.0.0.1"])
        assert send(url) == Answer(None, "The address is not public.")
    assert receiver.got == []


def test_the_address_that_was_checked_is_the_one_that_is_called(
    receiver: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is public when it is looked at and the machine itself a moment later leads nobody astray."""
    settings.WEBHOOK_NETWORKS = [ipaddress.ip_network("127.0.0.2/32")]
    port = int(receiver.url.split(":")[2].split("/")[0])
    asked = leads_to(monkeypatch, ["127.0.0.1", "127.0.0.2", "10.0.0.1"], ["127.0.0.1"])
    # It listens at the first address alone: had that been called, it would have answered.
    assert send(f"http://rebinding.example:{port}/").says == "The connection was refused."
    assert asked == ["rebinding.example"]
    assert receiver.got == []


# --- TLS ---
@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key of hooks.example, and a certificate it has signed itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl (apt install openssl)")
    path = tmp_path_factory.mktemp("tls") / "hooks.pem"
    made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=hooks.example", "-addext", "subjectAltName=DNS:hooks.example"]
    subprocess.run(
        [openssl, "req", "-x509", *made, *named, "-keyout", path, "-out", f"{path}.crt"],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


@pytest.fixture
def shop(nearby: None, pem: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver that proves to be hooks.example, and is waited for on a busy machine too."""
    monkeypatch.setattr(sending, "SECONDS", 10)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with listening(context=context) as made:
        made.url = made.url.replace("http:", "https:").replace("127.0.0.1", "hooks.example")
        leads_to(monkeypatch, ["127.0.0.1"])
        yield made


def test_a_receiver_proves_who_it_is(shop: Receiver, pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    assert send(shop.url) == Answer(200, "")
    assert shop.got[0].headers["Host"].startswith("hooks.example:")


def test_who_does_not_prove_it_is_told_nothing(shop: Receiver, pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert send(shop.url).says.startswith("The certificate is not trusted")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    assert send(shop.url.replace("hooks.", "other.")).says.startswith("The certificate is not trusted")
    assert shop.got == []


def test_a_greeting_that_never_ends_is_left_in_time(nearby: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        answer = send(f"https://127.0.0.1:{silent.getsockname()[1]}/")
    assert answer == Answer(None, "No answer within 1 seconds.")
    assert time.monotonic() - started < 2


# --- signatures ---
def test_a_signature_is_of_the_timestamp_and_the_body_with_each_secret() -> None:
    headers = signed(["new secret", "old secret"], 1900000000, b'{"a": 1}')
    wanted = [
        hmac.new(word, b'1900000000.{"a": 1}', hashlib.sha256).hexdigest() for word in (b"new secret", b"old secret")
    ]
    assert headers == {"X-Timestamp": "1900000000", "X-Signature": ",".join(wanted)}
