"""Every field of every operation, given every kind of nonsense: a clear 4xx in the vendor's shape, nothing moved."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from members.models import Member
from tests.dialects.open_loyalty.counter import Counter, Shop
from tests.dialects.open_loyalty.operations import FORMS, OPERATIONS, World, upload
from tests.walk import every_row

BLANK, WRONG = "This value should not be blank.", "This value is not valid."
NOT_A_UUID = "This is not a valid UUID."
LONG = "x" * 100_001

# For each child: what is sent, and (where it matters) what is said.
NONSENSE: dict[str, list[tuple[Any, str]]] = {
    "customer": [
        (None, BLANK),
        ("", BLANK),
        (5, WRONG),
        (True, WRONG),
        ([], WRONG),
        (["a"], WRONG),
        ({}, WRONG),
        ("nonsense", NOT_A_UUID),
        ("a\u0000b", WRONG),
        (LONG, NOT_A_UUID),
        ("{00000000-0000-474c-b092-b0dd880c07e1}", NOT_A_UUID),
        ("0000000000-0000-474c-b092-b0dd880c07", NOT_A_UUID),
    ],
    "party": [
        (None, BLANK),
        ("", BLANK),
        ("  ", BLANK),
        (5, WRONG),
        (True, WRONG),
        ([], WRONG),
        ({"a": 1}, WRONG),
        ("nobody@example.com", BLANK),
        ("a\u0000b", WRONG),
        (LONG, WRONG),
    ],
    "points": [
        (None, BLANK),
        ("", BLANK),
        ("abc", WRONG),
        (True, WRONG),
        ([5], WRONG),
        ({}, WRONG),
        ("1e2", WRONG),
        ("NaN", WRONG),
        ("Infinity", WRONG),
        ("1,5", WRONG),
        ("١٢", WRONG),
        ("5\u0000", WRONG),
        ("0x10", WRONG),
        (1e300, WRONG),
        (10**25, ""),
        ("9" * 400, WRONG),
        (0, ""),
        (-5, ""),
        ("-0.01", ""),
        (1.005, ""),
        ("1.001", ""),
        (10**18, ""),
        (2**63, ""),
        (2**64, ""),
        ("1 000", WRONG),
        (".5", WRONG),
        ("5.", WRONG),
        ("--5", WRONG),
        (LONG, WRONG),
    ],
    "validityDuration": [
        (0, "This value should be 1 or more."),
        (-1, "This value should be 1 or more."),
        ("abc", WRONG),
        (1.5, WRONG),
        (True, WRONG),
        ([1], WRONG),
        ({}, WRONG),
        (10**18, "This value should be 36500 or less."),
        ("9" * 400, WRONG),
        ("36501", "This value should be 36500 or less."),
        ("7\u0000", WRONG),
    ],
    "comment": [
        (5, WRONG),
        (True, WRONG),
        ([], WRONG),
        ({}, WRONG),
        ("a\u0000b", WRONG),
        ("x" * 1001, "This value is too long. It should have 1000 characters or less."),
    ],
}
KIND = {"sender": "party", "receiver": "party"}
WITH_FORM = [op for op in OPERATIONS if op[0] in FORMS]


@pytest.fixture
def world(shop: Shop, alice: Member, bob: Member) -> World:
    return World(shop, alice, bob)


def client_for(world: World, name: str) -> Counter:
    if name == "sendOwnPoints":
        return world.shop.customer(world.member)
    return world.shop.seller() if name.endswith("AsSeller") else world.shop.with_key()


def is_form_problem(answer: Any, name: str) -> None:
    assert answer.status_code == 400, (answer.status_code, answer.content)
    assert set(answer.body) == {"form", "errors"}
    assert list(answer.body["form"]) == ["children"]
    assert tuple(answer.body["form"]["children"]) == FORMS[name]


@pytest.mark.parametrize("operation", WITH_FORM, ids=lambda op: op[0])
def test_no_child_of_a_form_takes_nonsense(world: World, operation: tuple[str, str, str, str]) -> None:
    name, _, path, _ = operation
    client = client_for(world, name)
    before = every_row()
    for child in FORMS[name]:
        for value, says in NONSENSE[KIND.get(child, child)]:
            answer = client.json(world.path(path), {"transfer": {**world.form(name), child: value}})
            is_form_problem(answer, name)
            told = answer.body["form"]["children"]
            # No body of JSON may hold a NUL: that is said of the whole form.
            is_nul = isinstance(value, str) and "\x00" in value
            assert [one for one in told if told[one]] == ([] if is_nul else [child]), (child, value)
            assert len(answer.body["errors"]) == is_nul
            assert is_nul or not says or told[child] == {"errors": [says]}, (child, value)
            if isinstance(value, str):
                form = {f"transfer[{one}]": text for one, text in {**world.form(name), child: value}.items()}
                is_form_problem(client.send("POST", world.path(path), urlencode(form)), name)
    for missing in set(FORMS[name]) - {"comment", "validityDuration"}:
        form = {one: value for one, value in world.form(name).items() if one != missing}
        answer = client.json(world.path(path), {"transfer": form})
        is_form_problem(answer, name)
        assert answer.body["form"]["children"][missing] == {"errors": [BLANK]}
    assert every_row() == before


@pytest.mark.parametrize("operation", WITH_FORM, ids=lambda op: op[0])
def test_no_operation_takes_a_body_that_is_none(world: World, operation: tuple[str, str, str, str]) -> None:
    name, _, path, _ = operation
    client, address, good = client_for(world, name), world.path(path), world.form(name)
    before = every_row()
    bodies = (
        b"",
        b"{}",
        b"[]",
        b"5",
        b"null",
        b'"x"',
        b"{",
        b"\xff",
        b'{"transfer": []}',
        b'{"transfer": 5}',
        b'{"transfer": null}',
        b'{"transfer": {"points": NaN}}',
        b'{"transfer": {"points": Infinity}}',
        b'{"transfer": {"points": 1e400}}',
        b"[" * 50_000,
        b'{"transfer": {"a": "\\ud800"}}',
    )
    for body in bodies:
        is_form_problem(client.send("POST", address, body, "application/json"), name)
    for body in ("", "transfer=5", "transfer[points]", "%ff=%ff", "transfer[points][]=5", "&" * 10, "a=1"):
        is_form_problem(client.send("POST", address, body), name)
    is_form_problem(client.send("POST", address, b"nonsense", "multipart/form-data; boundary=x"), name)
    is_form_problem(client.send("POST", address, b"nonsense", "multipart/form-data"), name)
    is_form_problem(client.send("POST", address, "&".join(f"a{n}=1" for n in range(1_001))), name)
    extra = client.json(address, {"transfer": {**good, "more": 1}})
    is_form_problem(extra, name)
    assert extra.body["errors"] == ["This form should not contain extra fields."]
    file = encode_multipart(
        BOUNDARY, {**{f"transfer[{one}]": two for one, two in good.items()}, "transfer[points]": _file()}
    )
    is_form_problem(client.send("POST", address, file, MULTIPART_CONTENT), name)
    answer = client.send("POST", address, json.dumps({"transfer": good}).encode(), "application/xml")
    assert (answer.status_code, answer.body["error"]["code"]) == (415, 415)
    assert every_row() == before


def _file() -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile("x.txt", b"5")


def test_a_body_that_is_too_long_is_413(world: World, settings: Any) -> None:
    settings.MAX_BODY_BYTES = 10_000
    settings.POINTS_IMPORT_MAX_BYTES = 10_000
    before = every_row()
    for name, method, path, _ in OPERATIONS:
        if method == "POST":
            for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
                answer = client_for(world, name).send("POST", world.path(path), b"x" * 10_001, kind)
                assert (answer.status_code, answer.body["error"]["code"]) == (413, 413), (name, kind)
    skip = ("loyalty.", "members.Seller", "members.MemberPassword")
    assert {t: r for t, r in every_row().items() if not t.startswith(skip)} == {
        t: r for t, r in before.items() if not t.startswith(skip)
    }


@pytest.mark.parametrize("operation", WITH_FORM, ids=lambda op: op[0])
def test_form_multipart_and_json_are_one(world: World, operation: tuple[str, str, str, str]) -> None:
    name, _, path, _ = operation
    client, address, good = client_for(world, name), world.path(path), world.form(name)
    form = {f"transfer[{one}]": value for one, value in good.items()}
    answers = (
        client.send("POST", address, urlencode(form)),
        client.send("POST", address, encode_multipart(BOUNDARY, form), MULTIPART_CONTENT),
        client.json(address, {"transfer": good}),
        client.json(address, {"transfer": {**good, "points": 1.5}}),
    )
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.body["pointsTransferId"] for answer in answers}) == 4


CROOKED = [
    "",
    "x",
    "-1",
    "9" * 400,
    "\x00",
    "[]",
    "%",
    "'",
    "١",
    "NaN",
    "1e9",
    "0",
    "2030-13-45",
    "9999-12-31",
    "0001-01-01",
    LONG[:5000],
]
LIST_PARAMS = (
    "page",
    "perPage",
    "sort",
    "direction",
    "state[]",
    "state",
    "type",
    "customerFirstName",
    "customerLastName",
    "customerPhone",
    "customerEmail",
    "customerId",
    "customerLoyaltyCardNumber",
    "value",
    "comment",
    "issuer",
    "createdAt",
    "expiresAt",
    "lockedUntil",
    "willExpireTill",
    "_page",
    "_itemsOnPage",
    "_orderBy",
    "unknown",
    "_orderBy[x]",
)


@pytest.mark.parametrize("name", LIST_PARAMS)
def test_no_list_breaks_on_a_crooked_parameter(world: World, name: str) -> None:
    till, customer = world.shop.with_key(), world.shop.customer(world.member)
    before = every_row()
    for value in CROOKED:
        for client, path in ((till, "points/transfer"), (customer, "customer/points/transfer")):
            answer = client.get(path, also={name: value})
            assert answer.status_code == 200, (value, answer.content)
            assert set(answer.body) <= {"transfers", "total", "totalIsCapped"}
    skip = ("loyalty.ApiCredential",)
    assert {t: r for t, r in every_row().items() if t not in skip} == {t: r for t, r in before.items() if t not in skip}


@pytest.mark.parametrize("name", ["interval", "lastDays", "futureDays", "pointType"])
def test_no_histogram_takes_nonsense(world: World, name: str) -> None:
    till = world.shop.with_key()
    for value in CROOKED[1:]:
        if (name.endswith("Days") and value == "0") or not value:
            continue
        answer = till.get("points/transfers", also={name: value})
        assert answer.status_code == 400, value
        told = answer.body["form"]["children"]
        assert list(told) == ["interval", "lastDays", "futureDays", "pointType"]
        assert [one for one in told if told[one]] == [name]


BROKEN = {
    "nothing": b"",
    "text": b"nonsense",
    "another root": b"<a/>",
    "no rows": b"<pointsTransfers></pointsTransfers>",
    "cut off": b"<pointsTransfers><pointsTransfer><points>5</points>",
    "entities": b'<!DOCTYPE a [<!ENTITY b "c">]><pointsTransfers><a>&b;</a></pointsTransfers>',
    "outside": b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><pointsTransfers/>',
    "deep": b"<pointsTransfers>" + b"<a>" * 1000,
    "endless": b"<pointsTransfers><pointsTransfer><comment>" + b"x" * 1_100_000,
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("why", BROKEN)
def test_no_file_that_is_broken_books_anything(world: World, why: str) -> None:
    till = world.shop.with_key()
    before = every_row()
    answer = till.send("POST", "points/transfer/import", *upload(BROKEN[why]))
    assert answer.status_code == 400, answer.content
    assert list(answer.body["form"]["children"]) == ["file"]
    assert len(answer.body["form"]["children"]["file"]["errors"]) == 1
    assert every_row() == before


def test_no_file_is_a_form_problem(world: World) -> None:
    till = world.shop.with_key()
    before = every_row()
    for body, kind in (
        (urlencode({"file[file]": "C:\\fakepath\\points.xml"}), "application/x-www-form-urlencoded"),
        (b"", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b'{"file": {"file": "x"}}', "application/json"),
        (b"[]", "application/json"),
        (b"nonsense", "multipart/form-data; boundary=x"),
        upload(b"<a/>", "file"),
    ):
        answer = till.send("POST", "points/transfer/import", body, kind)
        assert answer.status_code == 400
        assert set(answer.body["form"]["children"]) == {"file"}
    assert every_row() == before
