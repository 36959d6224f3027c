"""Every published operation, called by everybody who may not: refused, and nothing leaks or changes."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from loyalty.kernel.roles import ADMIN, ANY, ROLES
from tests.house import Api, House, api_for
from tests.walk import OPERATIONS, World, by_tag, every_row, has_the_keys_of

by_operation = pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op["operationId"])


@pytest.fixture
def world(db: None, worlds: tuple[World, World]) -> World:
    return deepcopy(worlds[0])


@pytest.fixture
def next_door(db: None, worlds: tuple[World, World]) -> World:
    return deepcopy(worlds[1])


@pytest.fixture
def neighbor(next_door: World) -> House:
    return next_door.house


def refused(api: Api, op: dict[str, Any], path: str, body: Any, status: int) -> Any:
    """Send; expect exactly this refusal, in the envelope, and every row as it was."""
    before = every_row()
    answer = api.send(op["method"], path, body)
    assert answer.status_code == status, (op["operationId"], answer.content)
    assert set(answer.body) - {"details"} == {"statusCode", "error", "message", "code"}
    assert answer.body["statusCode"] == status
    assert every_row() == before
    return answer


@by_operation
def test_the_good_call_of_the_walk_succeeds(world: World, op: dict[str, Any]) -> None:
    answer = api_for(world.house.organization, is_admin=True).send(op["method"], world.path(op), world.body(op))
    assert answer.status_code == op["response"]["status"], answer.content
    sample = op["response"]["sampleKeys"]
    assert type(answer.body) is type(sample)
    if isinstance(sample, dict):
        assert has_the_keys_of(op, answer.body)


@by_tag(OPERATIONS)
def test_without_a_token_it_is_401(world: World, ops: list[dict[str, Any]]) -> None:
    for op in ops:
        answer = refused(Api("", world.house.id), op, world.path(op), world.body(op), 401)
        assert answer["WWW-Authenticate"] == "Bearer"


@by_tag(OPERATIONS)
def test_without_its_role_it_is_403(world: World, ops: list[dict[str, Any]]) -> None:
    for op in ops:
        role = op["role"]
        subject = role.partition(":")[0]
        others = [other for other in ROLES if not other.startswith(subject)]
        if role.endswith(":write"):
            others.append(f"{subject}:read")
        api = api_for(world.house.organization, *others)
        if role == ANY:
            assert api.send(op["method"], world.path(op), world.body(op)).status_code == op["response"]["status"]
            continue
        refused(api, op, world.path(op), world.body(op), 403)


@by_operation
def test_with_just_its_role_it_is_answered(world: World, op: dict[str, Any]) -> None:
    is_admin = op["role"] == ADMIN
    roles = [op["role"]] if op["role"] in ROLES else []
    api = api_for(world.house.organization, *roles, is_admin=is_admin)
    assert api.send(op["method"], world.path(op), world.body(op)).status_code == op["response"]["status"]


@by_tag(OPERATIONS)
def test_the_neighbors_administrator_is_refused_before_any_look_up(
    world: World, next_door: World, ops: list[dict[str, Any]]
) -> None:
    api = api_for(next_door.house.organization, is_admin=True)
    for op in ops:
        refused(api, op, world.path(op), world.body(op), 403)
        # The same where there is no such organization: its existence does not leak.
        refused(api, op, world.path(op, organizationId=987654), world.body(op), 403)


@by_tag(OPERATIONS)
def test_the_neighbors_rows_do_not_exist(world: World, next_door: World, ops: list[dict[str, Any]]) -> None:
    api = api_for(world.house.organization, is_admin=True)
    for op in ops:
        for name in next_door.ids.keys() - {"organizationId", "effectId"}:  # effects are everybody's
            if "{" + name + "}" in op["path"]:
                # Without an organization in the path the row names it, and the caller does not belong to it.
                status = 404 if "{organizationId}" in op["path"] else 403
                refused(api, op, world.path(op, **{name: next_door.ids[name]}), world.body(op), status)


@by_tag(OPERATIONS)
def test_rows_that_are_not_there_do_not_exist_either(world: World, ops: list[dict[str, Any]]) -> None:
    api = api_for(world.house.organization, is_admin=True)
    for op in ops:
        for name in world.ids.keys() - {"organizationId"}:
            if "{" + name + "}" in op["path"]:
                for number in (987654321, 2**63 - 1, 2**63, 10**30):
                    refused(api, op, world.path(op, **{name: number}), world.body(op), 404)


def ids_in(body: Any, found: list[tuple[Any, Any]] | None = None) -> list[tuple[Any, Any]]:
    """Every (container, name) in a body that names a row."""
    found = [] if found is None else found
    if isinstance(body, dict):
        for name, value in body.items():
            if name.endswith(("Id", "Ids")) and name not in ("loyaltyMemberId", "externalId", "authClientId"):
                found.append((body, name))
            ids_in(value, found)
    elif isinstance(body, list):
        for value in body:
            ids_in(value, found)
    return found


@by_tag(OPERATIONS)
def test_the_neighbors_ids_in_a_body_do_not_exist(world: World, next_door: World, ops: list[dict[str, Any]]) -> None:
    api = api_for(world.house.organization, is_admin=True)
    for op in ops:
        theirs = {
            **next_door.ids,
            "fromWalletId": next_door.ids["walletId"],
            "toWalletId": next_door.ids["walletId"],
            "defaultAccountId": next_door.ids["ledgerAccountId"],
            "defaultLoyaltyProgramId": next_door.ids["loyaltyProgramId"],
            "ledgerTransactionId": str(next_door.hold.id),
            "memberIds": [next_door.ids["memberId"]],
            "audienceIds": [next_door.ids["audienceId"]],
            **{
                f"{side}{word}": next_door.ids[f"l{word[1:]}"]
                for side in ("referrer", "referred")
                for word in ("LedgerId", "LedgerAccountId")
            },
            "contentSchemaId": next_door.ids["id"],
            "contentSchemaVersionId": next_door.ids["versionId"],
            "partnershipId": next_door.partnership.pk,
            "offeredCouponBookId": next_door.book.pk,
        }
        for place in range(len(ids_in(world.body(op)))):
            body = json.loads(json.dumps(world.body(op)))
            container, name = ids_in(body)[place]
            container[name] = theirs[name]
            before = every_row()
            answer = api.send(op["method"], world.path(op), body)
            assert every_row() == before, (op["operationId"], name)
            if op["operationId"] == "getMembersBatch":
                assert answer.body == {"members": [], "notFound": theirs["memberIds"]}
            elif op["operationId"] == "processLedgerTransactionBatch":
                assert [failed["code"] for failed in answer.body["failed"]] == ["NOT_FOUND"]
            elif op["operationId"] == "importPurchaseOrders":
                assert [one["error"]["code"] for one in answer.body["results"]] == ["INVALID_INPUT"]
            elif name == "publicId":
                assert answer.status_code == 409
            else:
                assert answer.status_code in (400, 404), (op["operationId"], name, answer.content)
