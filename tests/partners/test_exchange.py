"""Issues over the services: what they book, once, and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from ledger.errors import InsufficientBalance
from ledger.models import Transaction
from loyalty.kernel import clock
from loyalty.kernel.errors import DomainError, InvalidInput, NotFound
from members.models import Member
from members.services import update_member
from partners.errors import (
    DestinationIncomplete,
    DestinationUnknown,
    ExchangeClosed,
    FloatExhausted,
    ReferenceTaken,
    ValueRefused,
)
from partners.models import Exchange, ExchangeEntry, PartnerProgram
from partners.quoting import quote
from partners.services import (
    Destination,
    issue_points,
    preview_issue,
    reverse_exchange,
    take_access,
    update_partner,
    update_partner_program,
)
from tests.house import TESTER, House
from tests.partners.trade import Trade, make_client, make_partner, make_program
from tests.walk import every_row


def refused(trade: Trade, error: type[DomainError], **said: Any) -> None:
    """Issue; expect this refusal, and every row as it was."""
    before = every_row()
    with pytest.raises(error):
        trade.issue(**said)
    assert every_row() == before


def reverse(exchange: Exchange, reason: str = "A mistake.") -> Exchange:
    return reverse_exchange(exchange=exchange, actor=TESTER, at=clock.now(), reason=reason)


def test_an_issue_is_in_the_members_wallet_in_clearing_and_paid_for(trade: Trade, house: House, alice: Member) -> None:
    exchange = trade.issue()
    assert (exchange.points, exchange.value, exchange.rate, exchange.state) == (100, 10, Decimal("0.1"), "issued")
    assert house.balance(alice) == (100, 0, 0)
    assert trade.clearing(trade.own) == 100
    assert trade.money() == 990
    entry = ExchangeEntry.objects.get(exchange=exchange)
    assert (entry.points, entry.value, entry.transaction.amount, entry.money_transaction.amount) == (100, 10, 100, 1000)
    assert entry.credit_transaction is not None
    assert entry.credit_transaction.amount == 100


def test_points_of_an_account_with_decimals_arrive_whole(trade: Trade, neighbor: House, charlie: Member) -> None:
    # The neighbor's account has no decimals; one that has gets smallest units.
    type(neighbor.account).objects.filter(pk=neighbor.account.pk).update(decimals=2)
    exchange = trade.issue(program_id=trade.foreign.pk, destination=Destination(user_id="charlie"))
    assert exchange.points == 40
    assert neighbor.balance(charlie) == (4000, 0, 0)
    assert trade.clearing(trade.foreign) == 40


def test_a_program_of_another_organization_is_credited_in_its_own_books(
    trade: Trade, neighbor: House, charlie: Member
) -> None:
    exchange = trade.issue(program_id=trade.foreign.pk, destination=Destination(user_id="charlie"))
    entry = ExchangeEntry.objects.get(exchange=exchange)
    assert entry.transaction.organization_id == trade.house.id
    assert entry.credit_transaction is not None
    assert entry.credit_transaction.organization_id == neighbor.id
    assert trade.house.findings() == neighbor.findings() == []


def test_the_same_reference_again_is_answered_as_the_first_time(trade: Trade, alice: Member) -> None:
    first = trade.issue()
    before = every_row()
    # The rate of the first counts, and that the program is open no longer is no matter.
    assert trade.issue().pk == first.pk
    assert every_row() == before
    take_access(client=trade.client, program=trade.own, actor=TESTER, at=clock.now())
    assert trade.issue().pk == first.pk


@pytest.mark.parametrize(
    "other",
    [
        {"value": 11},
        {"description": "other"},
        {"destination": Destination(user_id="alice")},
        {"original_program_id": "miles"},
        {"program_id": None},
    ],
    ids=str,
)
def test_the_same_reference_with_other_content_is_refused(trade: Trade, alice: Member, other: Any) -> None:
    trade.issue()
    refused(trade, ReferenceTaken, **other)


def test_a_refused_issue_does_not_use_its_reference_up(trade: Trade, alice: Member) -> None:
    refused(trade, FloatExhausted, value=1001)
    assert trade.issue().points == 100


def test_two_clients_may_use_one_reference(trade: Trade, house: House, alice: Member) -> None:
    other = make_client(trade.books, "Books app", trade.own).client
    first = trade.issue()
    second = issue_points(client=other, is_sandbox=False, order=trade.order(), actor=TESTER, at=clock.now())
    assert (second.replayed, second.exchange.pk == first.pk) == (False, False)
    assert house.balance(alice) == (200, 0, 0)
    # Who pays later owes.
    assert (trade.money(), trade.money(trade.books)) == (990, -10)


# --- the float -------------------------------------------------------------------------------------------------------
def test_a_prepaid_company_issues_down_to_its_floor_and_no_further(trade: Trade, alice: Member) -> None:
    update_partner(partner=trade.bank, changes={"floor": Decimal(990)}, actor=TESTER, at=clock.now())
    trade.bank.refresh_from_db()
    trade.made.client.partner.refresh_from_db()
    trade.issue()
    refused(trade, FloatExhausted, reference_number="R-2", value=1)


def test_a_postpaid_company_may_owe_down_to_its_limit(trade: Trade, house: House, alice: Member) -> None:
    shop = make_partner(house, "Shop", floor=Decimal(-15))
    client = make_client(shop, "Shop app", trade.own).client
    order = trade.order()
    issue_points(client=client, is_sandbox=False, order=order, actor=TESTER, at=clock.now())
    with pytest.raises(FloatExhausted):
        issue_points(
            client=client,
            is_sandbox=False,
            order=replace(order, reference_number="R-2"),
            actor=TESTER,
            at=clock.now(),
        )
    assert trade.money(shop) == -10


@pytest.mark.parametrize(
    "wrong",
    [
        {"terms": "prepaid", "floor": Decimal(-1)},
        {"terms": "postpaid", "floor": Decimal(1)},
        {"terms": "later"},
        {"floor": Decimal("-0.001")},
        {"floor": Decimal("NaN")},
        {"currency": "usd"},
        {"currency": "DOLLAR"},
        {"profile": {"hello": "world"}},
        {"profile": {"city": 5}},
    ],
    ids=str,
)
def test_terms_that_cannot_be_meant_are_refused(house: House, wrong: Any) -> None:
    before = every_row()
    with pytest.raises(InvalidInput):
        make_partner(house, "Shop", **wrong)
    assert every_row() == before


# --- what a value buys -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("price", "value", "points"),
    [("0.1", 1, 10), ("0.1", 3, 30), ("0.3", 1, 3), ("7", 20, 2), ("0.000001", 9, 9_000_000), ("0.07", 7, 100)],
)
def test_a_value_buys_as_many_whole_points_as_it_pays_for(price: str, value: int, points: int) -> None:
    program = PartnerProgram(price_per_point=Decimal(price), price_per_point_in_usd=Decimal(price))
    program.partner = type(program).partner.field.related_model(currency="USD")
    assert quote(program, "USD", value).points == points


def test_limits_are_inclusive_and_zero_is_none(trade: Trade) -> None:
    for value, points in ((5, 20), (500, 2000)):
        assert preview_issue(client=trade.client, program_id=trade.foreign.pk, value=value).points == points
    for value in (4, 501, 0, -5):
        with pytest.raises(ValueRefused):
            preview_issue(client=trade.client, program_id=trade.foreign.pk, value=value)
    assert preview_issue(client=trade.client, program_id=trade.own.pk, value=10**8).points == 10**9


def test_limits_of_points_are_inclusive(trade: Trade) -> None:
    limits = {"min_points": 40, "max_points": 44}
    update_partner_program(program=trade.foreign, changes=limits, actor=TESTER, at=clock.now())
    for value, good in ((9, False), (10, True), (11, True), (12, False)):
        if good:
            preview_issue(client=trade.client, program_id=trade.foreign.pk, value=value)
        else:
            with pytest.raises(ValueRefused):
                preview_issue(client=trade.client, program_id=trade.foreign.pk, value=value)


def test_a_new_price_counts_from_the_next_issue(trade: Trade, alice: Member) -> None:
    first = trade.issue()
    price = {"price_per_point": Decimal("0.2"), "price_per_point_in_usd": Decimal("0.2")}
    update_partner_program(program=trade.own, changes=price, actor=TESTER, at=clock.now())
    assert trade.issue().points == first.points == 100
    assert trade.issue(reference_number="R-2").points == 50


def test_a_client_that_pays_in_dollars_buys_at_the_price_in_dollars(trade: Trade, house: House, alice: Member) -> None:
    euros = make_partner(house, "Euro Club", currency="EUR")
    program = make_program(euros, "Euro points", destination=house.program, price_per_point_in_usd=Decimal("0.125"))
    client = make_client(trade.bank, "Second app", program).client
    assert preview_issue(client=client, program_id=program.pk, value=10).points == 80
    dirhams = make_partner(house, "Dirham Bank", currency="AED")
    with pytest.raises(InvalidInput, match="no price in AED"):
        make_client(dirhams, "Third app", program)


# --- whom ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "who",
    [
        Destination(user_email="nobody@example.com"),
        Destination(user_id="nobody", user_email="alice@example.com"),
        Destination(user_id="bob", user_email="alice@example.com"),
        Destination(user_id="charlie", user_email="charlie@example.com"),
    ],
    ids=str,
)
def test_points_for_nobody_or_two_are_refused(
    trade: Trade, alice: Member, bob: Member, charlie: Member, who: Destination
) -> None:
    refused(trade, DestinationUnknown, destination=who)


def test_what_a_program_requires_has_to_be_said(trade: Trade, charlie: Member) -> None:
    refused(trade, DestinationIncomplete, destination=Destination())
    refused(trade, DestinationIncomplete, destination=Destination(user_id="alice"))
    who = Destination(user_email="charlie@example.com")
    refused(trade, DestinationIncomplete, program_id=trade.foreign.pk, destination=who)


def test_a_member_who_is_not_active_is_given_nothing(trade: Trade, alice: Member) -> None:
    update_member(member=alice, changes={"active": False}, actor=TESTER, at=clock.now())
    refused(trade, DestinationUnknown)


def test_a_program_that_is_closed_or_not_the_clients_is_not_there(trade: Trade, alice: Member) -> None:
    refused(trade, NotFound, program_id=trade.own.pk + 1000)
    take_access(client=trade.client, program=trade.own, actor=TESTER, at=clock.now())
    refused(trade, NotFound)
    update_partner_program(program=trade.foreign, changes={"active": False}, actor=TESTER, at=clock.now())
    refused(trade, NotFound, program_id=trade.foreign.pk, destination=Destination(user_id="charlie"))


def test_a_client_cannot_be_let_into_a_program_of_another_organization(trade: Trade, neighbor: House) -> None:
    theirs = make_program(make_partner(neighbor, "Theirs"), "Their program", destination=neighbor.program)
    with pytest.raises(InvalidInput):
        make_client(trade.bank, "Second app", theirs)


# --- the sandbox -----------------------------------------------------------------------------------------------------
def test_an_issue_in_the_sandbox_moves_nothing(trade: Trade, house: House, alice: Member) -> None:
    before = every_row()
    exchange = trade.issue(is_sandbox=True)
    assert (exchange.points, exchange.state) == (100, "issued")
    after = every_row()
    assert {table for table in after if after[table] != before[table]} == {"partners.Exchange"}
    assert trade.issue(is_sandbox=True).pk == exchange.pk
    # Production does not know it.
    assert trade.issue().pk != exchange.pk
    assert house.balance(alice) == (100, 0, 0)


def test_an_issue_in_the_sandbox_cannot_be_taken_back(trade: Trade, alice: Member) -> None:
    with pytest.raises(ExchangeClosed):
        reverse(trade.issue(is_sandbox=True))


# --- taking back -----------------------------------------------------------------------------------------------------
def test_a_reversal_is_the_opposite_of_everything_once(trade: Trade, house: House, alice: Member) -> None:
    exchange = trade.issue()
    assert reverse(exchange).state == "reversed"
    assert house.balance(alice) == (0, 0, 0)
    assert (trade.clearing(trade.own), trade.money()) == (0, 1000)
    before = every_row()
    assert reverse(exchange).state == "reversed"
    assert every_row() == before
    assert house.findings() == []


def test_a_reversal_of_points_that_are_spent_is_refused(trade: Trade, house: House, alice: Member) -> None:
    exchange = trade.issue()
    house.take(alice, 50)
    before = every_row()
    with pytest.raises(InsufficientBalance):
        reverse(exchange)
    assert every_row() == before


# --- what the database refuses ---------------------------------------------------------------------------------------
def test_the_database_refuses_to_change_or_delete_what_was_exchanged(trade: Trade, alice: Member) -> None:
    exchange = trade.issue()
    entry = ExchangeEntry.objects.get()
    attempts = (
        lambda: Exchange.objects.filter(pk=exchange.pk).update(points=1),
        lambda: Exchange.objects.filter(pk=exchange.pk).update(reference_number="other"),
        lambda: Exchange.objects.filter(pk=exchange.pk).update(state="pending", ended_at=None),
        lambda: Exchange.objects.filter(pk=exchange.pk).update(destination_user_email=""),
        lambda: Exchange.objects.filter(pk=exchange.pk)._raw_delete("default"),
        lambda: ExchangeEntry.objects.filter(pk=entry.pk).update(points=1),
        lambda: ExchangeEntry.objects.filter(pk=entry.pk)._raw_delete("default"),
        lambda: Exchange.objects.create(
            **{
                field.attname: getattr(exchange, field.attname)
                for field in Exchange._meta.fields
                if not field.primary_key
            }
        ),
    )
    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    assert Transaction.objects.filter(pk=entry.transaction_id).exists()
