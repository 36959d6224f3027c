"""Every operation, called by who may not and with nonsense: a 4xx in the vendor's shape, nothing written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.dialects.engage.limits import buckets
from loyalty.kernel import clock
from loyalty.kernel.models import ApiCredential, Door, Operator
from loyalty.kernel.roles import ROLES
from loyalty.kernel.services import revoke_credential
from members.models import Member
from tests import factories
from tests.dialects.engage.walk import OPERATIONS, ROW_FIELDS, Call, calls, with_bodies
from tests.dialects.engage.world import BULK, TRANSACTIONS, Engage, account_of, engage_for, row, transaction
from tests.house import TESTER, House, api_for
from tests.walk import every_row

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture(autouse=True)
def unlimited(settings: Any) -> None:
    """As many calls as the walk needs."""
    settings.ENGAGE_RATE_LIMIT = 0


@pytest.fixture
def walk(house: House, alice: Member) -> list[Call]:
    return calls(house, alice)


def refused(answer: Any, *statuses: int) -> bool:
    """A refusal in the vendor's shape."""
    assert answer.status_code in statuses, (answer.status_code, answer.content)
    assert set(answer.body) == {"errorCode", "message"}
    assert all(isinstance(text, str) and text for text in answer.body.values())
    return True


def test_every_operation_answers_its_good_call(walk: list[Call], engage: Engage) -> None:
    assert [call.operation_id for call in walk] == OPERATIONS
    for call in walk:
        answer = call.send(engage)
        assert answer.status_code == call.status, (call, answer.content)


def test_without_a_good_key_it_is_401_before_anything_is_looked_at(walk: list[Call], house: House) -> None:
    coggins = engage_for(house.organization, is_admin=True, door=Door.COGGINS)
    gone = engage_for(house.organization, is_admin=True)
    credential = ApiCredential.objects.latest("pk")
    revoke_credential(credential=credential, actor=TESTER, at=clock.now())
    words = ["", "x", "\x7f", "0" * 5000, "00000000-0000-4000-8000-000000000000", coggins.key, gone.key, "tsk_x.y"]
    before = every_row()
    for word in words:
        client = Engage(word)
        for call in walk:
            answer = call.send(client)
            assert refused(answer, 401) and answer.body["errorCode"] == "Unauthorized"
            assert answer["WWW-Authenticate"] == "apikey"
    assert every_row() == before


def test_a_key_in_another_header_is_none(walk: list[Call], engage: Engage) -> None:
    client = Engage("")
    for call in walk:
        refused(call.send(client, Authorization=f"Bearer {engage.key}"), 401)


def test_a_token_of_the_core_api_opens_it_too(walk: list[Call], house: House) -> None:
    client = Engage(api_for(house.organization, is_admin=True).token)
    for call in walk:
        assert call.send(client).status_code == call.status


def test_a_token_of_no_organization_is_403(walk: list[Call]) -> None:
    from loyalty.kernel.roles import EVERYTHING
    from loyalty.kernel.services import create_credential

    operator = factories.ServiceFactory(is_system_admin=True)
    made = create_credential(
        operator=Operator.objects.get(pk=operator.pk),
        organization=None,
        name="t",
        granter=EVERYTHING,
        actor=TESTER,
        at=clock.now(),
    )
    client = Engage(made.token)
    for call in walk:
        refused(call.send(client), 403)


def test_without_its_role_an_operation_is_403_and_with_just_it_answers(walk: list[Call], house: House) -> None:
    before = every_row()
    for call in walk:
        others = [role for role in ROLES if not role.startswith(call.role.partition(":")[0])]
        if call.role.endswith(":write"):
            others.append(call.role.replace("write", "read"))
        refused(call.send(engage_for(house.organization, *others)), 403)
    assert every_row()["ledger.Transaction"] == before["ledger.Transaction"]
    for call in walk:
        assert call.send(engage_for(house.organization, call.role)).status_code == call.status


def test_another_organizations_rows_do_not_exist(walk: list[Call], neighbor: House, charlie: Member) -> None:
    stranger = engage_for(neighbor.organization, is_admin=True)
    before = every_row()
    for call in walk:
        answer = call.send(stranger)
        if call.operation_id == "getPointDefinitions":
            assert [item["id"] for item in answer.body] == [neighbor.account.pk]
        elif call.operation_id == "addPointTransactions":
            assert (answer.status_code, len(answer.body["notAccepted"])) == (202, 1)
            assert len(answer.body["missingContactIds"]) == len(answer.body["missingDefinitionIds"]) == 1
        else:
            assert refused(answer, 404), call
    assert every_row() == before


