"""Every operation, given every kind of nonsense: a clear 4xx, nothing written, never a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.dialects.cosmopoints.world import Cosmo, calls

DEEP: Any = []
for _ in range(40):
    DEEP = [DEEP]
WRONG: list[Any] = [None, True, [], {}, "", 1.5, -1, 2**70, "x" * 2000, "a\x00b", DEEP]
BODIES: dict[str, bytes] = {
    "malformed": b"{",
    "NaN": b'{"value": NaN}',
    "too large a number": b'{"value": 1e999}',
    "broken text": b'{"programId": "\xff\xfe"}',
    "lone surrogate": b'{"programId": "\\ud800"}',
    "array": b"[]",
    "text": b'"x"',
    "number": b"5",
    "null": b"null",
    "nothing": b"",
    "too deep": json.dumps({"value": DEEP}).encode(),
}
WRITES = ("C6", "C7", "C11", "C13")
# Where leaving it empty says nothing, as leaving it out does.
MAY_BE_EMPTY = {"description", "sourceUserEmail"}


@pytest.mark.parametrize("operation", WRITES)
def test_a_wrong_field_is_refused_and_named(cosmo: Cosmo, operation: str) -> None:
    method, path, body = calls(cosmo)[operation]
    for name in body:
        for value in WRONG:
            if name in MAY_BE_EMPTY and value in (None, ""):
                continue
            status = 404 if name == "programId" and isinstance(value, str) and 0 < len(value) < 256 else 400
            if isinstance(value, str) and "\x00" in value:
                status = 400
            said = cosmo.send(method, path, {**body, name: value})
            assert said.status_code == status, (name, value, said.content)
            cosmo.refuses(method, path, {**body, name: value}, status)
        left_out = {key: value for key, value in body.items() if key != name}
        cosmo.refuses(method, path, left_out, 400, name)


@pytest.mark.parametrize("operation", ["C7", "C11", "C13", "C5"])
def test_a_wrong_destination_is_refused_and_named(cosmo: Cosmo, operation: str) -> None:
    method, path, body = calls(cosmo)[operation]
    for who in (
        {"destinationUserEmail": "no"},
        {"destinationUserEmail": 5},
        {"destinationUserEmail": "a@b\nBcc: c@d.de"},
        {"destinationUserEmail": "x" * 300 + "@example.com"},
        {"destinationUserId": 5, "destinationUserEmail": "alice@example.com"},
        {"destinationUserId": "x" * 300, "destinationUserEmail": "alice@example.com"},
        {"destinationUserId": "alice"},
        {},
    ):
        said = who if operation == "C5" else {**body, "destinationAccount": who}
        cosmo.refuses(method, path, said, 400, "destinationUser")


@pytest.mark.parametrize("what", BODIES)
def test_a_body_that_is_none_is_refused(cosmo: Cosmo, what: str) -> None:
    for operation in (*WRITES, "C5"):
        method, path, _ = calls(cosmo)[operation]
        cosmo.refuses(method, path, BODIES[what], 400)


def test_another_content_type_is_a_415_and_too_long_a_body_a_413(cosmo: Cosmo, settings: Any) -> None:
    settings.MAX_BODY_BYTES = 10_000
    for operation in (*WRITES, "C5"):
        method, path, body = calls(cosmo)[operation]
        for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded"):
            cosmo.refuses(method, path, json.dumps(body).encode(), 415, kind=kind)
        cosmo.refuses(method, path, b"{" + b" " * 10_000 + b"}", 413)


def test_wrong_methods_and_addresses_are_refused_in_the_vendors_shape(cosmo: Cosmo) -> None:
    for method, path, status in (
        ("DELETE", "profile", 405),
        ("PUT", "transactions", 405),
        ("GET", "exchange", 405),
        ("GET", "transactions/preview", 405),
        ("GET", "nothing", 404),
        ("GET", "programs/nobody/fields", 404),
        ("GET", "programs/00000000-0000-4000-8000-000000000000/fields", 404),
        ("GET", "transactions/" + "x" * 300, 404),
        ("GET", "transactions/%00", 404),
    ):
        cosmo.refuses(method, path, None, status)


def test_words_nobody_knows_are_left_alone(cosmo: Cosmo) -> None:
    assert cosmo.post("transactions", cosmo.order(hello="world", bonus=True)).status_code == 201
    assert cosmo.get("programs?hello=world").status_code == 200
