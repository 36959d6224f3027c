"""check_books finds what is wrong, names it, and says so with its exit status."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import connection

from ledger import services
from ledger.models import AccountDay, AccountSupply, Balance, Hold, HoldSlice, Lot, LotUse, Transaction
from loyalty.kernel import clock
from members.models import LoyaltyEvent, Member
from tests.databases import triggers_off
from tests.house import TESTER, House


@pytest.fixture
def lively(house: House, alice: Member, bob: Member) -> House:
    """A house in which everything has happened once."""
    services.set_supply(account=house.account, max_supply=10_000, actor=TESTER, at=clock.now())
    house.give(alice, 500)
    house.give(alice, 40, waits=True)
    burned = house.take(alice, 100)
    hold = house.take(alice, 50, hold=True)
    services.capture_holds(organization_id=house.id, captures={hold.id: 20}, actor=TESTER, at=clock.now())
    house.take(alice, 30, hold=True)
    house.move(alice, bob, 60)
    services.revert_transactions(organization_id=house.id, transaction_ids=[burned.id], actor=TESTER, at=clock.now())
    return house


def add(table: type, column: str, **where: object) -> Callable[[], None]:
    """A break: one more in one figure of one row, past every constraint that can be passed."""

    def break_it() -> None:
        row = table.objects.filter(**where).order_by("pk").first()
        assert row is not None
        table.objects.filter(pk=row.pk).update(**{column: getattr(row, column) + 1})

    return break_it


BREAKS = {
    "balance-equals-transactions": add(Balance, "active", held=0, active__gt=0),
    "lots-equal-balance": add(Balance, "pending", pending__gt=0),
    "lot-equals-its-uses": add(LotUse, "amount", amount__gt=0),
    "tracked-accounts-have-lots": add(Balance, "active", held=0, active__gt=0),
    "open-holds-equal-held": add(Balance, "held", held__gt=0),
    "hold-slices-equal-held-lots": add(HoldSlice, "amount", hold__state="pending"),
    "holds-end-once": add(Hold, "captured", state="captured"),
    "supply-equals-reserve": add(AccountSupply, "consumed"),
    "supply-row-equals-account": add(AccountSupply, "max_supply"),
    "days-equal-transactions": add(AccountDay, "transactions"),
    "days-equal-balances": add(AccountDay, "pending"),
}


def test_books_in_order_have_no_findings(lively: House) -> None:
    assert lively.findings() == []


@pytest.mark.parametrize("rule", BREAKS)
def test_every_kind_of_disagreement_is_found_and_named(lively: House, rule: str) -> None:
    with triggers_off():
        BREAKS[rule]()
    found = [finding for finding in lively.findings() if finding.rule == rule]
    assert found, [finding.rule for finding in lively.findings()]
    assert all(finding.account_id == lively.account.pk for finding in found)
    assert found[0].difference != "0"


def test_every_check_has_a_break_that_it_finds() -> None:
    from ledger.services.checks import CHECKS

    assert {check.rule for check in CHECKS} == set(BREAKS)


def test_a_finding_names_the_wallet(lively: House, bob: Member) -> None:
    Balance.objects.filter(wallet_id=bob.wallet_id).update(transactions=99)
    (finding,) = lively.findings()
    assert (finding.rule, finding.wallet_id) == ("balance-equals-transactions", bob.wallet_id)


def test_a_lost_transaction_is_found(lively: House, alice: Member) -> None:
    with triggers_off(), connection.cursor() as cursor:
        doomed = Transaction.objects.filter(kind="transfer").get()
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA defer_foreign_keys = ON")
        Lot.objects.filter(transaction=doomed).update(transaction=None)
        LotUse.objects.filter(transaction=doomed).delete()
        LoyaltyEvent.objects.filter(transaction=doomed).delete()
        Transaction.objects.filter(pk=doomed.pk).delete()
    rules = {finding.rule for finding in lively.findings()}
    assert {"balance-equals-transactions", "lot-equals-its-uses", "days-equal-transactions"} <= rules


def test_a_missing_trigger_is_a_finding(lively: House) -> None:
    with triggers_off():
        rules = {finding.rule for finding in lively.findings()}
    assert "append-only-triggers" in rules
    assert lively.findings() == []


def test_the_neighbors_trouble_is_not_this_houses(lively: House, neighbor: House, charlie: Member) -> None:
    neighbor.give(charlie, 5)
    Balance.objects.filter(wallet_id=charlie.wallet_id).update(transactions=99)
    assert lively.findings() == []
    assert len(neighbor.findings()) == 1
    assert len(list(services.check_books())) == 1


def test_the_command_ends_well_where_the_books_balance(lively: House, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check_books")
    assert "The books balance." in capsys.readouterr().out


def test_the_command_lists_findings_and_ends_with_1(lively: House, capsys: pytest.CaptureFixture[str]) -> None:
    AccountDay.objects.update(minted=0)
    with pytest.raises(SystemExit) as ended:
        call_command("check_books", "--organization", lively.organization.key, "--json")
    assert ended.value.code == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["balanced"] is False
    assert "days-equal-transactions" in {finding["rule"] for finding in answer["findings"]}


def test_the_command_refuses_an_organization_that_is_not_there(db: None) -> None:
    from django.core.management import CommandError

    with pytest.raises(CommandError):
        call_command("check_books", "--organization", "nowhere")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_on_committed_books_both_sessions_tell_what_they_find(lively: House, alice: Member, bob: Member) -> None:
    assert lively.findings() == []
    Balance.objects.filter(wallet_id=bob.wallet_id).update(transactions=99)
    with triggers_off():
        BREAKS["lot-equals-its-uses"]()
    rules = {finding.rule for finding in services.check_books(organization_id=lively.id)}
    assert {"balance-equals-transactions", "lot-equals-its-uses"} <= rules
    # Nobody has to listen to the end.
    assert next(services.check_books()) is not None
