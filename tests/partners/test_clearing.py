"""What companies clear between them is moved by what settles it, and by nobody else: no client, no batch, no hand."""

from __future__ import annotations

import pytest

from ledger.errors import ClearingAccount
from ledger.models import Transaction
from ledger.services import preview_revert
from loyalty.kernel import clock
from loyalty.kernel.desk import address_of
from members.models import Member
from partners.models import Exchange, ExchangeEntry
from partners.services import reverse_exchange
from tests.house import TESTER, Api
from tests.partners.trade import Trade, held
from tests.refusals import refuses
from tests.staff import Person
from tests.walk import every_row

pytestmark = pytest.mark.usefixtures("noon")


@pytest.mark.parametrize("act", ["mint", "burn"])
@pytest.mark.parametrize("kind", ["points", "money"])
def test_no_client_mints_or_burns_what_is_cleared(trade: Trade, alice: Member, api: Api, act: str, kind: str) -> None:
    trade.issue()
    account = trade.own.account if kind == "points" else trade.bank.money_account
    company = trade.own.partner if kind == "points" else trade.bank
    assert held(company.wallet_id, account.pk) > 5
    for wallet_id in (company.wallet_id, alice.wallet_id):
        path = f"ledgers/{account.ledger_id}/accounts/{account.pk}/wallets/{wallet_id}/{act}"
        refuses(api, "POST", path, {"amount": 5}, 422, "CLEARING_ACCOUNT")
    assert trade.house.findings() == []


def test_no_batch_takes_it_to_a_member(trade: Trade, alice: Member, api: Api) -> None:
    trade.issue()
    account = trade.own.account
    item = {"ledgerId": account.ledger_id, "ledgerAccountId": account.pk, "amount": 5, "toWalletId": alice.wallet_id}
    before = every_row()
    answer = api.post("batch/ledger-transactions", {"items": [{**item, "fromWalletId": trade.own.partner.wallet_id}]})
    assert [row["code"] for row in answer.body["failed"]] == ["CLEARING_ACCOUNT"]
    assert every_row() == before
    assert trade.house.findings() == []


def test_nobody_reverts_half_of_an_issue(trade: Trade, alice: Member, api: Api) -> None:
    trade.issue()
    entry = ExchangeEntry.objects.get()
    halves = ((trade.own.account, entry.transaction_id), (trade.bank.money_account, entry.money_transaction_id))
    for account, number in halves:
        path = f"ledgers/{account.ledger_id}/accounts/{account.pk}/transactions/revert"
        refuses(api, "POST", path, {"ledgerTransactionId": str(number)}, 422, "CLEARING_ACCOUNT")
        refuses(api, "POST", path, {"externalId": "R-1"}, 422, "CLEARING_ACCOUNT")
        with pytest.raises(ClearingAccount):
            preview_revert(organization_id=trade.house.id, transaction_id=number, actor=TESTER, at=clock.now())
    reverse_exchange(exchange=Exchange.objects.get(), actor=TESTER, at=clock.now(), reason="A mistake.")
    assert (trade.clearing(trade.own), trade.money()) == (0, 1000)
    assert trade.house.findings() == []


def test_the_console_offers_no_half_of_an_issue_to_be_reverted(
    trade: Trade, alice: Member, administrator: Person
) -> None:
    exchange = trade.issue()
    entry = ExchangeEntry.objects.get()
    own = Transaction.objects.get(pk=entry.credit_transaction_id)
    assert f"{own.pk}/do/revert/" in administrator.get(address_of(own)).content.decode()
    for number in (entry.transaction_id, entry.money_transaction_id):
        page = administrator.get(address_of(Transaction.objects.get(pk=number)))
        assert page.status_code == 200
        assert "/do/revert/" not in page.content.decode()
    assert "/do/reverse/" in administrator.get(address_of(exchange)).content.decode()
