"""Who may call, and what the neighbors see (contract coggins K10)."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from loyalty.kernel import clock, errors
from loyalty.kernel.models import ApiCredential, Door
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import revoke_credential
from loyalty.kernel.services.credentials import rotate_credential
from members.models import Claim, Member
from tests.dialects.coggins.store import Counter, key_of
from tests.house import TESTER, Api, House
from tests.walk import every_row

ROW = [{"amount": 5, "email": "alice@example.com"}]
CALLS: dict[str, tuple[str, str, Any]] = {
    "G1": ("POST", "/api/v1/points", ROW),
    "G2": ("GET", "/api/v1/points/email/alice@example.com/Full", None),
    "G3": ("POST", "/api/v1/points/INSTANT", ROW),
}


def call(counter: Counter, name: str, key: str) -> Any:
    """One of the calls with the key in the header."""
    method, path, body = CALLS[name]
    return counter.send(method, path, body, **({"CogginsAPIKey": key} if key else {}))


@pytest.mark.parametrize("name", CALLS)
def test_k10_a_missing_or_bad_key_is_a_401(house: House, alice: Member, counter: Counter, name: str) -> None:
    counter.refuses(lambda: call(counter, name, ""), 401)
    for key in (str(uuid.uuid4()), "nonsense", "tsk_no.tss_no", "\u00e9", "x" * 5000, counter.key[:-1]):
        counter.refuses(lambda key=key: call(counter, name, key), 401, "The API key is not valid.")
    assert call(counter, name, counter.key).status_code == 200


@pytest.mark.parametrize("name", CALLS)
def test_k10_a_path_whose_key_is_no_guid_is_no_route(house: House, alice: Member, counter: Counter, name: str) -> None:
    method, path, body = CALLS[name]
    for key in ("nonsense", "123", counter.key[:-1], counter.key + "0", f"x={counter.key}", "csapikey="):
        for middle in [f"/{key}"] if name != "G1" else [f"/{key}/INSTANT", f"/{key}"]:
            there = path.replace("points", f"points{middle}")
            counter.refuses(lambda there=there: counter.send(method, there, body), 404)
    # A GUID that is nobody's is a route, and a 401.
    there = path.replace("points", f"points/{uuid.uuid4()}")
    counter.refuses(lambda: counter.send(method, there, body), 401, "The API key is not valid.")


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("door", [Door.ENGAGE, Door.OPEN_LOYALTY])
def test_the_key_of_another_api_opens_nothing(
    house: House, alice: Member, counter: Counter, name: str, door: Door
) -> None:
    key = key_of(house.organization, door=door)
    counter.refuses(lambda: call(counter, name, key), 401, "The API key is not valid.")


@pytest.mark.parametrize("name", CALLS)
def test_a_token_of_the_core_api_opens_everything(
    house: House, alice: Member, counter: Counter, api: Api, name: str
) -> None:
    assert call(counter, name, api.token).status_code == 200


@pytest.mark.parametrize("name", CALLS)
def test_a_revoked_key_opens_nothing_and_a_rotated_one_still_does(
    house: House, alice: Member, counter: Counter, name: str
) -> None:
    credential = ApiCredential.objects.get(door=Door.COGGINS)
    made = rotate_credential(credential=credential, granter=EVERYTHING, actor=TESTER, at=clock.now())
    assert call(counter, name, counter.key).status_code == 200
    assert call(counter, name, made.token).status_code == 200
    revoke_credential(credential=credential, actor=TESTER, at=clock.now())
    counter.refuses(lambda: call(counter, name, made.token), 401)


@pytest.mark.parametrize(
    ("roles", "allowed"),
    [
        (["ledgers:write"], {"G1", "G2", "G3"}),
        (["ledgers:read"], {"G2"}),
        (["members:write", "orders:write"], set()),
    ],
)
def test_each_operation_needs_its_role(
    house: House, alice: Member, counter: Counter, roles: list[str], allowed: set[str]
) -> None:
    key = key_of(house.organization, *roles)
    for name in CALLS:
        if name in allowed:
            assert call(counter, name, key).status_code == 200
        else:
            answer = counter.refuses(lambda name=name: call(counter, name, key), 403)
            assert "needs the role ledgers:" in answer.body["message"]


def test_another_organizations_people_and_claims_do_not_exist(
    house: House, alice: Member, charlie: Member, counter: Counter, other_counter: Counter
) -> None:
    house.give(alice, 50)
    other_counter.refuses(lambda: other_counter.lookup("alice@example.com"), 404, "Invalid Email for Store")
    before = every_row()
    answer = other_counter.instant([{"amount": -5, "email": "alice@example.com"}])
    assert answer.body[0]["message"] == "One of the accounts does not exist."
    assert every_row() == before
    assert other_counter.request([{"amount": 5}]).status_code == 200
    assert Claim.objects.get().organization_id == charlie.organization_id
    assert house.balance(alice)[0] == 50


def test_the_key_never_reaches_the_log(
    house: House, alice: Member, counter: Counter, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import logging

    from loyalty.dialects.coggins import views
    from loyalty.kernel.logs import hide_secrets

    def breaks(**_: Any) -> Any:
        raise ValueError("broken")

    monkeypatch.setattr(views, "points_at_store", breaks)
    heard: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(str(hide_secrets(None, "", {"event": record.getMessage()})))

    ear = Ear()
    logging.getLogger("django.request").addHandler(ear)
    counter.client.raise_request_exception = False
    try:
        answer = counter.send("GET", f"/api/v1/points/{counter.key}/email/alice@example.com/Full")
    finally:
        logging.getLogger("django.request").removeHandler(ear)
    assert answer.status_code == 500
    assert set(answer.body) == {"success", "message"}
    assert heard
    assert all(counter.key not in line and "alice@" not in line for line in heard)
    said = capfd.readouterr()
    assert counter.key not in said.out + said.err


def test_every_refusal_of_the_house_has_its_row() -> None:
    from loyalty.dialects.coggins.problems import STATUS, status_of

    def kinds(of: type[errors.DomainError]) -> set[type[errors.DomainError]]:
        return {of} | {kind for sub in of.__subclasses__() for kind in kinds(sub)}

    # What only a page of the console says is not heard here.
    known = {
        kind
        for kind in kinds(errors.DomainError)
        if ".admin." not in kind.__module__ and "tests" not in kind.__module__
    }
    assert known - {errors.DomainError} - set(STATUS) == set()
    for kind in STATUS:
        assert status_of(kind.__new__(kind)) == STATUS[kind]
        assert 400 <= STATUS[kind] <= 503


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_another_method_is_a_405_in_the_vendors_shape(counter: Counter, method: str) -> None:
    counter.refuses(lambda: counter.send(method, f"/api/v1/points?csapikey={counter.key}"), 405)


@pytest.mark.parametrize("path", ["/api/v1/points/", "/api/v1/points/nothing", "/api/v1/points/email//Full"])
def test_an_address_that_is_none_is_a_404_in_the_vendors_shape(counter: Counter, path: str) -> None:
    answer = counter.refuses(lambda: counter.send("GET", path), 404)
    assert json.loads(answer.content)["success"] is False
