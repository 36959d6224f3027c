"""Who may come in: sign-in, tokens, credentials that expire, rotate and end."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.conf import settings
from django.test import Client

from loyalty.kernel import clock
from loyalty.kernel.errors import DuplicateValue, InvalidInput
from loyalty.kernel.models import ApiCredential, AuditEntry, Operator
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import (
    NewCredential,
    create_credential,
    create_operator,
    revoke_credential,
    rotate_credential,
    set_membership,
)
from tests import factories
from tests.house import TESTER, Api, House


@pytest.fixture
def made(house: House, operator: Operator) -> NewCredential:
    return create_credential(
        operator=operator,
        organization=house.organization,
        name="shop",
        granter=EVERYTHING,
        actor=TESTER,
        at=clock.now(),
    )


def signin(key: str, secret: str) -> Any:
    body = json.dumps({"apiKey": key, "apiSecret": secret})
    return Client(SERVER_NAME="127.0.0.1").post("/api/v1/auth/signin", body, content_type="application/json")


def works(house: House, token: str) -> bool:
    return Api(token, house.id).get("ledgers").status_code == 200


def test_a_key_and_its_secret_give_a_token_that_opens_the_api(house: House, made: NewCredential) -> None:
    answer = signin(made.credential.key, made.secret)
    assert answer.status_code == 200
    assert set(answer.json()) == {"idToken"}
    assert works(house, answer.json()["idToken"])


def test_a_service_token_works_in_the_same_header(house: House, made: NewCredential) -> None:
    assert works(house, made.token)


@pytest.mark.parametrize(("key", "secret"), [("mine", "wrong"), ("tsk_unknown", "any"), ("", ""), ("mine", "a\\u0000")])
def test_a_wrong_key_and_a_wrong_secret_are_told_apart_by_nobody(made: NewCredential, key: str, secret: str) -> None:
    answer = signin(made.credential.key if key == "mine" else key, secret)
    assert answer.status_code in (400, 401)
    if key and "\\" not in secret:
        assert answer.json()["message"] == "The API key or secret is not valid."
        assert answer["WWW-Authenticate"] == "Bearer"


def test_the_secret_is_stored_as_a_digest_only(made: NewCredential) -> None:
    row = ApiCredential.objects.get()
    assert made.secret not in str([getattr(row, field.name) for field in row._meta.fields])
    assert made.secret not in str(list(AuditEntry.objects.values_list("after", "before")))


def test_a_token_ends_with_its_hour(house: House, made: NewCredential) -> None:
    token = signin(made.credential.key, made.secret).json()["idToken"]
    with time_machine.travel(clock.now() + timedelta(seconds=settings.TOKEN_TTL_SECONDS + 1)):
        assert not works(house, token)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "other"},
        {"exp": None},
        {"sub": None},
        {"sub": "x" * 300},
        {"sub": "a\x00"},
        {"sub": "tsk_unknown"},
    ],
)
def test_a_token_we_did_not_mean_is_refused(house: House, made: NewCredential, claims: dict[str, Any]) -> None:
    good = {"sub": made.credential.key, "aud": "core", "exp": 4_000_000_000}
    token = {name: value for name, value in {**good, **claims}.items() if value is not None}
    assert not works(house, jwt.encode(token, settings.SECRET_KEY, algorithm="HS256"))


def test_a_token_signed_by_somebody_else_or_by_nobody_is_refused(house: House, made: NewCredential) -> None:
    claims = {"sub": made.credential.key, "aud": "core", "exp": 4_000_000_000}
    assert not works(house, jwt.encode(claims, "another key, that is as long as ours is", algorithm="HS256"))
    assert not works(house, jwt.encode(claims, "", algorithm="none"))


@pytest.mark.parametrize("token", ["", "x", "tsk_", "tsk_a.b.c", "é" * 10, "x" * 9000, "tsk_%00.x"])
def test_a_token_that_is_none_is_401(house: House, token: str) -> None:
    assert Api(token.encode().decode("latin-1"), house.id).get("ledgers").status_code == 401


def test_a_revoked_credential_ends_at_once_with_every_token_of_it(house: House, made: NewCredential) -> None:
    token = signin(made.credential.key, made.secret).json()["idToken"]
    revoke_credential(credential=made.credential, actor=TESTER, at=clock.now(), reason="lost")
    assert not works(house, token)
    assert not works(house, made.token)
    assert signin(made.credential.key, made.secret).status_code == 401
    revoke_credential(credential=made.credential, actor=TESTER, at=clock.now())
    assert AuditEntry.objects.filter(action="credential.revoked", reason="lost").count() == 1


def test_a_rotated_credential_takes_both_secrets_for_a_while(house: House, made: NewCredential) -> None:
    now = clock.now()
    fresh = rotate_credential(
        credential=made.credential, granter=EVERYTHING, actor=TESTER, at=now, overlap=timedelta(hours=1)
    )
    assert fresh.secret != made.secret
    assert works(house, fresh.token)
    assert works(house, made.token)
    with time_machine.travel(now + timedelta(minutes=61)):
        assert works(house, fresh.token)
        assert not works(house, made.token)


def test_an_expired_credential_opens_nothing(house: House, operator: Operator) -> None:
    now = clock.now()
    made = create_credential(
        operator=operator,
        organization=house.organization,
        name="short",
        expires_at=now + timedelta(days=1),
        granter=EVERYTHING,
        actor=TESTER,
        at=now,
    )
    assert works(house, made.token)
    with time_machine.travel(now + timedelta(days=1, seconds=1)):
        assert not works(house, made.token)


def test_a_deactivated_operators_credentials_open_nothing(
    house: House, operator: Operator, made: NewCredential
) -> None:
    Operator.objects.filter(pk=operator.pk).update(is_active=False)
    assert not works(house, made.token)


def test_scopes_narrow_even_an_administrator(house: House, operator: Operator) -> None:
    made = create_credential(
        operator=operator,
        organization=house.organization,
        name="reader",
        scopes=["ledgers:read"],
        granter=EVERYTHING,
        actor=TESTER,
        at=clock.now(),
    )
    api = Api(made.token, house.id)
    assert api.get("ledgers").status_code == 200
    assert api.post("ledgers", {"name": "x"}).status_code == 403
    assert api.get("members").status_code == 403


def test_scopes_never_widen_what_the_operator_may(house: House) -> None:
    operator = factories.ServiceFactory()
    set_membership(
        operator=operator,
        organization=house.organization,
        roles=["members:write"],
        granter=EVERYTHING,
        actor=TESTER,
        at=clock.now(),
    )
    made = create_credential(
        operator=operator,
        organization=house.organization,
        name="greedy",
        scopes=["members:read", "ledgers:write"],
        granter=EVERYTHING,
        actor=TESTER,
        at=clock.now(),
    )
    api = Api(made.token, house.id)
    assert api.get("members").status_code == 200
    assert api.get("ledgers").status_code == 403
    assert api.post("members", {"loyaltyMemberId": "x"}).status_code == 403


def test_a_credential_of_one_organization_does_nothing_in_another(
    house: House, neighbor: House, operator: Operator, made: NewCredential
) -> None:
    set_membership(
        operator=operator,
        organization=neighbor.organization,
        is_admin=True,
        granter=EVERYTHING,
        actor=TESTER,
        at=clock.now(),
    )
    assert not works(neighbor, made.token)


def test_a_system_administrators_credential_works_everywhere_and_404s_where_nothing_is(
    house: House, neighbor: House
) -> None:
    operator = factories.OperatorFactory(is_system_admin=True)
    made = create_credential(
        operator=operator, organization=None, name="root", granter=EVERYTHING, actor=TESTER, at=clock.now()
    )
    assert works(house, made.token)
    assert works(neighbor, made.token)
    answer = Api(made.token, 987654).get("ledgers")
    assert (answer.status_code, answer.body["code"]) == (404, "NOT_FOUND")


def test_the_last_use_is_noted_at_most_once_a_minute(house: House, made: NewCredential) -> None:
    assert ApiCredential.objects.get().last_used_at is None
    works(house, made.token)
    first = ApiCredential.objects.get().last_used_at
    assert first is not None
    works(house, made.token)
    assert ApiCredential.objects.get().last_used_at == first
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        works(house, made.token)
    assert ApiCredential.objects.get().last_used_at > first


def test_what_cannot_be_made_is_refused(house: House, operator: Operator, neighbor: House) -> None:
    now = clock.now()
    common = {"operator": operator, "name": "x", "granter": EVERYTHING, "actor": TESTER, "at": now}
    with pytest.raises(InvalidInput):
        create_credential(organization=house.organization, scopes=["all:everything"], **common)
    with pytest.raises(InvalidInput):
        create_credential(organization=house.organization, expires_at=now, **common)
    with pytest.raises(InvalidInput):
        create_credential(organization=neighbor.organization, **common)
    with pytest.raises(InvalidInput):
        create_credential(organization=None, **common)
    with pytest.raises(DuplicateValue):
        create_operator(username=operator.username, granter=EVERYTHING, actor=TESTER, at=now)
    with pytest.raises(InvalidInput):
        set_membership(
            operator=operator,
            organization=house.organization,
            roles=["none:such"],
            granter=EVERYTHING,
            actor=TESTER,
            at=now,
        )
    assert ApiCredential.objects.count() == 0
