"""The calls of the original document, verbatim but for its slips (contract coggins K11), and the decisions on them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import time_machine

from members.models import Claim, Member, Store
from tests import factories
from tests.dialects.coggins.store import Counter
from tests.house import House

REQUEST = b"""[
{
"amount": 400,
"email": "test011@atest.com",
"customerType": "Internal",
"expires": 1
}
]"""
EDIT = b"""[
{ "amount": 400,
"email": "atest@corderindustries.com" },
{ "amount": -100,
"email": "atest2@corderindustries.com " }
]"""


@pytest.fixture
def people(house: House) -> list[Member]:
    """The two of the document's last example."""
    made = []
    for name in ("atest", "atest2"):
        profile = {"email": f"{name}@corderindustries.com"}
        made.append(factories.MemberFactory(organization=house.organization, loyalty_member_id=name, profile=profile))
    return made


def test_g1_the_published_request_is_answered_as_published(
    noon: time_machine.Coordinates, house: House, counter: Counter
) -> None:
    answer = counter.request(REQUEST)
    assert answer.status_code == 200, answer.content
    claim = Claim.objects.get()
    assert answer.body == [
        {
            "amount": 400,
            "email": "test011@atest.com",
            "customerType": "Internal",
            "expires": 1,
            "claimToken": str(claim.token),
            "claimUrl": f"http://127.0.0.1:8000/claim/points/{claim.token.hex}",
            "created": True,
        }
    ]
    assert list(answer.body[0]) == [
        "amount",
        "email",
        "customerType",
        "expires",
        "claimToken",
        "claimUrl",
        "created",
    ]
    assert answer.body[0]["claimToken"].count("-") == 4


def test_g2_the_published_lookup_answers_two_integers(house: House, alice: Member, counter: Counter) -> None:
    house.give(alice, 9906)
    answer = counter.lookup("alice@example.com")
    assert answer.status_code == 200
    assert answer.content == b'{"AvailablePoints":9906,"UsedPoints":0}'


def test_g3_the_published_edit_changes_both_balances(house: House, people: list[Member], counter: Counter) -> None:
    house.give(people[1], 250)
    answer = counter.instant(EDIT)
    assert answer.status_code == 200
    assert answer.body == [
        {"amount": 400, "email": "atest@corderindustries.com", "success": True, "message": ""},
        {"amount": -100, "email": "atest2@corderindustries.com ", "success": True, "message": ""},
    ]
    assert [house.balance(person)[0] for person in people] == [400, 150]


def test_the_documents_trailing_comma_is_refused_with_a_clear_message(
    house: House, people: list[Member], counter: Counter
) -> None:
    published = EDIT.replace(b'corderindustries.com " }\n]', b'corderindustries.com " },\n]')
    answer = counter.refuses(lambda: counter.instant(published), 400)
    assert "trailing comma is not allowed" in answer.body["message"]
    answer = counter.refuses(lambda: counter.request(REQUEST.replace(b"}\n]", b"},\n]")), 400)
    assert "trailing comma is not allowed" in answer.body["message"]


@pytest.mark.parametrize("place", ["query", "path", "noisy path", "noisier path", "braces", "header", "upper", "bare"])
@pytest.mark.parametrize("operation", ["G1", "G2", "G3"])
def test_the_key_is_taken_from_the_query_the_path_and_the_header(
    house: House, alice: Member, counter: Counter, place: str, operation: str
) -> None:
    key = counter.key
    parts = {
        "path": f"/{key}",
        "noisy path": f"/csapikey={key}",
        "noisier path": f"/csapikey=csapikey:{key}",
        "braces": f"/{{csapikey=csapikey:{key}}}",
        "upper": f"/{key.upper()}",
        "bare": f"/{uuid.UUID(key).hex}",
    }
    middle = parts.get(place, "")
    path = {
        "G1": f"/api/v1/points{middle}",
        "G2": f"/api/v1/points{middle}/email/alice@example.com/Full",
        "G3": f"/api/v1/points{middle}/INSTANT",
    }[operation]
    headers = {"CogginsAPIKey": key} if place == "header" else {}
    body: Any = None if operation == "G2" else [{"amount": 5, "email": "alice@example.com"}]
    path += f"?csapikey={key}" if place == "query" else ""
    answer = counter.send("GET" if operation == "G2" else "POST", path, body, **headers)
    assert answer.status_code == 200, answer.content


@pytest.mark.parametrize("word", ["full", "FULL", "instant", "Instant"])
def test_the_words_of_the_path_have_no_case(house: House, alice: Member, counter: Counter, word: str) -> None:
    if word.lower() == "full":
        answer = counter.send("GET", f"/api/v1/points/{counter.key}/email/alice@example.com/{word}")
    else:
        body = [{"amount": 5, "email": "alice@example.com"}]
        answer = counter.send("POST", f"/api/v1/points/{counter.key}/{word}", body)
    assert answer.status_code == 200


def test_the_claims_of_the_store_carry_its_account(house: House, store: Store, counter: Counter) -> None:
    counter.request(REQUEST)
    claim = Claim.objects.get()
    assert (claim.store, claim.account, claim.organization) == (store, house.account, house.organization)
