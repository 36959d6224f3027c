"""The published OpenAPI document is the contract's, and every operation answers in its shape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client

from tests.dialects.cosmopoints.world import Cosmo, calls

CONTRACT = Path(__file__).parents[2] / "contracts" / "cosmopoints_operations.yaml"
OPERATIONS: list[dict[str, Any]] = yaml.safe_load(CONTRACT.read_text())["operations"]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads(Client(SERVER_NAME="127.0.0.1").get("/api/schema/cosmopoints.json").content)


def shape_of(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema itself, where it is named elsewhere."""
    if "$ref" not in schema:
        return schema
    return document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]


def named(words: list[str]) -> tuple[set[str], set[str]]:
    """All of the names, and those that are required."""
    return {word.rstrip("*") for word in words}, {word.rstrip("*") for word in words if word.endswith("*")}


def test_the_document_has_exactly_the_contracts_operations(document: dict[str, Any]) -> None:
    drawn = {
        (method, path, said["operationId"])
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    }
    assert drawn == {(op["method"], op["path"], op["operationId"]) for op in OPERATIONS}


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op["id"])
def test_parameters_bodies_and_answers_are_the_contracts(document: dict[str, Any], op: dict[str, Any]) -> None:
    said = document["paths"][op["path"]][op["method"]]
    asked = [parameter for parameter in said.get("parameters", []) if parameter["in"] == "query"]
    assert ({one["name"] for one in asked}, {one["name"] for one in asked if one.get("required")}) == named(
        op.get("query", [])
    )
    assert set(said["responses"]) >= {str(op["status"]), "401"}
    if op.get("body"):
        body = shape_of(document, said["requestBody"]["content"]["application/json"]["schema"])
        assert (set(body["properties"]), set(body.get("required", []))) == named(op["body"])
    answer = shape_of(document, said["responses"][str(op["status"])]["content"]["application/json"]["schema"])
    if op.get("list"):
        assert answer["type"] == "array"
        answer = shape_of(document, answer["items"])
    if op["answer"]:
        assert set(answer["properties"]) == set(op["answer"])
    if "item" in op:
        assert set(shape_of(document, answer["properties"]["data"]["items"])["properties"]) == set(op["item"])


def test_every_operation_answers_what_the_contract_says(cosmo: Cosmo) -> None:
    good = calls(cosmo)
    for op in sorted(OPERATIONS[1:], key=lambda op: op["method"], reverse=True):
        answer = cosmo.send(*good[op["id"]])
        assert answer.status_code == op["status"], (op["id"], answer.content)
        rows = answer.body if op.get("list") else [answer.body]
        assert rows, op["id"]
        if op["answer"]:
            assert all(set(row) == set(op["answer"]) for row in rows), op["id"]
        if "item" in op:
            assert answer.body["data"]
            assert all(set(row) == set(op["item"]) for row in answer.body["data"]), op["id"]


def test_the_sign_in_takes_both_forms_as_json_and_as_a_form(document: dict[str, Any]) -> None:
    said = document["paths"]["/v1/auth/token"]["post"]
    assert {"application/json", "application/x-www-form-urlencoded"} <= set(said["requestBody"]["content"])
    forms = said["requestBody"]["content"]["application/json"]["schema"]
    assert len(shape_of(document, forms)["oneOf"]) == 2


def test_the_document_is_valid_and_drawn_without_a_warning(document: dict[str, Any]) -> None:
    from drf_spectacular.drainage import GENERATOR_STATS
    from drf_spectacular.generators import SchemaGenerator
    from drf_spectacular.validation import validate_schema

    validate_schema(document)
    GENERATOR_STATS.reset()
    SchemaGenerator(urlconf="loyalty.dialects.cosmopoints.urls").get_schema(request=None, public=True)
    assert not GENERATOR_STATS


def test_the_document_is_among_the_others(document: dict[str, Any]) -> None:
    web = Client(SERVER_NAME="127.0.0.1")
    assert "/api/docs/cosmopoints/" in web.get("/api/docs/").content.decode()
    assert web.get("/api/docs/cosmopoints/").status_code == 200
