"""What was exchanged for members goes along with them: in a merge, an export, an erasure."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty.kernel import clock
from members.models import Member
from members.services import erase_member, export_member, merge_members
from partners.models import Connection, Exchange
from partners.services import Destination, connect
from tests.house import TESTER
from tests.partners.trade import Trade


@pytest.fixture
def known(trade: Trade, alice: Member) -> Exchange:
    """Points of Alice's, and the bank's user who is Alice."""
    connect(
        client=trade.client,
        is_sandbox=False,
        program_id=trade.own.pk,
        source_user_id="user-7",
        source_user_email="alice@bank.example",
        destination=Destination(user_email="alice@example.com"),
        at=clock.now(),
    )
    return trade.issue(description="For Alice")


def test_an_export_has_what_was_exchanged_and_connected(known: Exchange, alice: Member) -> None:
    parts: list[Any] = list(export_member(member=alice, actor=TESTER, at=clock.now()))
    (exchange,) = [part for part in parts if part["part"] == "exchange"]
    assert (exchange["points"], exchange["referenceNumber"], exchange["description"]) == (100, "R-1", "For Alice")
    (tie,) = [part for part in parts if part["part"] == "connection"]
    assert (tie["sourceUserId"], tie["sourceUserEmail"]) == ("user-7", "alice@bank.example")


def test_a_merge_takes_it_along(trade: Trade, known: Exchange, alice: Member, bob: Member) -> None:
    merge_members(kept=bob, merged=alice, actor=TESTER, at=clock.now(), reason="One person.")
    assert Exchange.objects.get().member_id == Connection.objects.get().member_id == bob.pk
    assert trade.house.findings() == []


def test_an_erasure_forgets_who_it_was_for_and_keeps_the_books(trade: Trade, known: Exchange, alice: Member) -> None:
    erase_member(member=alice, actor=TESTER, at=clock.now(), reason="She asked.")
    exchange, tie = Exchange.objects.get(), Connection.objects.get()
    assert (exchange.destination_user_id, exchange.destination_user_email, exchange.description) == ("", "", "")
    assert (tie.source_user_email, tie.destination_user_id, tie.destination_user_email) == ("", "", "")
    assert (exchange.points, exchange.reference_number, trade.clearing(trade.own)) == (100, "R-1", 100)
    assert trade.house.findings() == []
