"""Statements: drawn from the books, closed once, the same for both sides; and proved."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.models import Balance
from ledger.services import mint, post_transactions
from loyalty.kernel import clock
from loyalty.kernel.errors import DomainError, InvalidInput
from members.models import Member
from partners.errors import NothingToSettle
from partners.models import Exchange, ExchangeEntry, Partner, PartnerProgram, Statement, StatementTotal
from partners.services import (
    Destination,
    close_period,
    file_of,
    issue_points,
    reverse_exchange,
    update_partner,
    update_partner_program,
)
from partners.services.checking import PROOFS
from tests.databases import in_parallel, triggers_off
from tests.house import NOON, TESTER, House
from tests.partners.trade import Trade, make_client, make_partner, make_program, pay
from tests.proofs import rules_found, rules_found_without, rules_told
from tests.walk import every_row

pytestmark = pytest.mark.usefixtures("noon")
CHARLIE = Destination(user_id="charlie")


def close(partner: Partner, ends_at: datetime | None = None) -> Statement:
    return close_period(partner=partner, ends_at=ends_at or clock.now(), actor=TESTER, at=clock.now())


def reverse(exchange: Exchange) -> None:
    reverse_exchange(exchange=exchange, actor=TESTER, at=clock.now(), reason="A mistake.")


def text_of(statement: Statement) -> str:
    return "".join(file_of(Statement.objects.get(pk=statement.pk)))


def said(statement: Statement) -> tuple[Any, ...]:
    return statement.due_to_partner, statement.due_from_partner, statement.net, statement.lines


def test_a_statement_says_what_was_issued_and_empties_clearing(
    trade: Trade, charlie: Member, noon: time_machine.Coordinates
) -> None:
    kept = trade.issue(program_id=trade.foreign.pk, destination=CHARLIE)
    lost = trade.issue(program_id=trade.foreign.pk, destination=CHARLIE, reference_number="R-2", value=20)
    reverse(lost)
    noon.shift(timedelta(days=1))
    statement = close(trade.books)
    assert said(statement) == (10, 0, 10, 3)
    total = StatementTotal.objects.get()
    assert (total.direction, total.issued, total.reversed, total.net_points) == ("out", 120, 80, 40)
    assert trade.clearing(trade.foreign) == 0
    lines = list(csv.DictReader(io.StringIO(text_of(statement))))
    assert [(line["kind"], line["referenceNumber"], line["points"], line["amount"]) for line in lines] == [
        ("issue", kept.reference_number, "40", "10"),
        ("issue", "R-2", "80", "20"),
        ("reversal", "R-2", "-80", "-20"),
    ]
    assert trade.house.findings() == []


def test_the_digest_is_that_of_the_file_whatever_things_are_called_later(
    trade: Trade, charlie: Member, noon: time_machine.Coordinates
) -> None:
    trade.issue(program_id=trade.foreign.pk, destination=CHARLIE, reference_number="=1+1")
    noon.shift(timedelta(days=1))
    statement = close(trade.books)
    update_partner_program(program=trade.foreign, changes={"name": "Other"}, actor=TESTER, at=clock.now())
    update_partner(partner=trade.books, changes={"name": "Other Inc"}, actor=TESTER, at=clock.now())
    text = text_of(statement)
    assert hashlib.sha256(text.encode()).hexdigest() == statement.digest
    assert "'=1+1" in text, "no spreadsheet takes it for a formula"


def test_a_late_reversal_falls_into_the_next_period_and_the_first_stays_as_it_is(
    trade: Trade, charlie: Member, noon: time_machine.Coordinates
) -> None:
    exchange = trade.issue(program_id=trade.foreign.pk, destination=CHARLIE)
    noon.shift(timedelta(days=1))
    first = close(trade.books)
    before = text_of(first)
    reverse(exchange)
    assert trade.clearing(trade.foreign) == -40
    noon.shift(timedelta(days=1))
    second = close(trade.books)
    assert (said(second), second.number, second.starts_at) == ((-10, 0, -10, 1), 2, first.ends_at)
    assert (text_of(first), trade.clearing(trade.foreign)) == (before, 0)
    assert trade.house.findings() == []


def test_a_period_takes_what_was_booked_before_its_end(
    trade: Trade, charlie: Member, noon: time_machine.Coordinates
) -> None:
    trade.issue(program_id=trade.foreign.pk, destination=CHARLIE)
    noon.shift(timedelta(hours=1))
    trade.issue(program_id=trade.foreign.pk, destination=CHARLIE, reference_number="R-2")
    noon.shift(timedelta(hours=1))
    assert close(trade.books, NOON + timedelta(hours=1)).lines == 1
    assert close(trade.books).lines == 1
    # What was booked in time but not seen then is in the next one.
    assert Statement.objects.filter(partner=trade.books).count() == 2


def test_two_directions_are_netted(
    trade: Trade, house: House, alice: Member, charlie: Member, noon: time_machine.Coordinates
) -> None:
    client = make_client(trade.books, "Books app", trade.own).client
    trade.issue(program_id=trade.foreign.pk, destination=CHARLIE, value=30)
    order = trade.order(value=12)
    theirs = issue_points(client=client, is_sandbox=False, order=order, actor=TESTER, at=clock.now()).exchange
    assert trade.money(trade.books) == -12
    noon.shift(timedelta(days=1))
    statement = close(trade.books)
    assert said(statement) == (30, 12, 18, 2)
    assert (trade.clearing(trade.foreign), trade.money(trade.books)) == (0, 0)
    totals = StatementTotal.objects.order_by("direction").values_list("direction", "program_id", "issued", "amount")
    assert list(totals) == [("in", trade.own.pk, 120, 12), ("out", trade.foreign.pk, 120, 30)]
    # Whoever has the program settles what was issued there with its own partner.
    other = close(trade.own.partner)
    assert said(other) == (12, 0, 12, 1)
    reverse(theirs)
    noon.shift(timedelta(days=1))
    assert said(close(trade.books)) == (0, -12, 12, 1)
    assert trade.money(trade.books) == 0
    assert house.findings() == []


def test_what_was_paid_in_advance_is_charged_no_more(
    trade: Trade, alice: Member, noon: time_machine.Coordinates
) -> None:
    trade.issue()
    noon.shift(timedelta(days=1))
    assert said(close(trade.bank)) == (0, 0, 0, 1)
    assert trade.money() == 990


def test_cents_are_rounded_once_in_the_sum(
    trade: Trade, house: House, alice: Member, noon: time_machine.Coordinates
) -> None:
    program = make_program(
        make_partner(house, "Fine Club Inc"), "Fine Club", destination=house.program, price_per_point=Decimal("0.333")
    )
    client = make_client(trade.bank, "Second app", program).client
    for number in range(3):
        order = trade.order(program_id=program.pk, value=1, reference_number=f"F-{number}")
        issue_points(client=client, is_sandbox=False, order=order, actor=TESTER, at=clock.now())
    noon.shift(timedelta(days=1))
    statement = close(program.partner)
    # Nine points at 0.333: 2.997.
    assert StatementTotal.objects.get().amount == Decimal("2.997")
    assert statement.due_to_partner == Decimal("3.00")


def test_nothing_to_settle_and_periods_that_cannot_be_are_refused(
    trade: Trade, charlie: Member, noon: time_machine.Coordinates
) -> None:
    noon.shift(timedelta(days=1))
    before = every_row()
    with pytest.raises(NothingToSettle):
        close(trade.books)
    for ends_at in (clock.now() + timedelta(seconds=1), NOON, NOON - timedelta(days=1)):
        with pytest.raises(InvalidInput):
            close(trade.books, ends_at)
    assert every_row() == before


def test_closed_periods_cannot_be_changed(trade: Trade, charlie: Member, noon: time_machine.Coordinates) -> None:
    trade.issue(program_id=trade.foreign.pk, destination=CHARLIE)
    noon.shift(timedelta(days=1))
    statement = close(trade.books)
    rows = Statement.objects.filter(pk=statement.pk)
    totals, entries = StatementTotal.objects.all(), ExchangeEntry.objects.all()
    attempts: tuple[Callable[[], Any], ...] = (
        lambda: rows.update(net=0),
        lambda: rows.update(digest="x"),
        lambda: rows.update(ends_at=clock.now()),
        lambda: rows._raw_delete("default"),
        lambda: totals.update(issued=1),
        lambda: totals._raw_delete("default"),
        lambda: entries.update(statement=None),
    )
    for attempt in attempts:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            attempt()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_period_that_ten_close_at_once_is_closed_once(
    trade: Trade, charlie: Member, noon: time_machine.Coordinates
) -> None:
    trade.issue(program_id=trade.foreign.pk, destination=CHARLIE)
    noon.shift(timedelta(days=1))
    answers = in_parallel(*[lambda: close(trade.books)] * 10)
    made = [answer for answer in answers if isinstance(answer, Statement)]
    assert all(isinstance(answer, Statement | DomainError) for answer in answers)
    assert (len(made), Statement.objects.count(), trade.clearing(trade.foreign)) == (1, 1, 0)


# --- on any history --------------------------------------------------------------------------------------------------
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("issue"), st.integers(0, 2), st.integers(1, 40)),
        st.tuples(st.just("reverse"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("close"), st.integers(0, 2), st.just(0)),
        st.tuples(st.just("price"), st.integers(1, 9), st.just(0)),
        st.tuples(st.just("pay"), st.integers(1, 50), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_statements_add_up_to_the_clearing_wallet_on_any_history(
    trade: Trade, house: House, alice: Member, charlie: Member, noon: time_machine.Coordinates, steps: list[Any]
) -> None:
    sid = transaction.savepoint()
    theirs = make_client(trade.books, f"App {clock.now()}", trade.own).client
    clients, programs = [trade.client, trade.client, theirs], [trade.own, trade.foreign, trade.own]
    issued: list[Exchange] = []
    for number, (step, which, value) in enumerate(steps):
        noon.shift(timedelta(minutes=1))
        try:
            with transaction.atomic():
                if step == "issue":
                    program = programs[which]
                    who = CHARLIE if program == trade.foreign else Destination(user_email="alice@example.com")
                    order = trade.order(
                        program_id=program.pk, value=value, destination=who, reference_number=f"N-{number}"
                    )
                    made = issue_points(
                        client=clients[which], is_sandbox=False, order=order, actor=TESTER, at=clock.now()
                    )
                    issued.append(made.exchange)
                elif step == "reverse" and issued:
                    reverse(issued[which % len(issued)])
                elif step == "close":
                    close((trade.bank, trade.books, trade.own.partner)[which])
                elif step == "price":
                    price = Decimal(which) / 100
                    changes = {"price_per_point": price, "price_per_point_in_usd": price}
                    update_partner_program(program=trade.own, changes=changes, actor=TESTER, at=clock.now())
                elif step == "pay":
                    pay(trade.bank, str(which))
        except DomainError:
            pass
    for program in (trade.own, trade.foreign):
        entries = ExchangeEntry.objects.filter(program=program)
        booked = sum(e.points if e.kind == "issue" else -e.points for e in entries)
        settled = sum(t.net_points for t in StatementTotal.objects.filter(program=program, direction="out"))
        assert trade.clearing(program) == booked - settled
    for statement in Statement.objects.all():
        text = "".join(file_of(statement))
        assert hashlib.sha256(text.encode()).hexdigest() == statement.digest
        lines = list(csv.DictReader(io.StringIO(text)))
        amount = {way: sum(Decimal(x["amount"]) for x in lines if x["direction"] == way) for way in ("in", "out")}
        assert abs(amount["out"] - statement.due_to_partner) <= Decimal("0.005")
        assert statement.due_from_partner == (0 if statement.terms == "prepaid" else amount["in"])
    assert house.findings() == []
    transaction.savepoint_rollback(sid)


# --- what check_books proves -----------------------------------------------------------------------------------------
@pytest.fixture
def closed(trade: Trade, alice: Member, charlie: Member, noon: time_machine.Coordinates) -> Statement:
    """A closed period, and something after it."""
    trade.issue(program_id=trade.foreign.pk, destination=CHARLIE)
    noon.shift(timedelta(days=1))
    statement = close(trade.books)
    reverse(trade.issue(reference_number="R-2"))
    trade.issue(reference_number="R-3")
    return statement


def _mint_into_clearing() -> None:
    program = PartnerProgram.objects.select_related("partner").get(name="Coffee Club")
    move = mint(account_id=program.account_id, wallet_id=program.partner.wallet_id, amount=5, clears=True)
    post_transactions(organization_id=program.organization_id, moves=[move], actor=TESTER, at=clock.now())


def _entries(reference_number: str) -> Any:
    return ExchangeEntry.objects.filter(exchange__reference_number=reference_number)


BROKEN: dict[str, tuple[Callable[[], Any], set[str]]] = {
    "an entry's value": (
        lambda: _entries("R-3").update(value=11),
        {"exchange-entries-equal-ledger", "exchanges-have-their-entries", "prepaid-equals-exchanges"},
    ),
    "an entry's points": (
        lambda: _entries("R-3").update(points=1),
        {"exchange-entries-equal-ledger", "exchanges-have-their-entries", "clearing-equals-exchanges"},
    ),
    "an entry that is lost": (
        lambda: ExchangeEntry.objects.filter(kind="reversal").delete(),
        {"exchanges-have-their-entries", "clearing-equals-exchanges", "prepaid-equals-exchanges"},
    ),
    "an exchange's state": (
        lambda: Exchange.objects.filter(reference_number="R-3").update(state="reversed"),
        {"exchanges-have-their-entries"},
    ),
    "points nobody issued": (_mint_into_clearing, {"clearing-equals-exchanges"}),
    "a total": (
        lambda: StatementTotal.objects.update(issued=41),
        {"settlements-equal-statements", "clearing-equals-exchanges"},
    ),
    "a rate": (
        lambda: ExchangeEntry.objects.filter(statement__isnull=False).update(rate=1),
        {"statements-keep-their-digest"},
    ),
    "an entry put into a closed period": (
        lambda: _entries("R-3").update(statement=Statement.objects.get()),
        {"statements-keep-their-digest"},
    ),
}


def test_every_proof_has_a_way_to_fail() -> None:
    proofs = {proof.rule for proof in PROOFS} | {"statements-keep-their-digest"}
    assert {rule for _, rules in BROKEN.values() for rule in rules} == proofs


def test_the_exchanges_page_names_every_finding() -> None:
    assert rules_told("exchange.md") >= {proof.rule for proof in PROOFS} | {
        "statements-keep-their-digest",
        "exchange-triggers",
    }


@pytest.mark.parametrize("what", BROKEN)
def test_what_does_not_agree_is_found(trade: Trade, neighbor: House, closed: Statement, what: str) -> None:
    assert trade.house.findings() == []
    act, rules = BROKEN[what]
    with triggers_off():
        act()
    assert rules_found(trade.house) == rules
    assert neighbor.findings() == []


def test_a_missing_trigger_is_found(trade: Trade) -> None:
    found = rules_found_without("partners_exchange_no_delete", "partners_exchange", trade.house)
    assert found == {"exchange-triggers"}


def test_the_balance_of_a_partner_who_has_nothing_is_there(trade: Trade) -> None:
    shop = make_partner(trade.house, "Shop")
    assert Balance.objects.get(wallet=shop.wallet, account=shop.money_account).may_owe
