"""Posting one point transaction: V7, R10, R11 and what is decided of amounts."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ledger.models import Balance, LedgerAccount, Lot, Transaction
from ledger.services import set_wallet_active
from loyalty.dialects.engage import transactions
from loyalty.dialects.engage.transactions import move_asked
from loyalty.kernel.numbered import uuid_of
from members.models import Member
from tests.databases import in_parallel
from tests.dialects.engage.world import NOBODY, TRANSACTIONS, Engage, account_of, engage_for, transaction
from tests.house import NOON, House
from tests.walk import every_row

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def own(house: House, alice: Member) -> str:
    """Alice's account, with 100 points in it."""
    house.give(alice, 10_000)
    return account_of(house, alice)


def test_v7_a_transaction_is_booked_and_answered_with_the_callers_id(
    engage: Engage, house: House, alice: Member, own: str
) -> None:
    key = "6B2E9E3C-6C2B-4A60-9F2C-0D5C6D7E8F90"
    asked = transaction(
        own,
        transactionId=key,
        amount=719.7,
        transactionDate="2030-03-14T12:00:00Z",
        validFrom="2030-03-15T10:00:00+02:00",
        validTo="2030-12-31T23:59:59.0510384+01:00",
    )
    answer = engage.post(TRANSACTIONS, asked)
    assert (answer.status_code, answer.body) == (202, {"transactionId": key})
    assert house.balance(alice) == (81_970, 0, 0)
    made = Transaction.objects.latest("pk")
    assert (made.unique_key, made.key_kind, made.source) == (key.lower(), "engage", "Purchase")
    assert made.effective_at == NOON - timedelta(days=1)
    lot = Lot.objects.get(transaction=made)
    assert (lot.valid_from.isoformat(), lot.expires_at.isoformat()) == (
        "2030-03-15T08:00:00+00:00",
        "2030-12-31T22:59:59.051038+00:00",
    )
    assert house.findings() == []


def test_v7_the_account_may_be_named_by_its_number(engage: Engage, house: House, alice: Member, own: str) -> None:
    number = Balance.objects.get(wallet_id=alice.wallet_id).pk
    for given in (number, str(number)):
        assert engage.post(TRANSACTIONS, transaction(own, accountId=given, amount=1)).status_code == 202
    assert house.balance(alice) == (10_200, 0, 0)


@pytest.mark.parametrize("amount", [5, -5, 5.0, -5.00])
def test_r10_a_deduction_takes_either_sign_and_is_stored_below_zero(
    engage: Engage, house: House, alice: Member, own: str, amount: Any
) -> None:
    asked = transaction(own, transactionType="Deduction", amount=amount, source="Return")
    assert engage.post(TRANSACTIONS, asked).status_code == 202
    assert house.balance(alice) == (9_500, 0, 0)
    item = engage.get(f"{TRANSACTIONS}/{asked['transactionId']}").body
    assert (item["amount"], item["type"], item["source"]) == (-5, "Deduction", "Return")


def test_r10_an_addition_below_zero_contradicts_itself(engage: Engage, own: str) -> None:
    engage.refuses("POST", TRANSACTIONS, transaction(own, amount=-5), 400, "ValidationFailed")


@pytest.mark.parametrize("word", ["Expiry", "Cancellation", "Adjustment", "addition?", 1, None, ""])
def test_only_additions_and_deductions_can_be_posted(engage: Engage, own: str, word: Any) -> None:
    engage.refuses("POST", TRANSACTIONS, transaction(own, transactionType=word), 400, "ValidationFailed")


def test_words_are_taken_in_any_case(engage: Engage, own: str) -> None:
    asked = transaction(own, transactionType="addition", source="BONUSPROMOTION")
    assert engage.post(TRANSACTIONS, asked).status_code == 202
    item = engage.get(f"{TRANSACTIONS}/{asked['transactionId']}").body
    assert (item["type"], item["source"]) == ("Addition", "BonusPromotion")


def test_what_may_be_left_out_may_be_null(engage: Engage, own: str) -> None:
    asked = transaction(own, description=None, source=None, transactionDate=None, validFrom=None, validTo=None)
    assert engage.post(TRANSACTIONS, asked).status_code == 202
    item = engage.get(f"{TRANSACTIONS}/{asked['transactionId']}").body
    assert (item["description"], item["source"], item["transactionDate"]) == (
        "",
        "Manual",
        "2030-03-15T12:00:00+00:00",
    )


EXACT = [
    ("719.7", 71_970),
    ("0.01", 1),
    ("0.10", 10),
    ("1.50", 150),
    ("1.500000000000000000000", 150),
    ("15000", 1_500_000),
    ("1e2", 10_000),
    ("1.25E1", 1_250),
    ("90071992547409.91", None),
    ("184467440737.09", 18_446_744_073_709),
]


