"""Signing in, and staying signed in (contract open_loyalty 1.1)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
import time_machine
from django.conf import settings

from loyalty.kernel import clock
from members.models import Member, MemberPassword, RefreshToken
from members.services import erase_member, set_member_password, sweep_refresh_tokens
from tests import factories
from tests.dialects.open_loyalty.counter import PASSWORD, Counter, Shop, open_shop
from tests.house import TESTER, House
from tests.walk import every_row

BAD = {"code": 401, "message": "Bad credentials"}


def sign_in(path: str, username: str, password: str = PASSWORD, *, as_json: bool = False) -> Any:
    fields = {"_username": username, "_password": password}
    if as_json:
        return Counter("DEFAULT").send("POST", path, json.dumps(fields), "application/json")
    return Counter("DEFAULT").send("POST", path, urlencode(fields))


def refresh(token: str) -> Any:
    return Counter("DEFAULT").send("POST", "/api/token/refresh", urlencode({"refresh_token": token}))


def claims(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(
        answer.body["token"],
        settings.SECRET_KEY,
        algorithms=["HS256"],
        audience="open-loyalty",
        options={"verify_exp": False, "verify_iat": False},
    )
    return found


def bearer(answer: Any) -> Counter:
    return Counter("DEFAULT", {"Authorization": f"Bearer {answer.body['token']}"})


@pytest.fixture
def ready(shop: Shop, alice: Member) -> Member:
    set_member_password(member=alice, password=PASSWORD, actor=TESTER, at=clock.now())
    return alice


@pytest.mark.parametrize("as_json", [False, True])
def test_staff_sign_in_by_user_name_or_email(noon: time_machine.Coordinates, shop: Shop, as_json: bool) -> None:
    shop.person(username="olga", email="olga@example.com")
    for path in ("/api/admin/login_check", "/api/DEFAULT/admin/login_check"):
        for name in ("olga", "Olga@example.com"):
            answer = sign_in(path, name, as_json=as_json)
            assert (answer.status_code, set(answer.body)) == (200, {"token", "refresh_token"})
            said = claims(answer)
            assert (said["roles"], said["exp"] - said["iat"], said["iat"]) == (
                ["ROLE_ADMIN"],
                86_400,
                clock.now().timestamp(),
            )
            assert bearer(answer).get("points/transfer").status_code == 200


def test_sellers_sign_in_by_email(shop: Shop) -> None:
    shop.seller(username="selma", email="selma@example.com")
    answer = sign_in("/api/seller/login_check", "selma@example.com")
    assert claims(answer)["roles"] == ["ROLE_SELLER"]
    assert bearer(answer).get("/api/seller/points/transfer").status_code == 200
    # As staff they are nobody.
    assert sign_in("/api/admin/login_check", "selma").body == BAD


@pytest.mark.parametrize("name", ["alice@example.com", "ALICE@example.com", "4711", "+49 151 2345671", "+491512345671"])
def test_customers_sign_in_by_email_card_or_phone(ready: Member, name: str) -> None:
    for path in ("/api/customer/login_check", "/api/DEFAULT/customer/login_check"):
        answer = sign_in(path, name)
        assert claims(answer)["roles"] == ["ROLE_PARTICIPANT"]
        assert bearer(answer).get("customer/points/transfer").status_code == 200


def test_everybody_else_is_told_the_same(ready: Member, shop: Shop, neighbor: House, charlie: Member) -> None:
    open_shop(neighbor, "NEIGHBOR")
    set_member_password(member=charlie, password=PASSWORD, actor=TESTER, at=clock.now())
    shop.person(username="olga")
    factories.OperatorFactory(username="nobody")
    factories.OperatorFactory(username="guest", password_is_temporary=True)
    wrong = [
        ("/api/admin/login_check", "olga", "wrong"),
        ("/api/admin/login_check", "unknown", PASSWORD),
        ("/api/admin/login_check", "nobody", PASSWORD),
        ("/api/admin/login_check", "guest", PASSWORD),
        ("/api/NEIGHBOR/admin/login_check", "olga", PASSWORD),
        ("/api/seller/login_check", "olga", PASSWORD),
        ("/api/customer/login_check", "alice@example.com", "wrong"),
        ("/api/customer/login_check", "unknown@example.com", PASSWORD),
        ("/api/DEFAULT/customer/login_check", "charlie@example.com", PASSWORD),
        ("/api/customer/login_check", "olga", PASSWORD),
        ("/api/customer/login_check", "", PASSWORD),
        ("/api/customer/login_check", "alice@example.com", ""),
        ("/api/admin/login_check", "olga\x00", PASSWORD),
        ("/api/admin/login_check", "x" * 5000, PASSWORD),
    ]
    for path, name, password in wrong:
        answer = sign_in(path, name, password)
        assert (answer.status_code, answer.body) == (401, BAD), (path, name)
    assert not RefreshToken.objects.exists()
    assert sign_in("/api/NOWHERE/customer/login_check", "alice@example.com").status_code == 404


NONSENSE = (
    b"",
    b"[]",
    b"{",
    b'{"_username": 5, "_password": {}, "refresh_token": []}',
    b'{"_username": "a\\u0000", "_password": "b", "refresh_token": "\\u0000"}',
)


@pytest.mark.parametrize("body", NONSENSE)
@pytest.mark.parametrize("path", ["admin/login_check", "customer/login_check", "seller/login_check", "token/refresh"])
def test_a_sign_in_with_nonsense_is_refused(shop: Shop, path: str, body: bytes) -> None:
    before = every_row()
    answer = Counter("DEFAULT").send("POST", f"/api/{path}", body, "application/json")
    assert answer.status_code in (400, 401)
    assert set(answer.body) == {"code", "message"}
    assert every_row() == before


def test_two_customers_with_one_email_are_told_apart_by_their_passwords(
    ready: Member, shop: Shop, neighbor: House
) -> None:
    other = factories.MemberFactory(
        organization=neighbor.organization, loyalty_member_id="a2", profile={"email": "alice@example.com"}
    )
    open_shop(neighbor, "NEIGHBOR")
    set_member_password(member=other, password="quite another password", actor=TESTER, at=clock.now())
    assert claims(sign_in("/api/customer/login_check", "alice@example.com"))["sub"] == f"customer:{ready.pk}"
    answer = sign_in("/api/customer/login_check", "alice@example.com", "quite another password")
    assert claims(answer)["sub"] == f"customer:{other.pk}"
    assert sign_in("/api/DEFAULT/customer/login_check", "alice@example.com", "quite another password").body == BAD


def test_a_customer_is_locked_out_after_wrong_passwords_and_let_in_again(
    noon: time_machine.Coordinates, ready: Member
) -> None:
    path, name = "/api/customer/login_check", "alice@example.com"
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        assert sign_in(path, name, "wrong").status_code == 401
    # A right one in between forgets the wrong ones.
    assert sign_in(path, name).status_code == 200
    for _ in range(settings.AXES_FAILURE_LIMIT):
        assert sign_in(path, name, "wrong").body == BAD
    assert sign_in(path, name).body == BAD
    noon.shift(timedelta(hours=settings.AXES_COOLOFF_TIME, seconds=-1))
    assert sign_in(path, name).status_code == 401
    noon.shift(timedelta(seconds=1))
    assert sign_in(path, name).status_code == 200
    assert MemberPassword.objects.get().failures == 0


def test_staff_are_locked_out_like_at_the_console(shop: Shop) -> None:
    shop.person(username="olga")
    for _ in range(settings.AXES_FAILURE_LIMIT):
        assert sign_in("/api/admin/login_check", "olga", "wrong").body == BAD
    assert sign_in("/api/admin/login_check", "olga").body == BAD


def test_a_refresh_token_is_traded_again_and_again_and_lives_on(noon: time_machine.Coordinates, ready: Member) -> None:
    first = sign_in("/api/customer/login_check", "alice@example.com").body
    month = timedelta(seconds=settings.REFRESH_TOKEN_TTL_SECONDS)
    for _ in range(3):
        noon.shift(month - timedelta(seconds=1))
        answer = refresh(first["refresh_token"])
        assert (answer.status_code, answer.body["refresh_token"]) == (200, first["refresh_token"])
        assert bearer(answer).get("customer/points/transfer").status_code == 200
    assert Counter("DEFAULT", {"Authorization": f"Bearer {first['token']}"}).get("customer/points/transfer").body == {
        "code": 401,
        "message": "Expired JWT Token",
    }
    noon.shift(month)
    answer = refresh(first["refresh_token"])
    assert (answer.status_code, answer.body) == (401, {"code": 401, "message": "Invalid refresh token"})
    assert sweep_refresh_tokens(at=clock.now()) == 1


def test_a_refresh_token_ends_with_the_password_and_with_the_place(shop: Shop, ready: Member) -> None:
    customers = sign_in("/api/customer/login_check", "4711").body["refresh_token"]
    person = shop.person(username="olga")
    staffs = sign_in("/api/admin/login_check", "olga").body["refresh_token"]
    assert [refresh(one).status_code for one in (customers, staffs, "x", "")] == [200, 200, 401, 401]
    set_member_password(member=ready, password=PASSWORD, actor=TESTER, at=clock.now())
    person.memberships.all().delete()
    assert [refresh(one).status_code for one in (customers, staffs)] == [401, 401]


def test_an_erased_customer_keeps_no_password_and_no_sign_in(ready: Member) -> None:
    sign_in("/api/customer/login_check", "4711")
    erase_member(member=ready, actor=TESTER, at=clock.now())
    assert not MemberPassword.objects.exists()
    assert not RefreshToken.objects.exists()


def test_no_password_and_no_token_is_kept_as_it_is(ready: Member) -> None:
    answer = sign_in("/api/customer/login_check", "4711").body
    kept = str(every_row())
    assert PASSWORD not in kept
    assert answer["refresh_token"] not in kept
    assert answer["token"] not in kept
