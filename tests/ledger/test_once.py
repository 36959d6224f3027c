"""Once means once: keys, replays, conflicts, in single postings, sets and batches."""

from __future__ import annotations

import pytest

from ledger import services
from ledger.errors import InsufficientBalance
from ledger.models import Transaction
from loyalty.kernel import clock
from loyalty.kernel.errors import IdempotencyConflict
from members.models import Member
from tests.house import TESTER, House


def mint(house: House, member: Member, amount: int = 10, key: str | None = None, **words: object) -> services.Move:
    return services.mint(
        account_id=house.account.pk, wallet_id=member.wallet_id, amount=amount, unique_key=key, **words
    )


def burn(house: House, member: Member, amount: int = 10, key: str | None = None) -> services.Move:
    return services.burn(account_id=house.account.pk, wallet_id=member.wallet_id, amount=amount, unique_key=key)


def batch(house: House, *groups: list[services.Move]) -> list[tuple[services.Outcome, list]]:
    return services.post_batch(organization_id=house.id, groups=groups, actor=TESTER, at=clock.now())


def test_the_same_key_and_content_answers_the_first_transaction(house: House, alice: Member) -> None:
    first, again = house.post(mint(house, alice, key="k")), house.post(mint(house, alice, key="k"))
    assert (first.replayed, again.replayed) == (False, True)
    assert again.records == first.records
    assert house.balance(alice) == (10, 0, 0)


@pytest.mark.parametrize(
    "other", [{"amount": 11}, {"description": "x"}, {"tags": ["x"]}, {"external_id": "x"}, {"valid_from": clock.NEVER}]
)
def test_the_same_key_with_other_content_is_a_conflict(house: House, alice: Member, other: dict[str, object]) -> None:
    house.post(mint(house, alice, key="k"))
    with pytest.raises(IdempotencyConflict):
        house.post(mint(house, alice, key="k", **other))
    assert house.balance(alice) == (10, 0, 0)


def test_the_same_key_for_another_wallet_or_kind_is_a_conflict(house: House, alice: Member, bob: Member) -> None:
    house.post(mint(house, alice, key="k"))
    for other in (mint(house, bob, key="k"), burn(house, alice, key="k")):
        with pytest.raises(IdempotencyConflict):
            house.post(other)
    assert (house.balance(alice), house.balance(bob)) == ((10, 0, 0), (0, 0, 0))


def test_a_key_is_the_organizations_own(house: House, alice: Member, neighbor: House, charlie: Member) -> None:
    house.post(mint(house, alice, key="k"))
    neighbor.post(mint(neighbor, charlie, key="k"))
    assert neighbor.balance(charlie) == (10, 0, 0)


def test_a_client_cannot_use_up_the_keys_the_system_makes(house: House, alice: Member) -> None:
    given = house.give(alice, 10)
    house.post(mint(house, alice, key=f"revert:{given.id}"))
    services.revert_transactions(organization_id=house.id, transaction_ids=[given.id], actor=TESTER, at=clock.now())
    assert house.balance(alice) == (10, 0, 0)
    assert house.findings() == []


def test_a_refused_attempt_does_not_use_up_its_key(house: House, alice: Member) -> None:
    with pytest.raises(InsufficientBalance):
        house.post(burn(house, alice, key="k"))
    house.give(alice, 10)
    house.post(burn(house, alice, key="k"))
    assert house.balance(alice) == (0, 0, 0)


def test_a_replay_answers_even_when_the_balance_is_gone(house: House, alice: Member) -> None:
    house.give(alice, 10)
    first = house.post(burn(house, alice, key="k"))
    assert house.post(burn(house, alice, key="k")).records == first.records


def test_a_set_whose_keys_all_acted_is_a_replay(house: House, alice: Member) -> None:
    moves = [mint(house, alice, key="a"), mint(house, alice, 5, key="b")]
    first, again = house.post(*moves), house.post(*moves)
    assert again.replayed
    assert again.records == first.records
    assert house.balance(alice) == (15, 0, 0)


def test_a_set_of_which_only_some_keys_acted_is_a_conflict(house: House, alice: Member) -> None:
    house.post(mint(house, alice, key="a"))
    with pytest.raises(IdempotencyConflict):
        house.post(mint(house, alice, key="a"), mint(house, alice, 5, key="b"))
    assert house.balance(alice) == (10, 0, 0)


def test_one_key_is_enough_to_replay_a_whole_set(house: House, alice: Member) -> None:
    moves = [mint(house, alice, key="a"), mint(house, alice, 5)]
    first, again = house.post(*moves), house.post(*moves)
    assert again.replayed
    assert again.records == first.records
    assert house.balance(alice) == (15, 0, 0)


def test_the_same_key_twice_in_one_set_acts_once(house: House, alice: Member) -> None:
    posting = house.post(mint(house, alice, key="a"), mint(house, alice, key="a"))
    assert posting.records[0].id == posting.records[1].id
    assert house.balance(alice) == (10, 0, 0)
    assert house.findings() == []


def test_the_same_key_twice_in_one_batch_acts_once(house: House, alice: Member) -> None:
    outcomes = batch(
        house, [mint(house, alice, key="a")], [mint(house, alice, key="a")], [mint(house, alice, 9, key="a")]
    )
    assert [outcome.error and outcome.error.code for outcome, _ in outcomes] == [None, None, "IDEMPOTENCY_CONFLICT"]
    assert outcomes[0][1][0].id == outcomes[1][1][0].id
    assert house.balance(alice) == (10, 0, 0)
    assert house.findings() == []


def test_a_batch_goes_on_after_a_group_that_fails(house: House, alice: Member, bob: Member) -> None:
    outcomes = batch(
        house,
        [mint(house, alice, 10, key="1")],
        [mint(house, bob, 50), burn(house, alice, 11)],
        [burn(house, alice, 10, key="3")],
    )
    assert [outcome.error and outcome.error.code for outcome, _ in outcomes] == [None, "INSUFFICIENT_BALANCE", None]
    assert (outcomes[1][0].failed, outcomes[1][0].error_of(0).code) == (1, "ATOMIC_SET_ABORTED")
    assert (house.balance(alice), house.balance(bob)) == ((0, 0, 0), (0, 0, 0))
    assert Transaction.objects.count() == 2
    assert house.findings() == []


def test_a_failed_group_leaves_its_keys_unused(house: House, alice: Member) -> None:
    batch(house, [mint(house, alice, 10, key="a"), burn(house, alice, 99, key="b")])
    house.post(mint(house, alice, 7, key="a"))
    assert house.balance(alice) == (7, 0, 0)


def test_a_batch_sent_again_changes_nothing(house: House, alice: Member) -> None:
    groups = [[mint(house, alice, 10, key="1")], [burn(house, alice, 4, key="2")]]
    first, again = batch(house, *groups), batch(house, *groups)
    assert [records for _, records in first] == [records for _, records in again]
    assert house.balance(alice) == (6, 0, 0)


def test_text_that_only_looks_alike_is_other_content(house: House, alice: Member) -> None:
    house.post(mint(house, alice, key="k", tags=["a", "b"]))
    with pytest.raises(IdempotencyConflict):
        house.post(mint(house, alice, key="k", tags=["a\x1fb"]))
