"""The published OpenAPI document of the core API, held against the contract field by field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.walk import OPERATIONS, has_the_keys_of

LIMITS = {"min": "minimum", "max": "maximum", "minLength": "minLength", "maxLength": "maxLength"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads(Client(SERVER_NAME="127.0.0.1").get("/api/schema/core.json").content)


def opened(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema behind references."""
    while "$ref" in schema or "allOf" in schema:
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        else:
            rest = {name: value for name, value in schema.items() if name != "allOf"}
            schema = {**opened(document, schema["allOf"][0]), **rest}
    return schema


def operation(document: dict[str, Any], op: dict[str, Any]) -> dict[str, Any]:
    return document["paths"]["/api/v1" + op["path"]][op["method"].lower()]


def check_value(document: dict[str, Any], where: str, said: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Type, format, enum, default and limits of one field or parameter."""
    assert said["type"] == wanted["type"], where
    assert sorted(said.get("enum", ())) == sorted(wanted.get("enum", ())), where
    if "format" in wanted:
        assert said["format"] == wanted["format"], where
    if "default" in wanted:
        assert said["default"] == wanted["default"], where
    for ours, theirs in LIMITS.items():
        if ours in wanted:
            assert said.get(theirs) == wanted[ours], f"{where} {ours}"
        elif ours in ("min", "max"):
            assert theirs not in said or where.startswith("path "), f"{where} has a {ours} the contract has not"
    if wanted["type"] == "array" and wanted["items"].get("properties"):
        check_body(document, where, opened(document, said["items"]), wanted["items"]["properties"])


def check_body(document: dict[str, Any], where: str, said: dict[str, Any], wanted: list[dict[str, Any]]) -> None:
    """The fields of an object: the contract's, and which of them are required."""
    extensions = {"ledgerTransactionId"} if where == "revertLedgerTransaction" else set()
    assert set(said["properties"]) - extensions == {field["name"] for field in wanted}, where
    assert set(said.get("required", ())) == {field["name"] for field in wanted if field["required"]}, where
    for field in wanted:
        check_value(document, f"{where}.{field['name']}", opened(document, said["properties"][field["name"]]), field)


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op["operationId"])
def test_the_operation_is_published_as_the_contract_has_it(document: dict[str, Any], op: dict[str, Any]) -> None:
    said = operation(document, op)
    assert said["operationId"] == op["operationId"]
    assert said["tags"] == [op["tag"]]
    assert said["security"] == [{"bearer": []}]
    for where, wanted in (("path", op["pathParams"]), ("query", op["queryParams"])):
        given = {p["name"]: p for p in said.get("parameters", ()) if p["in"] == where}
        assert set(given) == {field["name"] for field in wanted}
        for field in wanted:
            parameter = given[field["name"]]
            assert parameter.get("required", False) == (where == "path" or field["required"])
            check_value(document, f"{where} {field['name']}", opened(document, parameter["schema"]), field)


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op["operationId"])
def test_the_body_is_the_contracts_field_by_field(document: dict[str, Any], op: dict[str, Any]) -> None:
    said = operation(document, op).get("requestBody")
    if not op["body"]:
        assert said is None
        return
    schema = opened(document, said["content"]["application/json"]["schema"])
    check_body(document, op["operationId"], schema, op["body"])


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op["operationId"])
def test_the_answer_has_the_contracts_status_and_envelope(document: dict[str, Any], op: dict[str, Any]) -> None:
    responses = operation(document, op)["responses"]
    answer = responses[str(op["response"]["status"])]
    schema = opened(document, answer["content"]["application/json"]["schema"])
    sample = op["response"]["sampleKeys"]
    if isinstance(sample, dict):
        assert has_the_keys_of(op, schema["properties"])
    else:
        assert schema["type"] == {list: "array", bool: "boolean"}[type(sample)]


def test_nothing_is_published_that_the_contract_does_not_have(document: dict[str, Any]) -> None:
    ours = {op["operationId"] for ops in document["paths"].values() for op in ops.values()}
    assert ours == {op["operationId"] for op in OPERATIONS} | {"signIn"}


def test_the_contract_has_162_operations() -> None:
    assert len({op["operationId"] for op in OPERATIONS}) == len(OPERATIONS) == 162
