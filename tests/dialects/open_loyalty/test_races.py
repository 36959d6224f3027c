"""What can be done twice at once, with real parallel connections: one does it, the other is told so."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from ledger.models import Transaction
from loyalty.kernel import clock
from loyalty.kernel.models import Job
from members.models import Member, MemberPassword
from members.services import check_member_password, set_member_password
from tests.databases import in_parallel
from tests.dialects.open_loyalty.counter import PASSWORD, Counter
from tests.dialects.open_loyalty.operations import XML, upload
from tests.house import TESTER, House

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def statuses(answers: list[Any]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


def of(till: Counter) -> Counter:
    """Another client with the same key: one is not for two threads."""
    return Counter(till.store, till.headers)


@pytest.mark.parametrize("what", ["add", "block"])
def test_of_two_cancels_at_once_one_is_refused(house: House, till: Counter, alice: Member, what: str) -> None:
    till.add(alice, 50)
    made = till.made(what, customer=str(alice.customer_id), points=10)
    answers = in_parallel(*[lambda: of(till).end("cancel", made)] * 2)
    assert statuses(answers) == [200, 400]
    kind = "revert" if what == "add" else "release"
    assert Transaction.objects.filter(kind=kind).count() == 1
    assert house.findings() == []


@pytest.mark.parametrize("how", ["expire", "activate"])
def test_of_two_ends_at_once_one_is_refused(house: House, till: Counter, shop: Any, alice: Member, how: str) -> None:
    from members.services import update_store

    if how == "activate":
        update_store(store=shop.store, changes={"days_locked": 5}, actor=TESTER, at=clock.now())
    made = till.add(alice, 10)
    answers = in_parallel(*[lambda: of(till).end(how, made)] * 2)
    assert statuses(answers) == [204, 400]
    assert house.findings() == []


def test_of_two_spends_of_everything_one_is_refused(house: House, till: Counter, alice: Member) -> None:
    till.add(alice, 10)
    form = {"customer": str(alice.customer_id), "points": 10}
    answers = in_parallel(*[lambda: of(till).post("points/transfer/spend", **form)] * 2)
    assert statuses(answers) == [200, 400]
    assert house.balance(alice) == (0, 0, 0)


def test_a_file_sent_twice_at_once_is_booked_once(house: House, till: Counter, alice: Member) -> None:
    answers = in_parallel(*[lambda: of(till).send("POST", "points/transfer/import", *upload(XML))] * 2)
    # The second is told, or may follow the first one's job.
    assert set(statuses(answers)) <= {200, 202}
    assert 200 in statuses(answers)
    assert house.balance(alice) == (1500, 0, 0)
    assert Job.objects.count() == 1


def test_wrong_passwords_at_once_are_all_counted(alice: Member, till: Counter) -> None:
    set_member_password(member=alice, password=PASSWORD, actor=TESTER, at=clock.now())
    words: dict[str, Any] = {"username": "4711", "password": "wrong", "at": clock.now()}
    in_parallel(*[lambda: check_member_password(**words)] * settings.AXES_FAILURE_LIMIT)
    kept = MemberPassword.objects.get()
    assert kept.failures == settings.AXES_FAILURE_LIMIT
    assert kept.locked_until is not None
    assert check_member_password(**{**words, "password": PASSWORD}) is None


def test_one_person_is_appointed_once(shop: Any) -> None:
    from members.models import Seller
    from members.services import appoint_seller
    from tests import factories

    operator = factories.OperatorFactory()
    words: dict[str, Any] = {"store": shop.store, "operator": operator, "actor": TESTER, "at": clock.now()}
    answers = in_parallel(*[lambda: appoint_seller(**words)] * 2)
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "Seller"]
    assert Seller.objects.count() == 1
