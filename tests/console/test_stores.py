"""Stores and sellers on the console, and the password of a member."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty.kernel import clock
from loyalty.kernel.models import AuditEntry, Operator
from members.models import Member, MemberPassword, RefreshToken, Seller, Store
from members.services import check_member_password, create_store, issue_refresh_token
from tests.house import TESTER, House
from tests.staff import Person, refusals, staff_of
from tests.walk import every_row


@pytest.fixture
def store(house: House) -> Store:
    words: dict[str, Any] = {"actor": TESTER, "at": clock.now()}
    return create_store(organization_id=house.id, code="MAIN", name="Main", **words)


def address(store: Store, rest: str) -> str:
    return f"members/store/{store.pk}/{rest}"


def test_a_store_is_opened_and_changed(house: House, administrator: Person) -> None:
    fields = {
        "name": "Second",
        "code": "SECOND",
        "account": house.account.pk,
        "days_locked": "0",
        "customer_types": "Inside, Outside,",
    }
    assert administrator.act("members/store/add/", **fields).status_code == 302
    made = Store.objects.get(code="SECOND")
    assert (made.is_default, made.account_id, made.customer_types) == (True, house.account.pk, ["Inside", "Outside"])
    answer = administrator.act(address(made, "do/edit/"), days_locked=3, expiry_mode="all_time_active", currency="USD")
    assert answer.status_code == 302
    made.refresh_from_db()
    assert (made.days_locked, made.expiry_mode, made.currency, made.code) == (3, "all_time_active", "USD", "SECOND")
    assert AuditEntry.objects.latest("pk").action == "store.updated"


@pytest.mark.parametrize(
    "fields, field",
    [
        ({"code": "admin"}, "code"),
        ({"code": "a b"}, "code"),
        ({"code": "MAIN"}, "code"),
        ({"currency": "eur"}, "currency"),
        ({"days_active": "0"}, "days_active"),
        ({"account": "999999"}, "account"),
    ],
)
def test_a_store_that_cannot_be_is_refused_beside_the_field(
    house: House, store: Store, administrator: Person, fields: dict[str, str], field: str
) -> None:
    before = every_row()
    good = {"name": "Second", "code": "SECOND", "account": house.account.pk, "days_locked": "0"}
    page = administrator.act("members/store/add/", **{**good, **fields})
    assert list(refusals(page)) == [field]
    assert every_row() == before


def test_another_store_is_made_the_default(house: House, store: Store, administrator: Person) -> None:
    words: dict[str, Any] = {"actor": TESTER, "at": clock.now()}
    other = create_store(organization_id=house.id, code="OTHER", name="Other", **words)
    assert administrator.act(address(other, "do/default/")).status_code == 302
    assert [one.code for one in Store.objects.filter(is_default=True)] == ["OTHER"]


def test_a_seller_is_appointed_allowed_dismissed_and_appointed_again(
    house: House, store: Store, administrator: Person
) -> None:
    page = administrator.act(address(store, "do/appoint/"), email="Selma@example.com", name="Selma")
    assert page.status_code == 200
    secrets = dict(page.context["secrets"])
    assert secrets["Signs in as"] == "selma@example.com"
    seller = Seller.objects.get()
    assert seller.operator.check_password(secrets["Password"])
    assert (seller.store, seller.allow_point_transfer, seller.operator.memberships.count()) == (store, False, 0)
    assert "Selma" in administrator.get(address(store, "change/")).content.decode()
    administrator.act(address(store, "do/allow-seller/"), seller=seller.pk, allow_point_transfer="on")
    seller.refresh_from_db()
    assert seller.allow_point_transfer
    token = {"role": "seller", "stamp": "x", "operator_id": seller.operator_id, "at": clock.now()}
    issue_refresh_token(**token)  # type: ignore[arg-type]
    administrator.act(address(store, "do/dismiss-seller/"), seller=seller.pk, reason="moved away")
    seller.refresh_from_db()
    assert (seller.dismissed_at is None, seller.allow_point_transfer) == (False, False)
    assert not RefreshToken.objects.exists()
    assert AuditEntry.objects.get(action="seller.dismissed").reason == "moved away"
    again = administrator.act(address(store, "do/appoint/"), email="selma@example.com", allow_point_transfer="on")
    assert again.status_code == 302
    seller.refresh_from_db()
    assert (seller.dismissed_at, seller.allow_point_transfer, Operator.objects.filter(name="Selma").count()) == (
        None,
        True,
        1,
    )
    before = every_row()
    page = administrator.act(address(store, "do/appoint/"), email="selma@example.com")
    assert refusals(page) == {"__all__": ["Selma sells at a store already."]}
    assert every_row() == before


def test_nobody_of_another_organization_is_appointed_by_name(
    store: Store, administrator: Person, neighbor: House
) -> None:
    staff_of(neighbor.organization, is_admin=True, username="niko@example.com", email="niko@example.com")
    before = every_row()
    page = administrator.act(address(store, "do/appoint/"), email="niko@example.com")
    assert list(refusals(page)) == ["__all__"]
    assert every_row() == before


def test_a_members_password_is_set_and_shown_once(alice: Member, store: Store, administrator: Person) -> None:
    page = administrator.act(f"members/member/{alice.pk}/do/password/")
    [(_, made_up)] = page.context["secrets"]
    words: dict[str, Any] = {"username": "alice@example.com", "at": clock.now()}
    assert check_member_password(password=made_up, **words) is not None
    assert made_up not in str(every_row())
    answer = administrator.act(f"members/member/{alice.pk}/do/password/", password="a longer password of theirs")
    assert answer.status_code == 302
    assert check_member_password(password=made_up, **words) is None
    assert check_member_password(password="a longer password of theirs", **words) is not None
    before = every_row()
    assert list(refusals(administrator.act(f"members/member/{alice.pk}/do/password/", password="easy"))) == ["password"]
    assert every_row() == before
    assert MemberPassword.objects.count() == 1
