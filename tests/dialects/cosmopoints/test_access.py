"""Who may do what: nobody without a token, each client its own, each organization its own."""

from __future__ import annotations

import pytest

from loyalty.kernel import clock
from loyalty.kernel.roles import EVERYTHING
from loyalty.kernel.services import set_membership
from partners.models import ClientKey
from tests.dialects.cosmopoints.world import WINDOW, Cosmo, calls, id_of
from tests.house import TESTER
from tests.partners.trade import make_client


@pytest.mark.parametrize("operation", [f"C{number}" for number in range(2, 15)])
def test_nobody_without_a_token(stranger: Cosmo, operation: str) -> None:
    method, path, body = calls(stranger)[operation]
    stranger.refuses(method, path, body, 401)


def test_a_client_whose_role_was_narrowed_may_ask_and_not_issue(cosmo: Cosmo) -> None:
    key = ClientKey.objects.select_related("credential__operator", "credential__organization").get(
        client=cosmo.trade.client, environment="production"
    )
    cosmo.post("transactions", cosmo.order())
    cosmo.post("connections", cosmo.connection())
    for roles, asking in ((["partnerships:read"], 200), ([], 403)):
        set_membership(
            operator=key.credential.operator,
            organization=cosmo.trade.house.organization,
            roles=roles,
            granter=EVERYTHING,
            actor=TESTER,
            at=clock.now(),
        )
        for name, (method, path, body) in calls(cosmo).items():
            expected = 403 if name in ("C7", "C11", "C13") else asking
            assert cosmo.send(method, path, body).status_code == expected, (name, roles)


def test_another_organizations_programs_and_transactions_are_not_there(cosmo: Cosmo, other: Cosmo) -> None:
    made = cosmo.post("transactions", cosmo.order()).body
    cosmo.post("connections", cosmo.connection())
    theirs = id_of(cosmo.trade.own)
    other.refuses("GET", f"programs/{theirs}/fields", None, 404)
    other.refuses("POST", f"programs/{theirs}/validate", {"destinationUserEmail": "alice@example.com"}, 404)
    other.refuses("POST", "transactions/preview", {"programId": theirs, "value": 10}, 404)
    other.refuses("POST", "transactions", cosmo.order(), 404)
    other.refuses("POST", "exchange", cosmo.order(originalProgramId="x"), 404)
    other.refuses("POST", "connections", cosmo.connection(), 404)
    other.refuses("GET", f"transactions/{made['id']}", None, 404)
    other.refuses("GET", "transactions/R-1", None, 404)
    assert other.get(f"transactions?{WINDOW}").body == {"total": 0, "data": []}
    assert other.get(f"transactions?{WINDOW}&programId={theirs}").body["total"] == 0
    assert other.get("connections?sourceUserId=user-7").body == []
    assert other.get("connections/history").body["total"] == 0
    assert theirs not in {row["id"] for row in other.get("programs").body}


def test_another_client_of_the_same_exchange_sees_only_its_own(cosmo: Cosmo) -> None:
    trade = cosmo.trade
    made = cosmo.post("transactions", cosmo.order()).body
    second = make_client(trade.bank, "Second app", trade.own)
    said = {"clientId": second.client.client_id, "clientSecret": second.secrets["production"]}
    token = cosmo.post("auth/token", said).body["accessToken"]
    also = Cosmo(trade, token)
    also.refuses("GET", f"transactions/{made['id']}", None, 404)
    assert also.get(f"transactions?{WINDOW}").body["total"] == 0
    also.refuses("POST", "transactions", cosmo.order(programId=id_of(trade.foreign)), 404)
    assert also.post("transactions", cosmo.order()).body["id"] != made["id"]