@pytest.mark.parametrize(("written", "units"), EXACT)
def test_amounts_are_exact(
    engage: Engage, house: House, alice: Member, own: str, written: str, units: int | None
) -> None:
    asked = transaction(own)
    body = f'{{"accountId": "{own}", "transactionId": "{asked["transactionId"]}", "amount": {written},'
    answer = engage.post(TRANSACTIONS, f'{body} "transactionType": "Addition"}}'.encode())
    if units is None:
        assert (answer.status_code, answer.body["message"]) == (400, "amount is too large.")
        return
    assert answer.status_code == 202, answer.content
    assert house.balance(alice) == (10_000 + units, 0, 0)
    shown = engage.get(f"{TRANSACTIONS}/{asked['transactionId']}")
    plain = f"{units // 100}.{units % 100:02d}".rstrip("0").rstrip(".")
    assert f'"amount":{plain},'.encode() in shown.content


REFUSED = [
    "0",
    "0.0",
    "-0.0",
    "0.001",
    "719.705",
    "719.70000000000000001",
    "1e-400",
    "1e-9",
    "1e15",
    "1e300",
    "9" * 400,
]


@pytest.mark.parametrize("written", REFUSED)
def test_an_amount_is_refused_rather_than_rounded(engage: Engage, own: str, written: str) -> None:
    body = f'{{"accountId": "{own}", "transactionId": "{NOBODY}", "amount": {written}, "transactionType": "Addition"}}'
    engage.refuses("POST", TRANSACTIONS, body.encode(), 400, "ValidationFailed")


def test_more_decimals_than_the_account_has_are_named(engage: Engage, house: House, own: str) -> None:
    message = engage.refuses("POST", TRANSACTIONS, transaction(own, amount=1.005), 400, "ValidationFailed")
    assert "2 decimals" in message


def test_a_deduction_below_zero_is_not_accepted(engage: Engage, own: str) -> None:
    asked = transaction(own, transactionType="Deduction", amount=100.01)
    engage.refuses("POST", TRANSACTIONS, asked, 400, "InsufficientPoints")
    # It did not use its id up.
    assert engage.post(TRANSACTIONS, asked | {"amount": 100}).status_code == 202


def test_r13_unless_the_account_allows_debt(engage: Engage, house: House, alice: Member, own: str) -> None:
    LedgerAccount.objects.filter(pk=house.account.pk).update(may_owe=True)
    Balance.objects.update(may_owe=True)
    assert engage.post(TRANSACTIONS, transaction(own, transactionType="Deduction", amount=150)).status_code == 202
    assert engage.get(f"/api/v3/point-accounts/{own}").body["balance"] == -50


def test_r11_a_repeat_answers_the_same_and_counts_once(engage: Engage, house: House, alice: Member, own: str) -> None:
    asked = transaction(own, transactionDate="2030-03-14T12:00:00Z", validTo="2030-12-31T00:00:00Z")
    first = engage.post(TRANSACTIONS, asked)
    before = every_row()
    same = asked | {"transactionDate": "2030-03-14T13:00:00+01:00", "amount": 12.0}
    for repeat in (asked, same, asked | {"transactionId": asked["transactionId"].upper()}):
        answer = engage.post(TRANSACTIONS, repeat)
        assert (answer.status_code, answer.body) == (202, {"transactionId": repeat["transactionId"]})
    assert first.body == {"transactionId": asked["transactionId"]}
    assert every_row() == before
    assert house.balance(alice) == (11_200, 0, 0)


OTHER = {
    "amount": 13,
    "description": "something else",
    "source": "Return",
    "transactionType": "Deduction",
    "transactionDate": "2030-03-13T12:00:00Z",
    "validFrom": "2030-03-16T12:00:00Z",
    "validTo": "2031-03-16T12:00:00Z",
}


@pytest.mark.parametrize("field", OTHER)
def test_r11_the_same_id_with_other_content_is_409(engage: Engage, own: str, field: str) -> None:
    asked = transaction(own)
    engage.post(TRANSACTIONS, asked)
    engage.refuses("POST", TRANSACTIONS, asked | {field: OTHER[field]}, 409, "IdempotencyConflict")


def test_r11_the_same_id_for_another_account_is_409(engage: Engage, house: House, own: str, bob: Member) -> None:
    house.give(bob, 100)
    asked = transaction(own)
    engage.post(TRANSACTIONS, asked)
    engage.refuses("POST", TRANSACTIONS, asked | {"accountId": account_of(house, bob)}, 409, "IdempotencyConflict")


def test_an_id_is_one_organizations_own(
    engage: Engage, own: str, house: House, alice: Member, neighbor: House, charlie: Member
) -> None:
    neighbor.give(charlie, 100)
    next_door = engage_for(neighbor.organization, is_admin=True)
    asked = transaction(own)
    assert engage.post(TRANSACTIONS, asked).status_code == 202
    theirs = asked | {"accountId": account_of(neighbor, charlie)}
    assert next_door.post(TRANSACTIONS, theirs).status_code == 202
    assert neighbor.balance(charlie) == (112, 0, 0)


