"""The published document, the vendor's examples as they are printed, and a name for every refusal."""

from __future__ import annotations

import importlib
import json
import warnings
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.validation import validate_schema

from ledger.models import Balance
from loyalty.dialects.engage.problems import PROBLEMS, row_of
from loyalty.kernel.errors import DomainError
from members.models import Member
from tests import factories
from tests.dialects.engage.walk import OPERATIONS, calls
from tests.dialects.engage.world import ACCOUNTS, BULK, TRANSACTIONS, Engage, account_of
from tests.house import House

pytestmark = pytest.mark.usefixtures("noon")

# As the vendor prints them.
SINGLE = """{
  "accountId": "00000000-0000-0000-0000-000000000000",
  "transactionId": "00000000-0000-0000-0000-000000000000",
  "transactionType": "Addition",
  "amount": 0,
  "description": "string",
  "source": "Automation",
  "transactionDate": "2024-11-13T08:16:27.949Z",
  "validFrom": "2024-11-13T08:16:27.949Z",
  "validTo": "2024-11-13T08:16:27.949Z"
}"""
SEVERAL = """[
  {
    "contactId": "111111fa6-103b-459b-8d01-b6c000e8e26a",
    "amount": 12,
    "definitionId": 1,
    "timeStamp": "2023-06-01T08:40:51.658Z",
    "source": "Purchase",
    "description": "Gilded gauntlets",
    "validFrom": "2023-06-16T08:40:51.658Z",
    "validTo": "2024-06-16T08:40:51.658Z"
  }
]"""
CONTACT = "11111fa6-103b-459b-8d01-b6c000e8e26a"


def test_the_documents_single_transaction_is_understood(engage: Engage, house: House, alice: Member) -> None:
    # Its account is nobody's.
    engage.refuses("POST", TRANSACTIONS, SINGLE.encode(), 404, "PointAccountNotFound")
    house.give(alice, 100)
    said = json.loads(SINGLE) | {"accountId": account_of(house, alice)}
    assert engage.refuses("POST", TRANSACTIONS, said, 400, "ValidationFailed") == "amount must not be 0."
    said |= {"amount": 5, "validTo": "2031-11-13T08:16:27.949Z"}
    assert engage.post(TRANSACTIONS, said).body == {"transactionId": said["transactionId"]}
    assert house.balance(alice) == (600, 0, 0)


def test_the_documents_bulk_is_understood(engage: Engage, house: House) -> None:
    # Its contact has a digit too many to be a GUID.
    answer = engage.post(BULK, SEVERAL.encode())
    assert (answer.status_code, answer.body["notAccepted"]) == (202, json.loads(SEVERAL))
    assert answer.body["errorMessages"] == ["Item 0: contactId must be a GUID."]
    known = factories.MemberFactory(organization=house.organization, customer_id=CONTACT)
    good = SEVERAL.replace("111111fa6-", "11111fa6-").replace(
        '"definitionId": 1', f'"definitionId": {house.account.pk}'
    )
    assert engage.post(BULK, good.encode()).body["notAccepted"] == []
    # What was earned then has been good for a year, and is gone.
    account = engage.get(ACCOUNTS, contactId=CONTACT).body["items"][0]
    assert (account["balance"], account["pendingPoints"], account["balanceExpires"]) == (0, 0, None)
    shown = engage.get(TRANSACTIONS, id=account["id"]).body["items"]
    assert [(item["type"], item["amount"], item["description"]) for item in shown] == [
        ("Expiry", -12, "@@(RemovedDueToTimeLimit)"),
        ("Addition", 12, "Gilded gauntlets"),
    ]
    assert house.balance(known) == (0, 0, 0)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v3/point-accounts?contactId={contact}",
        "/api/v3/point-accounts/{account}",
        "/api/v3/point-transactions?id={account}&filter=pending",
        "/api/v3/point-accounts/transactions?accountId={account}",
        "/api/v3/point-accounts/definitions/{definition}",
    ],
)
def test_the_documents_addresses_are_there(engage: Engage, house: House, alice: Member, path: str) -> None:
    house.give(alice, 100)
    ids = {"contact": alice.customer_id, "account": account_of(house, alice), "definition": house.account.pk}
    assert engage.get(path.format(**ids)).status_code == 200


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found: dict[str, Any] = json.loads(Client(SERVER_NAME="127.0.0.1").get("/api/schema/engage.json").content)
    return found