def test_a_limit_of_calls_is_kept_for_each_key(
    walk: list[Call], engage: Engage, house: House, settings: Any, noon: Any
) -> None:
    settings.ENGAGE_RATE_LIMIT = 3
    buckets.forget()
    other = engage_for(house.organization, is_admin=True)
    before = every_row()
    for call in (walk[0], walk[1], walk[2]):
        assert call.send(engage).status_code == 200
    for call in walk:
        answer = call.send(engage)
        assert refused(answer, 429) and answer.body["errorCode"] == "TooManyRequests"
        assert answer["Retry-After"] == "1"
    assert every_row() == before
    assert walk[0].send(other).status_code == 200
    noon.shift(0.34)
    assert [walk[0].send(engage).status_code for _ in range(2)] == [200, 429]
    noon.shift(-5)
    assert walk[0].send(engage).status_code == 429
    noon.shift(60)
    assert [walk[0].send(engage).status_code for _ in range(4)] == [200, 200, 200, 429]


DEEP: Any = []
for _ in range(40):
    DEEP = [DEEP]

NONSENSE: dict[str, list[Any]] = {
    "guid": ["", "x", 1.5, True, [], {}, DEEP, "a\x00b", "x" * 5000, "g" * 36, -1, 0, 2**63, 10**30],
    "number": [None, "", "12", True, [], {}, DEEP, 0, 0.001, 2**63, 10**30, 10**300, -(2**63), "NaN"],
    "text": [5, 1.5, True, [], {}, DEEP, "a\x00b", "x" * 1001],
    "date": [
        "",
        "yesterday",
        5,
        [],
        {},
        True,
        DEEP,
        "2024-13-01",
        "2024-11-13T08:16:27+99:99",
        "x" * 5000,
        "٢٠٢٤-٠١-٠١",
    ],
}
FIELDS = {
    "addPointTransaction": {
        "accountId": "guid",
        "transactionId": "guid",
        "transactionType": "text",
        "amount": "number",
        "description": "text",
        "source": "text",
        "transactionDate": "date",
        "validFrom": "date",
        "validTo": "date",
    },
    "purchasePointShopItem": {"contactId": "guid", "pointShopItemPurchaseId": "guid", "pointShopItemId": "guid"},
    "addRewardPointTransaction": {"points": "number", "description": "text", "type": "text"},
}
REQUIRED = {"accountId", "transactionId", "transactionType", "amount", "contactId", "points"}
REQUIRED |= {"pointShopItemPurchaseId", "pointShopItemId"}
# In version 2 the type is free text.
FREE = {("type", "x" * 1001)}


def cases(call: Call) -> Iterator[tuple[str, Any]]:
    for field, kind in FIELDS[call.operation_id].items():
        for value in [*NONSENSE[kind], *([None] if field in REQUIRED else [])]:
            if (field, value if isinstance(value, str) else None) not in FREE:
                yield field, value


def test_no_field_takes_nonsense(walk: list[Call], engage: Engage) -> None:
    before = every_row()
    for call in with_bodies(walk):
        if call.operation_id == "addPointTransactions":
            continue
        for field, value in cases(call):
            body = {**call.body, field: value}
            answer = engage.send(call.method, call.path, body)
            assert refused(answer, 400), (call.operation_id, field, value)
        for field in REQUIRED & call.body.keys():
            body = {name: value for name, value in call.body.items() if name != field}
            refused(engage.send(call.method, call.path, body), 400)
    assert every_row() == before


def test_no_field_of_a_row_takes_nonsense(engage: Engage, house: House, alice: Member) -> None:
    before = every_row()
    kinds = dict.fromkeys(ROW_FIELDS, "date") | {"contactId": "guid", "amount": "number", "definitionId": "guid"}
    kinds |= {"source": "text", "description": "text"}
    for field, kind in kinds.items():
        for value in NONSENSE[kind]:
            answer = engage.post(BULK, [row(house, alice, **{field: value})])
            if answer.status_code == 202:
                assert len(answer.body["notAccepted"]) == len(answer.body["errorMessages"]) == 1, (field, value)
            else:
                # A NUL, or nesting without end, makes the body one that nobody can read.
                assert refused(answer, 400) and value in (DEEP, "a\x00b"), (field, value)
        assert every_row() == before, field


