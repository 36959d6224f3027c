"""The published document of Open Loyalty's API, its refusals, and the vendor's own examples."""

from __future__ import annotations

import json
import re
import warnings
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.validation import validate_schema

from loyalty.dialects.open_loyalty.problems import row_of
from loyalty.kernel.errors import DomainError
from loyalty.kernel.numbered import uuid_of
from members.models import Member
from tests.dialects.open_loyalty.counter import Counter, Shop
from tests.dialects.open_loyalty.operations import FORMS, OPERATIONS, SIGNINS
from tests.house import House


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return json.loads(Client(SERVER_NAME="127.0.0.1").get("/api/schema/open-loyalty.json").content)


def test_it_has_exactly_the_contracts_operations(document: dict[str, Any]) -> None:
    told = {
        (operation["operationId"], method.upper(), path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert told == {one[:3] for one in (*OPERATIONS, *SIGNINS)}


def test_it_is_a_valid_document(document: dict[str, Any], capsys: Any) -> None:
    validate_schema(document)
    assert capsys.readouterr().err == ""


def test_its_forms_have_the_forms_children(document: dict[str, Any]) -> None:
    for name, method, path, _ in OPERATIONS:
        if name in FORMS:
            content = document["paths"][path][method.lower()]["requestBody"]["content"]
            assert set(content) == {"application/x-www-form-urlencoded", "application/json", "multipart/form-data"}
            shape = content["application/x-www-form-urlencoded"]["schema"]["$ref"].rsplit("/", 1)[1]
            assert set(document["components"]["schemas"][shape]["properties"]) == {
                f"transfer[{child}]" for child in FORMS[name]
            }


def test_it_can_be_browsed_and_loads_nothing_from_outside(db: None) -> None:
    page = Client(SERVER_NAME="127.0.0.1").get("/api/docs/open-loyalty/").content.decode()
    assert not re.findall(r"(?:src|href)=\"https?:", page)


def subclasses(kind: type[DomainError]) -> set[type[DomainError]]:
    return {kind}.union(*(subclasses(one) for one in kind.__subclasses__()))


def test_every_refusal_has_a_row() -> None:
    ours = {one for one in subclasses(DomainError) if not one.__module__.startswith("tests.")}
    assert len(ours) > 30
    # The root itself is never raised; everything else is of a family.
    assert {one for one in ours if row_of(one) is None and ".admin." not in one.__module__} <= {DomainError}


EXAMPLES = (
    ("add", {"transfer[customer]": "b9af6a8c-9cc5-4924-989c-e4af614ab2a3", "transfer[points]": "9"}),
    ("spend", {"transfer[customer]": "b9af6a8c-9cc5-4924-989c-e4af614ab2a3", "transfer[points]": "1"}),
    ("block", {"transfer[customer]": "b9af6a8c-9cc5-4924-989c-e4af614ab2a3", "transfer[points]": "9"}),
)
HEADERS = {"Accept": "application/json"}


def test_the_published_examples_work_as_they_are_printed(house: House, shop: Shop, alice: Member, bob: Member) -> None:
    """The requests of the vendor's page, verbatim but for the token."""
    Member.objects.filter(pk=alice.pk).update(customer_id="b9af6a8c-9cc5-4924-989c-e4af614ab2a3")
    Member.objects.filter(pk=bob.pk).update(customer_id="b9af6a8c-9cc5-4924-989c-e4af614ab3c5")
    admin = shop.staff()
    admin.headers |= HEADERS
    house.give(alice, 100_000)
    for what, form in EXAMPLES:
        data = "&".join(f"{name}={value}" for name, value in form.items())
        answer = admin.send("POST", f"/api/DEFAULT/points/transfer/{what}", data)
        assert (answer.status_code, set(answer.body)) == (200, {"pointsTransferId"})
    data = (
        "transfer[sender]=b9af6a8c-9cc5-4924-989c-e4af614ab2a3&transfer[receiver]=b9af6a8c-9cc5-4924-989c-e4af614ab3c5"
        "&transfer[points]=100"
    )
    assert admin.send("POST", "/api/DEFAULT/admin/p2p-points-transfer", data).status_code == 200
    alice.refresh_from_db()
    customer = shop.customer(alice)
    customer.headers |= HEADERS
    data = "transfer[receiver]=b9af6a8c-9cc5-4924-989c-e4af614ab3c5&transfer[points]=100"
    assert customer.send("POST", "/api/DEFAULT/customer/points/p2p-transfer", data).status_code == 200
    assert house.balance(bob) == (20_000, 0, 0)
    for path in ("/api/DEFAULT/points/transfer", "/api/DEFAULT/points/transfers"):
        assert admin.get(path).status_code == 200
    assert customer.get("/api/DEFAULT/customer/points/transfer").status_code == 200
    for how in ("cancel", "activate", "expire"):
        path = f"/api/DEFAULT/points/transfer/313cf0c1-5376-4f66-9de3-77943760423a/{how}"
        assert admin.send("POST", path).status_code == 404
    data = "file[file]=C:\\\\fakepath\\\\points.xml"
    assert admin.send("POST", "/api/DEFAULT/points/transfer/import", data).status_code == 400


def test_ids_lead_back_to_their_rows(till: Counter, alice: Member) -> None:
    made = till.add(alice, 1)
    shown = till.shown(made)
    assert shown["accountId"] == str(uuid_of("wallet", alice.wallet_id))
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", made)
