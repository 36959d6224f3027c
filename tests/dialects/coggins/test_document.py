"""The published OpenAPI document: exactly the contract's operations, valid, drawn without a warning."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

OPERATIONS = {
    ("post", "/api/v1/points"),
    ("get", "/api/v1/points/{csapikey}/email/{email}/Full"),
    ("post", "/api/v1/points/{apikey}/INSTANT"),
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads(Client(SERVER_NAME="127.0.0.1").get("/api/schema/coggins.json").content)


def test_the_document_has_exactly_the_contracts_operations(document: dict[str, Any]) -> None:
    assert {(method, path) for path, methods in document["paths"].items() for method in methods} == OPERATIONS


def test_the_document_is_valid() -> None:
    from drf_spectacular.validation import validate_schema

    validate_schema(json.loads(Client(SERVER_NAME="127.0.0.1").get("/api/schema/coggins.json").content))


def test_the_document_is_drawn_without_a_warning() -> None:
    from drf_spectacular.drainage import GENERATOR_STATS
    from drf_spectacular.generators import SchemaGenerator

    GENERATOR_STATS.reset()
    SchemaGenerator(urlconf="loyalty.dialects.coggins.urls").get_schema(request=None, public=True)
    assert not GENERATOR_STATS


def test_arrays_are_taken_and_answered(document: dict[str, Any]) -> None:
    for method, path in OPERATIONS:
        said = document["paths"][path][method]
        answer = said["responses"]["200"]["content"]["application/json"]["schema"]
        assert (answer.get("type") == "array") == (method == "post")
        if method == "post":
            assert said["requestBody"]["content"]["application/json"]["schema"]["type"] == "array"


def test_the_words_are_the_documents(document: dict[str, Any]) -> None:
    shapes = document["components"]["schemas"]
    assert set(shapes["ClaimRowRequest"]["properties"]) == {"amount", "email", "customerType", "expires"}
    assert shapes["ClaimRowRequest"]["required"] == ["amount"]
    more = {"claimToken", "claimUrl", "created", "message"}
    assert set(shapes["ClaimAnswer"]["properties"]) == {*shapes["ClaimRowRequest"]["properties"], *more}
    assert set(shapes["PointsAnswer"]["properties"]) == {"AvailablePoints", "UsedPoints"}
    assert set(shapes["EditRowRequest"]["required"]) == {"amount", "email"}


def test_the_key_may_come_in_the_query_or_in_a_header(document: dict[str, Any]) -> None:
    assert document["paths"]["/api/v1/points"]["post"]["security"] == [{"csapikey": []}, {"CogginsAPIKey": []}]
    assert document["components"]["securitySchemes"] == {
        "csapikey": {"type": "apiKey", "in": "query", "name": "csapikey"},
        "CogginsAPIKey": {"type": "apiKey", "in": "header", "name": "CogginsAPIKey"},
    }


def test_the_document_is_among_the_others_and_its_page_loads_nothing_from_outside() -> None:
    web = Client(SERVER_NAME="127.0.0.1")
    assert "/api/docs/coggins/" in web.get("/api/docs/").content.decode()
    assert web.get("/api/docs/coggins/").status_code == 200