def test_r5_a_transaction_that_is_valid_later_is_pending(engage: Engage, own: str, noon: Any) -> None:
    engage.post(TRANSACTIONS, transaction(own, validFrom="2030-03-20T00:00:00Z"))
    seen = engage.get(f"/api/v3/point-accounts/{own}").body
    assert (seen["balance"], seen["pendingPoints"]) == (100, 12)
    noon.shift(timedelta(days=5))
    seen = engage.get(f"/api/v3/point-accounts/{own}").body
    assert (seen["balance"], seen["pendingPoints"]) == (112, 0)


def test_a_date_without_offset_is_local_time(engage: Engage, house: House, own: str) -> None:
    house.organization.timezone = "Europe/Berlin"
    house.organization.save()
    asked = transaction(own, transactionDate="2030-03-14T12:00:00", validTo="2030-06-30")
    engage.post(TRANSACTIONS, asked)
    item = engage.get(f"{TRANSACTIONS}/{asked['transactionId']}").body
    assert item["transactionDate"] == "2030-03-14T12:00:00+01:00"
    assert item["validTo"] == "2030-06-30T00:00:00+02:00"


@pytest.mark.parametrize("never", ["9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59-12:00", "9999-12-31"])
def test_the_largest_date_stands_for_never(engage: Engage, own: str, never: str) -> None:
    asked = transaction(own, validTo=never)
    assert engage.post(TRANSACTIONS, asked).status_code == 202
    assert engage.get(f"{TRANSACTIONS}/{asked['transactionId']}").body["validTo"] is None


DATES = ["2030-03-16T12:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00", "0001-01-01T00:00:00+14:00"]


@pytest.mark.parametrize("date", DATES)
def test_a_transaction_has_happened_and_not_before_our_time(engage: Engage, own: str, date: str) -> None:
    engage.refuses("POST", TRANSACTIONS, transaction(own, transactionDate=date), 400, "ValidationFailed")


def test_points_do_not_expire_before_they_are_valid(engage: Engage, own: str) -> None:
    dates = {"validFrom": "2024-11-13T08:16:27.949Z", "validTo": "2024-11-13T08:16:27.949Z"}
    engage.refuses("POST", TRANSACTIONS, transaction(own, **dates), 400, "ValidationFailed")


def test_v7_an_account_that_is_not_there_is_404(engage: Engage, neighbor: House, charlie: Member) -> None:
    neighbor.give(charlie, 5)
    wrong = (NOBODY, 987654321, account_of(neighbor, charlie), str(uuid_of("transaction", 1)))
    for account in wrong:
        engage.refuses("POST", TRANSACTIONS, transaction(NOBODY) | {"accountId": account}, 404, "PointAccountNotFound")


def test_a_contact_or_definition_that_is_not_active_takes_nothing(
    engage: Engage, house: House, alice: Member, own: str
) -> None:
    set_wallet_active(wallet_id=alice.wallet_id, active=False)
    engage.refuses("POST", TRANSACTIONS, transaction(own), 400, "ContactNotActive")
    set_wallet_active(wallet_id=alice.wallet_id, active=True)
    LedgerAccount.objects.filter(pk=house.account.pk).update(active=False)
    engage.refuses("POST", TRANSACTIONS, transaction(own), 400, "PointDefinitionNotActive")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_r11_two_of_one_id_at_once_count_once(house: House, alice: Member) -> None:
    house.give(alice, 100)
    asked = transaction(account_of(house, alice), transactionId=str(uuid.uuid4()))
    clients = [engage_for(house.organization, is_admin=True) for _ in range(4)]
    answers = in_parallel(*[lambda client=client: client.post(TRANSACTIONS, asked) for client in clients])
    assert [(answer.status_code, answer.body) for answer in answers] == [
        (202, {"transactionId": asked["transactionId"]})
    ] * 4
    assert house.balance(alice) == (1_300, 0, 0)
    assert house.findings() == []


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_control_without_the_key_each_counts(house: House, alice: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    def keyless(*args: Any) -> Any:
        return replace(move_asked(*args), unique_key=None)

    house.give(alice, 100)
    monkeypatch.setattr(transactions, "move_asked", keyless)
    asked = transaction(account_of(house, alice))
    clients = [engage_for(house.organization, is_admin=True) for _ in range(4)]
    in_parallel(*[lambda client=client: client.post(TRANSACTIONS, asked) for client in clients])
    assert house.balance(alice) == (4_900, 0, 0)


def test_r9_points_that_became_a_voucher_are_a_deduction_with_the_documents_code(engage: Engage, own: str) -> None:
    asked = transaction(
        own,
        transactionType="Deduction",
        amount=-50,
        source="RewardVoucher",
        description="@@(ConvertedToBonusCheck)",
    )
    assert engage.post(TRANSACTIONS, asked).status_code == 202
    # R12: it is there at once.
    item = engage.get(f"{TRANSACTIONS}/{asked['transactionId']}").body
    assert (item["type"], item["source"], item["amount"], item["description"]) == (
        "Deduction",
        "RewardVoucher",
        -50,
        "@@(ConvertedToBonusCheck)",
    )