NO_BODIES = (
    b"",
    b"null",
    b"[]",
    b"5",
    b'"text"',
    b"{",
    b"{}",
    b'{"amount": NaN}',
    b'{"amount": Infinity}',
    b'{"amount": -Infinity}',
    b'{"amount": 1e400}',
    b'{"amount": 01}',
    b"\xff\xfe",
    b'{"a": "\\ud800"}',
    b"[" * 100_000,
    b'{"a":' * 5000 + b"1" + b"}" * 5000,
    b'[{"amount": NaN}]',
)


def test_no_operation_takes_a_body_that_is_none(walk: list[Call], engage: Engage) -> None:
    before = every_row()
    for call in with_bodies(walk):
        for body in NO_BODIES:
            assert refused(engage.send(call.method, call.path, body), 400), (call.operation_id, body[:30])
    assert every_row() == before


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "application/xml", "", "json"])
def test_a_body_that_is_not_json_is_415(walk: list[Call], engage: Engage, kind: str) -> None:
    before = every_row()
    for call in with_bodies(walk):
        answer = engage.send(call.method, call.path, b"amount=5", kind=kind)
        assert refused(answer, 415) and answer.body["errorCode"] == "UnsupportedMediaType"
    assert every_row() == before


def test_json_may_name_its_charset_and_a_user_agent_may_be_missing(walk: list[Call], engage: Engage) -> None:
    for call in with_bodies(walk):
        answer = engage.send(call.method, call.path, call.body, kind="application/json; charset=utf-8")
        assert answer.status_code == call.status


def test_whatever_a_client_accepts_it_gets_json(walk: list[Call], engage: Engage) -> None:
    for call in walk:
        answer = call.send(engage, Accept="text/html")
        assert (answer.status_code, answer["Content-Type"]) == (call.status, "application/json")


def test_an_oversized_body_is_413(walk: list[Call], engage: Engage, settings: Any) -> None:
    settings.MAX_BODY_BYTES = 1000
    before = every_row()
    for call in with_bodies(walk):
        refused(engage.send(call.method, call.path, b" " * 1001), 413)
        refused(engage.send(call.method, call.path, json.dumps({"description": "x" * 1000}).encode()), 413)
    assert every_row() == before


def test_a_method_no_operation_has_is_405(walk: list[Call], engage: Engage) -> None:
    for call in walk:
        for method in ("PUT", "PATCH", "DELETE"):
            assert refused(engage.send(method, call.path), 405), call


@pytest.mark.parametrize("path", ["/api/v3/nope", "/api/v2/", "/api/v3/point-accounts/", "/api/v3/point-accounts/1/x"])
def test_an_address_nobody_has_is_404_in_the_vendors_shape(engage: Engage, path: str) -> None:
    assert refused(engage.send("GET", path), 404)


def test_a_query_is_refused_what_it_cannot_mean(walk: list[Call], engage: Engage) -> None:
    bad = {
        "offset": ["-1", "x", "1.5", "9" * 30, "%D9%A1", "%00"],
        "count": ["0", "-1", "1001", "x", "1.5", "9" * 30, "%00", ""],
        "contactId": ["", "x", "1", "%00", "x" * 3000],
        "id": ["", "x", "%00", "0", "1.5", "9" * 30],
        "accountId": ["x", "%00", "0", "1.5"],
        "filter": ["x", "%00"],
        "sortBy": ["x", "%00"],
        "sortOrder": ["x", "%00"],
        "email": ["", "%20", "%00"],
    }
    for call in walk:
        for name in call.query:
            for value in bad[name]:
                asked = "&".join(f"{key}={value if key == name else held}" for key, held in call.query.items())
                assert refused(engage.send("GET", f"{call.path}?{asked}"), 400), (call.operation_id, name, value)


def test_a_page_far_behind_the_last_is_empty(walk: list[Call], engage: Engage) -> None:
    for call in walk:
        if "offset" in call.query:
            call.query["offset"] = 9_007_199_254_740_992
            answer = call.send(engage)
            assert answer.status_code == 200, answer.content
            assert (answer.body if isinstance(answer.body, list) else answer.body["items"]) == []


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
        max_leaves=12,
    ),
    field=st.sampled_from(sorted(FIELDS["addPointTransaction"])),
)
def test_no_json_at_all_breaks_a_posting(house: House, alice: Member, engage: Engage, body: Any, field: str) -> None:
    if not house.balance(alice)[0]:
        house.give(alice, 100)
    own = account_of(house, alice)
    for path, sent in (
        (TRANSACTIONS, body),
        (TRANSACTIONS, transaction(own) | {field: body}),
        (BULK, body),
        (BULK, [body]),
        (BULK, [row(house, alice) | {field: body}]),
    ):
        assert engage.send("POST", path, json.dumps(sent).encode()).status_code < 500
