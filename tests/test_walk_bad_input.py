"""Every field of every published operation, given every kind of nonsense: a clear 4xx in the envelope, nothing written,
never a 500.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.house import Api, House
from tests.walk import ASKING, LISTS, OPERATIONS, World, by_tag, every_row, rows_of

WITH_BODY = [op for op in OPERATIONS if op["body"]]

DEEP: Any = []
for _ in range(40):
    DEEP = [DEEP]

# What no field of the type can mean.
NONSENSE: dict[str, list[Any]] = {
    "number": ["abc", 1.5, "1.5", True, [], {}, 2**63, 2**64, 10**30, "1e5", "", "\u0000", "١٢", -(2**63)],
    "amount": [0, -1, 18_446_744_073_710],
    "string": [5, 1.5, True, [], {}, "a\u0000b", "x" * 100_001],
    "date-time": ["yesterday", "2026-13-01T00:00:00Z", 5, [], "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"],
    "boolean": ["yes", 0, 1, "true", [], {}, None],
    "array": ["x", 5, {}, [5], [{}], [["a\u0000b"]], [None], ["x" * 100_001]],
    "object": ["x", 5, [], True, {"a": "\u0000"}, {"\u0000": 1}],
    "enum": ["maybe", 5, "", []],
}


MONEY = {"discountAmount", "minSpendValue", "total", "discountedTotal"}


def nonsense_for(field: dict[str, Any]) -> list[Any]:
    if "enum" in field:
        return NONSENSE["enum"]
    found = list(NONSENSE[field.get("format") or field["type"]])
    if field["name"] in ("amount", "captureAmount", "maxSupply") and field.get("min") is None:
        found += NONSENSE["amount"] if field["name"] != "maxSupply" else NONSENSE["amount"][1:]
    if field["name"] in MONEY:
        # Money has fractions, and at most 11 digits before the point.
        found = [value for value in found if value not in (1.5, "1.5")] + [-1, 1.23456, 1e300, "1.23456"]
    if field["name"] == "externalEventDate":
        found.append("2999-01-01T00:00:00Z")
    if field["required"]:
        found.append(None)
    return [*found, DEEP]


def cases(fields: list[dict[str, Any]], path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """(where in the body, what to put there)."""
    for field in fields:
        here = (*path, field["name"])
        for value in nonsense_for(field):
            yield here, value
        if field["type"] == "array" and field["items"].get("properties"):
            yield from cases(field["items"]["properties"], (*here, 0))


@pytest.fixture
def world(db: None, worlds: tuple[World, World]) -> World:
    return deepcopy(worlds[0])


@pytest.fixture
def house(world: World) -> House:
    return world.house


def is_refused(answer: Any) -> bool:
    """A 4xx in the envelope, or a batch that tells the failure of its one item."""
    if answer.status_code < 400:
        told = [*answer.body.get("nodes", ()), *answer.body.get("results", ())]
        return bool(answer.body.get("failed")) or any("error" in one for one in told)
    assert answer.status_code < 500, answer.content
    assert set(answer.body) - {"details"} == {"statusCode", "error", "message", "code"}
    return True


# Not used for now, says the document.
MAY_BE_ANYTHING = {("processLedgerTransactionBatch", "organizationId")}


@pytest.mark.parametrize("op", WITH_BODY, ids=lambda op: op["operationId"])
def test_no_field_takes_nonsense(world: World, api: Api, op: dict[str, Any]) -> None:
    before = every_row()
    accepted = []
    for where, value in cases(op["body"]):
        if (op["operationId"], where[-1]) in MAY_BE_ANYTHING or (
            where[-1] in ("memberIds", "audienceIds") and value == [5]
        ):
            continue
        body = json.loads(json.dumps(world.body(op)))
        container = body
        for step in where[:-1]:
            container = container[step]
        container[where[-1]] = value
        answer = api.send(op["method"], world.path(op), body)
        if not is_refused(answer):
            accepted.append((where[-1], value))
            continue
        assert every_row() == before, (where, value)
    assert accepted == []


NO_BODIES = (
    b"",
    b"null",
    b"[]",
    b"5",
    b'"text"',
    b"{",
    b'{"amount": NaN}',
    b'{"amount": Infinity}',
    b'{"amount": 1e400}',
    b"\xff\xfe",
    b'{"a": "\\ud800"}',
    b"[" * 100_000,
    b'{"a":' * 5000 + b"1" + b"}" * 5000,
)


@by_tag(WITH_BODY)
def test_no_operation_takes_a_body_that_is_none(world: World, api: Api, ops: list[dict[str, Any]]) -> None:
    for op in ops:
        before = every_row()
        for body in NO_BODIES:
            answer = api.send(op["method"], world.path(op), body)
            optional = not any(field["required"] for field in op["body"]) and body == b""
            if op["operationId"] == "updateLedgerAccountSupply" and optional:
                assert answer.body == {"transactions": []}
            elif (op["method"] == "PATCH" or op["operationId"] == "setMemberTier") and optional:
                assert answer.status_code == 200
            else:
                assert is_refused(answer), (op["operationId"], body[:40], answer.content)
            assert every_row() == before, (op["operationId"], body[:40])


def test_a_body_of_another_type_is_415(world: World, api: Api) -> None:
    path = world.path(next(op for op in OPERATIONS if op["operationId"] == "createLedger"))
    answer = api.client.post(
        path,
        "name=x",
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": f"Bearer {api.token}"},
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_an_oversized_body_is_413(world: World, api: Api, settings: Any) -> None:
    settings.MAX_BODY_BYTES = 1000
    answer = api.post("ledgers", {"name": "x" * 1000})
    assert (answer.status_code, answer.body["code"]) == (413, "PAYLOAD_TOO_LARGE")


def test_a_method_no_operation_has_is_405(world: World, api: Api) -> None:
    answer = api.send("DELETE", f"ledgers/{world.house.ledger.pk}")
    assert (answer.status_code, answer.body["code"]) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("path", ["nope", "ledgers/abc", "ledgers/1/", "ledgers/-1", "ledgers/1.5", "ledgers/%00"])
def test_an_address_nobody_has_is_404_in_the_envelope(api: Api, path: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.body["code"]) == (404, "NOT_FOUND")


def test_a_type_no_answer_has_is_406(api: Api) -> None:
    answer = api.send("GET", "ledgers", Accept="text/html")
    assert (answer.status_code, answer.body["code"]) == (406, "NOT_ACCEPTABLE")


QUERIES = [
    "limit=26",
    "limit=0",
    "limit=-1",
    "limit=x",
    "limit=1.5",
    "limit=" + "9" * 30,
    "page=-1",
    "page=x",
    "page=" + "9" * 30,
    "order=nope",
    "order=createdAt,sideways",
    "order=organization__key",
    "order=%00",
]


@by_tag(LISTS)
def test_a_list_is_refused_what_it_cannot_mean(world: World, api: Api, ops: list[dict[str, Any]]) -> None:
    for op in ops:
        for query in QUERIES:
            answer = api.get(world.path(op) + "?" + query)
            assert (answer.status_code, answer.body["code"]) == (400, "INVALID_INPUT"), (op["operationId"], query)


@by_tag(ASKING)
def test_a_query_is_refused_what_it_cannot_mean(world: World, api: Api, ops: list[dict[str, Any]]) -> None:
    for op in ops:
        for field in op["queryParams"]:
            if op in LISTS and field["name"] in ("page", "limit", "order"):
                continue
            bad = ["%00", "x" * 3000]
            if field["type"] == "number":
                bad += ["abc", "1.5", "-1", "9" * 30, "%D9%A1"]
            if field["type"] == "boolean":
                bad += ["maybe"]
            if field.get("format") == "date-time":
                bad += ["yesterday", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00%2B14:00"]
            for value in bad:
                answer = api.get(f"{world.path(op)}?{field['name']}={value}")
                assert (answer.status_code, answer.body["code"]) == (400, "INVALID_INPUT"), (
                    op["operationId"],
                    field["name"],
                    value,
                )


@by_tag(LISTS)
def test_a_page_far_behind_the_last_is_empty(world: World, api: Api, ops: list[dict[str, Any]]) -> None:
    for op in ops:
        answer = api.get(world.path(op) + "?page=9007199254740991")
        assert answer.status_code == 200, op["operationId"]
        assert rows_of(answer.body) == [], op["operationId"]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
        max_leaves=12,
    )
)
def test_no_json_at_all_breaks_a_mint(world: World, api: Api, body: Any) -> None:
    path = world.path(next(op for op in OPERATIONS if op["operationId"] == "mintWalletPoints"))
    answer = api.send("POST", path, json.dumps(body).encode())
    assert answer.status_code < 500