def test_the_document_is_valid_and_its_making_complains_of_nothing(
    document: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    validate_schema(document)
    Client(SERVER_NAME="127.0.0.1").get("/api/schema/engage.json")
    assert capsys.readouterr().err == ""


def test_the_document_has_exactly_the_operations(document: dict[str, Any], house: House, alice: Member) -> None:
    published = {
        (method.upper(), path, said["operationId"])
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    }
    assert published == {(call.method, call.route, call.operation_id) for call in calls(house, alice)}
    assert len(published) == len(OPERATIONS)


def test_the_document_says_how_each_operation_is_called(document: dict[str, Any], house: House, alice: Member) -> None:
    assert document["components"]["securitySchemes"] == {"apikey": {"type": "apiKey", "in": "header", "name": "apikey"}}
    for call in calls(house, alice):
        said = document["paths"][call.route][call.method.lower()]
        assert said["security"] == [{"apikey": []}]
        named = {parameter["name"] for parameter in said.get("parameters", ()) if parameter["in"] == "query"}
        assert named >= set(call.query), call.operation_id
        assert bool(said.get("requestBody")) == (call.body is not None)
        assert {"401", "403", "429"} <= set(said["responses"])
        if isinstance(call.body, dict):
            shape = said["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
            assert set(document["components"]["schemas"][shape]["properties"]) >= set(call.body)
        if call.status < 300:
            assert str(call.status) in said["responses"]


def test_answers_have_the_shapes_the_document_says(
    document: dict[str, Any], engage: Engage, house: House, alice: Member
) -> None:
    def fields(schema: dict[str, Any]) -> set[str]:
        return set(document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]["properties"])

    for call in calls(house, alice):
        if call.status >= 300 or call.operation_id == "getContactId":
            continue
        said = document["paths"][call.route][call.method.lower()]["responses"][str(call.status)]
        schema, body = said["content"]["application/json"]["schema"], call.send(engage).body
        if isinstance(body, list):
            assert [set(item) for item in body] == [fields(schema["items"])] * len(body)
            continue
        assert set(body) == fields(schema), call.operation_id
        page = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]["properties"]
        for item in body.get("items", ()):
            assert set(item) == fields(page["items"]["items"]), call.operation_id


def all_kinds(kind: type[DomainError]) -> set[type[DomainError]]:
    return {kind}.union(*map(all_kinds, kind.__subclasses__()))


def test_every_refusal_of_the_house_has_a_row() -> None:
    for app in ("loyalty.kernel", "ledger", "members"):
        importlib.import_module(f"{app}.errors")
    # What a page of the console refuses for itself never comes here.
    kinds = {kind for kind in all_kinds(DomainError) if kind.__module__.endswith(".errors")}
    missing = kinds - PROBLEMS.keys() - {DomainError}
    assert missing == set(), "give each a row in loyalty/dialects/engage/problems.py"


def test_a_refusal_without_a_row_is_told_as_its_family_is() -> None:
    from loyalty.kernel.errors import Conflict

    class Unheard(Conflict):
        """Made here."""

    class Strange(DomainError):
        """Of no family."""

    assert row_of(Unheard()) == (409, "Conflict")
    assert row_of(Strange()) == (400, "NotAccepted")


def test_what_breaks_here_is_500_in_the_vendors_shape(
    engage: Engage, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    from loyalty.dialects.engage import accounts

    def broken(**words: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(accounts, "current_holdings", broken)
    engage.client.raise_request_exception = False
    answer = engage.get(ACCOUNTS, contactId=alice.customer_id)
    assert (answer.status_code, answer.body["errorCode"]) == (500, "InternalServerError")
    assert b"secret" not in answer.content


def test_a_busy_house_says_when_to_come_back(engage: Engage, alice: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    from loyalty.dialects.engage import accounts
    from loyalty.kernel.errors import Busy

    def busy(**words: Any) -> None:
        raise Busy

    monkeypatch.setattr(accounts, "current_holdings", busy)
    answer = engage.get(ACCOUNTS, contactId=alice.customer_id)
    assert (answer.status_code, answer["Retry-After"], answer.body["errorCode"]) == (503, "1", "ServiceUnavailable")
    assert Balance.objects.count() == 0
