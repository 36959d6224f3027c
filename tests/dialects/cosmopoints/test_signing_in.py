"""Signing in: two forms, two environments, tokens of ten minutes (contract cosmopoints C1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine

from loyalty.kernel import clock
from loyalty.kernel.models import ApiCredential
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import revoke_credential
from partners.models import ClientKey
from partners.services import rotate_client_secret
from tests.dialects.cosmopoints.world import Cosmo
from tests.house import TESTER, House, api_for
from tests.partners.trade import secret_of

FORM = "application/x-www-form-urlencoded"


def classic(stranger: Cosmo, **said: Any) -> dict[str, Any]:
    trade = stranger.trade
    return {"clientId": trade.client.client_id, "clientSecret": secret_of(trade), **said}


def oauth(stranger: Cosmo, **said: Any) -> dict[str, Any]:
    known = classic(stranger)
    words = {"client_id": known["clientId"], "client_secret": known["clientSecret"], "grant_type": "client_credentials"}
    return {**words, **said}


@pytest.mark.parametrize("path", ["auth/token", "authenticate"])
@pytest.mark.parametrize("as_form", [False, True])
def test_both_forms_are_answered_in_their_own_words(stranger: Cosmo, path: str, as_form: bool) -> None:
    def send(said: dict[str, Any]) -> Any:
        if as_form:
            return stranger.send("POST", path, urlencode(said).encode(), kind=FORM)
        return stranger.post(path, said)

    answer = send(classic(stranger))
    assert (answer.status_code, set(answer.body), answer.body["expiresIn"]) == (200, {"accessToken", "expiresIn"}, 600)
    assert answer["Cache-Control"] == "no-store"
    other = send(oauth(stranger))
    assert other.status_code == 200
    assert set(other.body) == {"access_token", "expires_in", "token_type"}
    assert (other.body["expires_in"], other.body["token_type"]) == (600, "Bearer")
    for token in (answer.body["accessToken"], other.body["access_token"]):
        assert Cosmo(stranger.trade, token).get("profile").status_code == 200


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"clientSecret": "wrong"}, 401),
        ({"clientId": "cpx_nobody"}, 401),
        ({"clientId": "cpx_ö"}, 401),
        ({"clientId": None}, 400),
        ({"clientSecret": 5}, 400),
        ({"clientId": "x" * 300}, 400),
        ({"clientSecret": ""}, 400),
    ],
    ids=str,
)
def test_the_classic_form_refuses_in_the_house_shape(stranger: Cosmo, said: Any, status: int) -> None:
    stranger.refuses("POST", "auth/token", classic(stranger, **said), status)


def test_an_empty_body_and_an_array_are_refused(stranger: Cosmo) -> None:
    for body in ({}, [], [5], b"", b"{", b'"x"'):
        stranger.refuses("POST", "auth/token", body, 400)
    stranger.refuses("POST", "auth/token", b"<a/>", 415, kind="application/xml")


@pytest.mark.parametrize(
    ("said", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "cpx_nobody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": None}, 400, "invalid_request"),
        ({"client_id": 5}, 400, "invalid_request"),
        ({"client_secret": ""}, 400, "invalid_request"),
    ],
    ids=str,
)
def test_the_form_of_oauth_refuses_in_its_own(stranger: Cosmo, said: Any, status: int, error: str) -> None:
    answer = stranger.post("auth/token", oauth(stranger, **said))
    assert (answer.status_code, answer.body) == (status, {"error": error})


def test_a_token_is_good_for_ten_minutes(stranger: Cosmo, noon: time_machine.Coordinates) -> None:
    cosmo = stranger.sign_in()
    noon.shift(timedelta(seconds=599))
    assert cosmo.get("profile").status_code == 200
    noon.shift(timedelta(seconds=1))
    cosmo.refuses("GET", "profile", None, 401)


def test_each_environment_has_a_secret_of_its_own(stranger: Cosmo) -> None:
    assert secret_of(stranger.trade) != secret_of(stranger.trade, "sandbox")
    production, sandbox = stranger.sign_in(), stranger.sign_in("sandbox")
    assert sandbox.post("transactions", sandbox.order()).status_code == 201
    # What was done in the sandbox is not known in production.
    production.refuses("GET", "transactions/R-1", None, 404)
    assert production.trade.money() == 1000


def test_a_rotated_secret_works_for_a_day_and_a_revoked_one_no_longer(
    stranger: Cosmo, noon: time_machine.Coordinates
) -> None:
    key = ClientKey.objects.select_related("credential__operator", "credential__organization").get(
        client=stranger.trade.client, environment="production"
    )
    new = rotate_client_secret(key=key, granter=EVERYTHING, actor=TESTER, at=clock.now())
    assert stranger.post("auth/token", classic(stranger, clientSecret=new)).status_code == 200
    assert stranger.post("auth/token", classic(stranger)).status_code == 200
    noon.shift(timedelta(hours=25))
    stranger.refuses("POST", "auth/token", classic(stranger), 401)
    token = stranger.post("auth/token", classic(stranger, clientSecret=new)).body["accessToken"]
    credential = ApiCredential.objects.get(pk=key.credential_id)
    revoke_credential(credential=credential, actor=TESTER, at=clock.now())
    Cosmo(stranger.trade, token).refuses("GET", "profile", None, 401)
    stranger.refuses("POST", "auth/token", classic(stranger, clientSecret=new), 401)


def test_a_token_of_another_api_opens_nothing_here_and_ours_nothing_there(cosmo: Cosmo, house: House) -> None:
    api = api_for(house.organization, is_admin=True)
    Cosmo(cosmo.trade, api.token).refuses("GET", "profile", None, 401)
    for word in ("", "x", "Bearer", cosmo.token[:-2], secret_of(cosmo.trade)):
        Cosmo(cosmo.trade).refuses("GET", "profile", None, 401, Authorization=f"Bearer {word}")
    Cosmo(cosmo.trade).refuses("GET", "profile", None, 401, Authorization=f"Basic {cosmo.token}")
    api.token = cosmo.token
    assert api.get("").status_code == 401
