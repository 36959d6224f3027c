"""Every operation, given every kind of nonsense: a clear 4xx or a row that says so, nothing written, never a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest

from members.models import Claim, Member
from tests.dialects.coggins.store import Counter
from tests.house import House
from tests.walk import every_row

ALICE = "alice@example.com"
DEEP: Any = []
for _ in range(40):
    DEEP = [DEEP]
WRONG: dict[str, list[Any]] = {
    "amount": [None, "5", "abc", 0.5, True, [], {}, "", 0, 10**18, 2**63 - 1, -(2**63), 1e300],
    "email": [5, 1.5, True, [], {}, "", "  ", "no", "@", "a@b", "x" * 100_001, "a@b.de\nBcc: c@d.de"],
    "customerType": [5, True, [], {}, "", "x" * 100_001, "Nobody"],
    "expires": ["1", 1.5, True, [], {}, "", -1, 36_501, 10**18],
}
GOOD: dict[str, Any] = {"amount": 5, "email": ALICE, "customerType": "Internal", "expires": 1}
CASES = [(name, value) for name, values in WRONG.items() for value in values]
BODIES: dict[str, bytes] = {
    "malformed": b"[{",
    "trailing comma": b'[{"amount": 5},]',
    "smart quotes": "[{“amount”: 5}]".encode(),
    "unclosed": b'[{"amount": 5}',
    "NaN": b'[{"amount": NaN}]',
    "Infinity": b'[{"amount": Infinity}]',
    "minus Infinity": b'[{"amount": -Infinity}]',
    "too large a number": b'[{"amount": 1e999}]',
    "NUL": b'[{"amount": 5, "email": "a\\u0000b@c.de"}]',
    "raw NUL": b'[{"amount": 5, "email": "a\x00b@c.de"}]',
    "broken text": b'[{"amount": 5, "email": "\xff\xfe"}]',
    "lone surrogate": b'[{"amount": 5, "email": "\\ud800"}]',
    "too deep": json.dumps([{"amount": DEEP}]).encode(),
    "no array": b'{"amount": 5}',
    "empty array": b"[]",
    "nothing": b"",
    "text": b'"amount"',
}


def send(counter: Counter, operation: str, body: Any, **words: Any) -> Any:
    """G1 or G3."""
    path = {"G1": f"/api/v1/points?csapikey={counter.key}", "G3": f"/api/v1/points/{counter.key}/INSTANT"}[operation]
    return counter.send("POST", path, body, **words)


@pytest.mark.parametrize("operation", ["G1", "G3"])
def test_a_wrong_field_fails_its_row_alone(house: House, alice: Member, counter: Counter, operation: str) -> None:
    asked = [case for case in CASES if operation == "G1" or case[0] in ("amount", "email")]
    before = every_row()
    answer = send(counter, operation, [{**GOOD, name: value} for name, value in asked])
    assert answer.status_code == 200, answer.content
    for (name, value), row in zip(asked, answer.body, strict=True):
        assert row["created" if operation == "G1" else "success"] is False, (name, value)
        assert row["message"]
    assert every_row() == before


@pytest.mark.parametrize("operation", ["G1", "G3"])
@pytest.mark.parametrize("what", BODIES)
def test_a_body_that_is_none_is_a_400_as_a_whole(
    house: House, alice: Member, counter: Counter, operation: str, what: str
) -> None:
    counter.refuses(lambda: send(counter, operation, BODIES[what]), 400)


@pytest.mark.parametrize("operation", ["G1", "G3"])
def test_another_content_type_is_a_415(house: House, alice: Member, counter: Counter, operation: str) -> None:
    for kind in (
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ):
        body = json.dumps([GOOD]).encode()
        counter.refuses(lambda kind=kind, body=body: send(counter, operation, body, kind=kind), 415)


@pytest.mark.parametrize("operation", ["G1", "G3"])
def test_an_oversized_body_is_a_413(
    house: House, alice: Member, counter: Counter, operation: str, settings: Any
) -> None:
    settings.MAX_BODY_BYTES = 10_000
    counter.refuses(lambda: send(counter, operation, b"[" + b" " * 10_000 + b"]"), 413)


@pytest.mark.parametrize("operation", ["G1", "G3"])
def test_words_nobody_knows_are_left_alone(house: House, alice: Member, counter: Counter, operation: str) -> None:
    answer = send(counter, operation, [{"amount": 5, "email": ALICE, "hello": "world", "claimToken": "mine"}])
    assert answer.status_code == 200
    assert "hello" not in answer.body[0]
    assert answer.body[0].get("claimToken") != "mine"
    assert Claim.objects.count() == (1 if operation == "G1" else 0)
