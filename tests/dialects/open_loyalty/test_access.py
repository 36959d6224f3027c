"""Who may do what (contract open_loyalty 1.2), and what everybody else is told."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty.kernel import clock
from loyalty.kernel.models import Door
from members.models import Member, Seller
from members.services import dismiss_seller, update_store
from tests.dialects.open_loyalty.counter import Counter, Shop, open_shop
from tests.dialects.open_loyalty.operations import OPERATIONS, World
from tests.house import TESTER, House, api_for
from tests.walk import every_row

MAY = {
    "admin": {"list", "give", "manage", "figures"},
    "key": {"list", "give", "manage", "figures"},
    "core token": {"list", "give", "manage", "figures"},
    "reporter": {"list", "figures"},
    "key that reads": {"list", "figures"},
    "stranger to points": set[str](),
    "seller": {"list", "give"},
    "trainee": {"list"},
    "customer": {"own"},
}
FORBIDDEN = {"error": {"code": 403, "message": "Forbidden"}}
AT_THE_TILL = ("listTransfersAsSeller", "addPointsAsSeller", "spendPointsAsSeller")


# There is no such import, what is active is not activated, and of what a block keeps a part nothing is cancelled.
EXPECTED = {
    "getImport": (404,),
    "activateTransfer": (400,),
    "expireTransfer": (204,),
    "cancelTransfer": (400,),
}


def core_token(house: House) -> str:
    return api_for(house.organization, is_admin=True).token


def client_of(shop: Shop, who: str, member: Member) -> Counter:
    made = {
        "admin": shop.staff,
        "key": shop.with_key,
        "core token": lambda: Counter(
            "DEFAULT", {"X-AUTH-TOKEN": api_for(shop.house.organization, is_admin=True).token}
        ),
        "reporter": lambda: shop.staff("ledgers:read"),
        "key that reads": lambda: shop.with_key("ledgers:read"),
        "stranger to points": lambda: shop.staff("members:write"),
        "seller": shop.seller,
        "trainee": lambda: shop.seller(allowed=False),
        "customer": lambda: shop.customer(member),
    }
    return made[who]()


@pytest.fixture
def world(shop: Shop, alice: Member, bob: Member) -> World:
    return World(shop, alice, bob)


@pytest.mark.parametrize("who", MAY)
def test_everybody_does_what_they_may_and_nothing_else(world: World, shop: Shop, alice: Member, who: str) -> None:
    client = client_of(shop, who, alice)
    for name, method, path, needs in OPERATIONS:
        at_the_till = name in AT_THE_TILL
        may = needs in MAY[who] and (not at_the_till or who in ("seller", "trainee"))
        before = every_row()
        answer = world.call(client, name, method, path)
        if may:
            assert answer.status_code in EXPECTED.get(name, (200,)), (name, answer.content)
        else:
            assert (answer.status_code, answer.body) == (403, FORBIDDEN), name
            assert every_row() == before, name


@pytest.mark.parametrize("who", ["customer", "reporter", "trainee"])
def test_access_is_looked_at_before_the_form(world: World, shop: Shop, alice: Member, who: str) -> None:
    client = client_of(shop, who, alice)
    for body, kind in ((b"", "application/json"), (b"{", "application/json"), (b"x", "text/plain")):
        assert client.send("POST", "points/transfer/add", body, kind).status_code == 403
    admin = shop.staff()
    assert admin.send("POST", "points/transfer/add", b"").status_code == 400
    assert admin.send("POST", "points/transfer/add", b"{", "application/json").status_code == 400
    assert admin.send("POST", "points/transfer/add", b"x", "text/plain").status_code == 415


def test_without_a_key_or_token_one_is_asked_for(world: World) -> None:
    before = every_row()
    for name, method, path, _ in OPERATIONS:
        answer = world.call(Counter("DEFAULT"), name, method, path)
        assert (answer.status_code, answer.body) == (401, {"message": "Authentication Required"}), name
    assert every_row() == before


def keys_that_open_nothing(shop: Shop) -> dict[str, dict[str, str]]:
    return {
        "wrong": {"X-AUTH-TOKEN": "00000000-0000-0000-0000-000000000000"},
        "empty": {"X-AUTH-TOKEN": ""},
        "of another API": shop.with_key(door=Door.ENGAGE).headers,
        "half of a core token": {"X-AUTH-TOKEN": "tsk_" + "0" * 24},
        "with a wrong secret": {"X-AUTH-TOKEN": "tsk_" + "0" * 24 + ".tss_x"},
        "endless": {"X-AUTH-TOKEN": "x" * 5000},
        "crooked": {"X-AUTH-TOKEN": "\xff\xfe"},
    }


def test_a_key_that_opens_nothing_is_403(world: World, shop: Shop) -> None:
    for why, headers in keys_that_open_nothing(shop).items():
        before = every_row()
        for name, method, path, _ in OPERATIONS[:4]:
            answer = world.call(Counter("DEFAULT", headers), name, method, path)
            assert (answer.status_code, set(answer.body)) == (403, {"message"}), (why, name)
        assert every_row() == before


def test_a_token_that_is_none_is_401(world: World, shop: Shop, neighbor: House) -> None:
    core = api_for(shop.house.organization, is_admin=True).token
    good = shop.staff().headers["Authorization"]
    for word in (
        "Bearer x.y.z",
        "Bearer",
        "Bearer  ",
        f"Bearer {core}",
        good[:-3] + "abc",
        "Basic YTpi",
        "Bearer \xff",
    ):
        answer = Counter("DEFAULT", {"Authorization": word}).get("points/transfer")
        expected = "Authentication Required" if word.split()[-1:] in (["Bearer"], ["YTpi"]) else "Invalid JWT Token"
        assert (answer.status_code, answer.body["message"]) == (401, expected), word


def test_a_key_may_stand_in_the_query_and_in_no_log(
    shop: Shop, alice: Member, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    from loyalty.kernel.logs import hide_secrets

    key = shop.with_key().headers["X-AUTH-TOKEN"]
    assert Counter("DEFAULT").get("points/transfer", auth_token=key).status_code == 200
    assert Counter("DEFAULT").get("points/transfer", auth_token="x").status_code == 403
    line = f'"GET /api/DEFAULT/points/transfer?page=1&auth_token={key}&perPage=2 HTTP/1.1" 200 59'
    hidden = hide_secrets(None, "", {"event": line})["event"]
    assert key not in hidden
    assert "auth_token=***&perPage=2" in hidden


def test_another_organizations_store_does_not_exist(
    world: World, shop: Shop, neighbor: House, alice: Member, charlie: Member
) -> None:
    theirs = open_shop(neighbor, "NEIGHBOR")
    clients = [theirs.with_key(), theirs.staff(), theirs.customer(charlie)]
    core = Counter("DEFAULT", {"X-AUTH-TOKEN": api_for(neighbor.organization, is_admin=True).token})
    before = every_row()
    for client in (*clients, core):
        for name, method, path, _ in OPERATIONS:
            if name in AT_THE_TILL:
                continue
            assert world.call(client, name, method, path).status_code == 404, name
    for name, method, path, _ in OPERATIONS:
        if "{store}" in path:
            assert world.call(shop.with_key(), name, method, path, store="NOWHERE").status_code == 404, name
    assert {table: rows for table, rows in every_row().items() if table.startswith("ledger.")} == {
        table: rows for table, rows in before.items() if table.startswith("ledger.")
    }
    # Who is a customer there is nobody here.
    answer = shop.with_key().post("points/transfer/add", customer=str(charlie.customer_id), points=5)
    assert answer.status_code == 404


def test_a_store_that_is_closed_does_not_exist(world: World, shop: Shop, till: Counter) -> None:
    seller = shop.seller()
    update_store(store=shop.store, changes={"active": False}, actor=TESTER, at=clock.now())
    assert till.get("points/transfer").status_code == 404
    assert seller.get("/api/seller/points/transfer").status_code == 403


def test_who_was_shut_out_or_dismissed_or_has_another_password_is_out(shop: Shop, alice: Member) -> None:
    person = shop.person()
    admin = shop.signed_in(person, "admin")
    assert admin.get("points/transfer").status_code == 200
    person.is_active = False
    person.save()
    assert admin.get("points/transfer").body == {"code": 401, "message": "Invalid JWT Token"}
    person.is_active = True
    person.set_password("another good password")
    person.save()
    assert admin.get("points/transfer").status_code == 401
    seller = shop.seller()
    dismiss_seller(seller=Seller.objects.get(), actor=TESTER, at=clock.now())
    assert seller.get("points/transfer").status_code == 403
    assert seller.get("/api/seller/points/transfer").status_code == 403
    customer = shop.customer(alice)
    assert customer.get("customer/points/transfer").status_code == 200
    again = shop.customer(alice)
    assert customer.get("customer/points/transfer").status_code == 401
    alice.active = False
    alice.save()
    assert again.get("customer/points/transfer").status_code == 401


def test_a_seller_sees_nothing_at_the_console(shop: Shop) -> None:
    from loyalty.kernel.models import Operator
    from tests.staff import Person

    shop.seller()
    person = Person(Operator.objects.latest("pk"))
    home = person.get("")
    assert home.status_code == 200
    assert "/admin/members/" not in home.content.decode()
    assert person.get("members/store/").status_code == 403
    assert person.get("members/member/").status_code == 403
    assert person.get(f"members/store/{shop.store.pk}/change/").status_code == 404


def test_an_address_that_is_none_and_a_method_that_is_none_are_said_in_this_apis_shape(till: Counter) -> None:
    assert till.get("nothing").body == {"error": {"code": 404, "message": "There is nothing at this address."}}
    answer = till.send("DELETE", "points/transfer")
    assert (answer.status_code, answer.body["error"]["code"]) == (405, 405)


def test_the_words_that_addresses_use_are_no_stores_code(house: House) -> None:
    from loyalty.kernel.errors import InvalidInput
    from members.services.stores import RESERVED_CODES

    assert {"v1", "v2", "v3", "admin", "customer", "seller", "pos", "token", "docs", "schema"} == RESERVED_CODES
    for code in RESERVED_CODES:
        with pytest.raises(InvalidInput):
            open_shop(house, code)
