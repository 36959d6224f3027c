"""Races for exchanges with real parallel connections. Each has a control: the same race with what guards it removed,
which must go wrong.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from loyalty.kernel import clock
from loyalty.kernel.errors import DomainError
from members.models import Member
from partners.models import Connection, Exchange, ExchangeEntry
from partners.services import Destination, connect, issuing, reverse_exchange, reversing
from tests.coupons.test_races import SURELY, refusals, rivals_meet
from tests.databases import in_parallel
from tests.house import TESTER, House
from tests.partners.trade import Trade

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def again(trade: Trade, exchange: Exchange) -> Any:
    return lambda: reverse_exchange(exchange=exchange, actor=TESTER, at=clock.now(), reason="A mistake.")


def test_ten_at_once_with_one_reference_make_one_transaction(trade: Trade, house: House, alice: Member) -> None:
    answers = in_parallel(*[trade.issue] * 10)
    assert refusals(answers) == []
    assert len({answer.pk for answer in answers}) == 1
    assert Exchange.objects.count() == ExchangeEntry.objects.count() == 1
    assert (house.balance(alice), trade.clearing(trade.own), trade.money()) == ((100, 0, 0), 100, 990)
    assert house.findings() == []


def test_control_without_the_unique_reference_one_is_issued_twice(
    trade: Trade, house: House, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    unique = next(one for one in Exchange._meta.constraints if one.name == "exchange_reference_once")
    with connection.schema_editor() as editor:
        editor.remove_constraint(Exchange, unique)
    try:
        with rivals_meet(monkeypatch, [(issuing, "_write")], SURELY):
            answers = in_parallel(trade.issue, trade.issue)
        assert refusals(answers) == []
        assert Exchange.objects.count() == 2
        assert house.balance(alice) == (200, 0, 0)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE partners_exchange DISABLE TRIGGER USER")
            cursor.execute("UPDATE partners_exchange SET reference_number = reference_number || '-' || id")
            cursor.execute("ALTER TABLE partners_exchange ENABLE TRIGGER USER")
        with connection.schema_editor() as editor:
            editor.add_constraint(Exchange, unique)


def test_a_float_for_five_pays_five_of_ten(trade: Trade, house: House, alice: Member) -> None:
    numbers = [f"N-{number}" for number in range(10)]
    answers = in_parallel(*[lambda n=n: trade.issue(value=200, reference_number=n) for n in numbers])  # type: ignore[misc]
    assert refusals(answers) == ["INSUFFICIENT_FUNDS"] * 5
    assert trade.money() == Decimal(0)
    assert house.balance(alice) == (10_000, 0, 0)
    assert Exchange.objects.count() == ExchangeEntry.objects.count() == 5


def test_ten_reversals_at_once_are_one(trade: Trade, house: House, alice: Member) -> None:
    exchange = trade.issue()
    answers = in_parallel(*[again(trade, exchange)] * 10)
    assert refusals(answers) == []
    assert ExchangeEntry.objects.filter(kind="reversal").count() == 1
    assert (house.balance(alice), trade.clearing(trade.own), trade.money()) == ((0, 0, 0), 0, 1000)
    assert house.findings() == []


def test_control_without_the_lock_a_second_reversal_comes_as_far_as_the_database(
    trade: Trade, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = trade.issue()

    def unlocked(**said: Any) -> Any:
        return Exchange.objects.filter(pk=exchange.pk)

    monkeypatch.setattr(Exchange.objects, "select_for_update", unlocked)
    with rivals_meet(monkeypatch, [(reversing, "undo")], SURELY):
        answers = in_parallel(*[again(trade, exchange)] * 2)
    odd = [answer for answer in answers if isinstance(answer, Exception) and not isinstance(answer, DomainError)]
    assert len(odd) == 1
    assert "exchange_entry_once" in str(odd[0]) or "entry" in str(odd[0])


def test_ten_connections_of_one_user_at_once_are_one(trade: Trade, alice: Member) -> None:
    def save() -> Any:
        return connect(
            client=trade.client,
            is_sandbox=False,
            program_id=trade.own.pk,
            source_user_id="user-7",
            source_user_email="",
            destination=Destination(user_email="alice@example.com"),
            at=clock.now(),
        )

    answers = in_parallel(*[save] * 10)
    assert refusals(answers) == []
    assert Connection.objects.count() == 1
    assert sorted(is_new for _, is_new in answers) == [False] * 9 + [True]


def test_two_houses_that_issue_in_each_others_programs_do_not_lock_each_other_out(
    trade: Trade, house: House, neighbor: House, alice: Member, charlie: Member
) -> None:
    from tests.partners.trade import build_trade

    theirs = build_trade(neighbor, house)
    ways = [
        lambda n=n: trade.issue(  # type: ignore[misc]
            program_id=trade.foreign.pk, destination=Destination(user_id="charlie"), reference_number=f"A-{n}"
        )
        for n in range(8)
    ] + [
        lambda n=n: theirs.issue(  # type: ignore[misc]
            program_id=theirs.foreign.pk, destination=Destination(user_id="alice"), reference_number=f"B-{n}"
        )
        for n in range(8)
    ]
    assert refusals(in_parallel(*ways)) == []
    assert (house.balance(alice), neighbor.balance(charlie)) == ((320, 0, 0), (320, 0, 0))
    assert house.findings() == neighbor.findings() == []
