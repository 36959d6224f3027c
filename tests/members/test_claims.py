"""Claims as services keep them: once, whatever meets; forgotten with the person; following a merge."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from ledger.models import Transaction
from loyalty.kernel import clock
from loyalty.kernel.errors import InvalidInput
from loyalty.kernel.models import Job
from loyalty.kernel.services.runner import run_one_job
from members.errors import ClaimClosed, ClaimOfAnother
from members.models import Claim, ClaimCode, Member, Store
from members.selectors import claims_standing, find_claims, get_counter, list_claims
from members.services import (
    ClaimDraft,
    ask_for_code,
    ask_to_send_claim,
    claim_points,
    create_claims,
    create_store,
    erase_member,
    export_member,
    forget_codes,
    merge_members,
    prove_email,
    revoke_claim,
    update_member,
)
from members.services.claim_codes import code_of
from tests import factories
from tests.databases import in_parallel
from tests.house import TESTER, House
from tests.walk import every_row

ALICE = "alice@example.com"


@pytest.fixture
def store(house: House) -> Store:
    """The default store of the house."""
    return open_store(house)


def open_store(house: House) -> Store:
    return create_store(organization_id=house.id, code=f"store-{house.id}", name="Store", actor=TESTER, at=clock.now())


def claim_at(store: Store, amount: int = 100, **words: Any) -> Claim:
    (made,) = create_claims(store=store, zone="UTC", drafts=[ClaimDraft(amount, **words)], actor=TESTER, at=clock.now())
    assert isinstance(made, Claim)
    return made


def claim(one: Claim, email: str = ALICE) -> Claim:
    return claim_points(claim=one, email=email, actor=TESTER, at=clock.now())


def test_a_claim_asked_for_again_by_the_same_member_changes_nothing(house: House, alice: Member, store: Store) -> None:
    one = claim_at(store)
    first = claim(one)
    before = every_row()
    assert claim(one).transaction_id == first.transaction_id
    assert every_row() == before


@pytest.mark.parametrize("how", ["taken", "revoked", "expired", "bound"])
def test_a_claim_that_cannot_be_had_gives_nothing(
    house: House, alice: Member, bob: Member, store: Store, how: str
) -> None:
    one = claim_at(store, email="bob@example.com" if how == "bound" else "")
    if how == "taken":
        claim(one, "bob@example.com")
    elif how == "revoked":
        revoke_claim(claim=one, actor=TESTER, at=clock.now())
    elif how == "expired":
        Claim.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    before = every_row()
    with pytest.raises(ClaimOfAnother if how == "bound" else ClaimClosed):
        claim(one)
    assert every_row() == before


def test_a_claim_is_revoked_once_and_never_after_it_was_claimed(house: House, alice: Member, store: Store) -> None:
    one, other = claim_at(store), claim_at(store)
    revoke_claim(claim=one, actor=TESTER, at=clock.now(), reason="why")
    claim(other)
    before = every_row()
    for closed in (one, other):
        with pytest.raises(ClaimClosed):
            revoke_claim(claim=closed, actor=TESTER, at=clock.now())
    assert every_row() == before


def test_the_database_keeps_a_claim_whole(house: House, alice: Member, store: Store) -> None:
    one = claim_at(store)
    for wrong in ({"amount": 0}, {"claimed_at": clock.now()}, {"claimed_by": alice}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Claim.objects.filter(pk=one.pk).update(**wrong)


def test_the_address_is_mailed_to_whom_the_claim_is_bound_to(house: House, store: Store, mailoutbox: list[Any]) -> None:
    one = claim_at(store, email=ALICE, days=3)
    ask_to_send_claim(claim=one, actor=TESTER, at=clock.now())
    run_one_job(worker="test")
    (message,) = mailoutbox
    assert message.to == [ALICE]
    assert f"http://127.0.0.1:8000/claim/points/{one.token.hex}\n" in message.body
    assert "100 Points wait for you at Store" in message.body
    assert "works through" in message.body
    one.refresh_from_db()
    assert one.sent_at is not None
    unbound = claim_at(store)
    before = every_row()
    with pytest.raises(InvalidInput, match="bound to no address"):
        ask_to_send_claim(claim=unbound, actor=TESTER, at=clock.now())
    assert every_row() == before


def test_a_claim_that_closed_in_the_meantime_is_not_mailed(house: House, store: Store, mailoutbox: list[Any]) -> None:
    one = claim_at(store, email=ALICE)
    ask_to_send_claim(claim=one, actor=TESTER, at=clock.now())
    revoke_claim(claim=one, actor=TESTER, at=clock.now())
    run_one_job(worker="test")
    assert mailoutbox == []
    assert Job.objects.get().result == {"sent": 0}


def test_codes_are_forgotten_when_they_count_for_nothing(noon: time_machine.Coordinates, store: Store) -> None:
    ask_for_code(claim=claim_at(store), email=ALICE, actor=TESTER, at=clock.now())
    noon.shift(timedelta(minutes=59))
    assert forget_codes(at=clock.now()) == 0
    noon.shift(timedelta(minutes=1))
    assert forget_codes(at=clock.now()) == 1


def test_claims_are_found_by_how_they_stand_and_by_what_names_them(house: House, alice: Member, store: Store) -> None:
    waiting, taken, over, ended = (claim_at(store, email=ALICE) for _ in range(4))
    claim(taken)
    Claim.objects.filter(pk=over.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    revoke_claim(claim=ended, actor=TESTER, at=clock.now())
    mine = list_claims(house.id)
    for word, one in {"open": waiting, "claimed": taken, "expired": over, "revoked": ended}.items():
        assert list(claims_standing(mine, word, clock.now())) == [one]
    for text in (
        str(taken.token),
        taken.token.hex,
        f"https://x.example/claim/points/{taken.token.hex}/",
        str(taken.pk),
    ):
        assert list(find_claims(mine, text)) == [taken]
    assert find_claims(mine, " Alice@example.com ").count() == 4
    for text in ("", "a\x00", "nobody@example.com", "9" * 30):
        assert not find_claims(mine, text).exists()


def test_the_counter_is_one_query_with_the_oldest_of_each_address(
    house: House, alice: Member, bob: Member, charlie: Member, store: Store, django_assert_num_queries: Any
) -> None:
    factories.MemberFactory(organization=house.organization, profile={"email": ALICE})
    with django_assert_num_queries(1):
        found = get_counter(house.id, [ALICE, ALICE, "bob@example.com", "charlie@example.com", ""])
    assert {email: match.member_id for email, match in found.members.items()} == {
        ALICE: alice.pk,
        "bob@example.com": bob.pk,
    }
    assert (found.store, found.ledger_id, found.decimals, found.zone) == (store, house.ledger.pk, 0, "UTC")
    assert get_counter(house.id).members == {}


# --- what a person may ask for ------------------------------------------------------------------------------------
def test_the_export_tells_claims_of_the_member_and_those_that_wait(house: House, alice: Member, store: Store) -> None:
    claim(claim_at(store, 5))
    claim_at(store, 7, email=ALICE)
    claim_at(store, 9, email="bob@example.com")
    parts = [part for part in export_member(member=alice, actor=TESTER, at=clock.now()) if part["part"] == "claim"]
    assert [(part["amount"], part["claimedAt"] is None) for part in parts] == [(5, False), (7, True)]


def test_erasing_blanks_the_addresses_and_ends_what_waits_for_them(
    house: House, alice: Member, bob: Member, store: Store
) -> None:
    taken, waiting, other = (
        claim_at(store, email=ALICE),
        claim_at(store, email=ALICE),
        claim_at(store, email="bob@example.com"),
    )
    claim(taken)
    for one in (waiting, other):
        ask_for_code(claim=one, email=one.email, actor=TESTER, at=clock.now())
    erase_member(member=Member.objects.get(pk=alice.pk), actor=TESTER, at=clock.now())
    rows = {one.pk: one for one in Claim.objects.all()}
    assert (rows[taken.pk].email, rows[taken.pk].state_at(clock.now())) == ("", "claimed")
    # Without its address it would be anybody's.
    assert (rows[waiting.pk].email, rows[waiting.pk].state_at(clock.now())) == ("", "revoked")
    assert (rows[other.pk].email, rows[other.pk].state_at(clock.now())) == ("bob@example.com", "open")
    assert list(ClaimCode.objects.values_list("email", flat=True)) == ["bob@example.com"]
    assert ALICE not in json.dumps(every_row(), default=str)
    assert house.findings() == []


def test_an_erasure_that_is_refused_ends_no_claim(house: House, alice: Member, bob: Member, store: Store) -> None:
    update_member(member=bob, changes={"profile": {"email": ALICE}}, actor=TESTER, at=clock.now())
    stale = Member.objects.get(pk=bob.pk)
    merge_members(kept=alice, merged=stale, actor=TESTER, at=clock.now())
    claim_at(store, email=ALICE)
    before = every_row()
    with pytest.raises(Exception, match="merged into another"):
        erase_member(member=stale, actor=TESTER, at=clock.now())
    assert every_row() == before


def test_a_merge_takes_the_claims_along(house: House, alice: Member, bob: Member, store: Store) -> None:
    one = claim(claim_at(store))
    merge_members(kept=bob, merged=alice, actor=TESTER, at=clock.now())
    one.refresh_from_db()
    assert one.claimed_by == bob
    assert house.balance(bob)[0] == 100
    # Whoever claimed is still the one who did.
    before = every_row()
    claim(one)
    assert every_row() == before


# --- races --------------------------------------------------------------------------------------------------------
@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestRaces:
    """With real connections; the control has no lock."""

    @pytest.fixture
    def people(self, house: House) -> list[str]:
        for name in ("alice", "bob"):
            factories.MemberFactory(organization=house.organization, loyalty_member_id=name)
        return [ALICE, "bob@example.com"]

    @staticmethod
    def meet(monkeypatch: pytest.MonkeyPatch, patience: float) -> None:
        """Whoever has found the claim open waits a moment for the other to find it so too."""
        from members.services import claims

        gate, look = threading.Barrier(2), claims.require_open

        def waiting(*words: Any) -> None:
            look(*words)
            with suppress(threading.BrokenBarrierError):
                gate.wait(timeout=patience)

        monkeypatch.setattr(claims, "require_open", waiting)

    def test_of_two_who_claim_at_once_one_gets_it(
        self, house: House, people: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one = claim_at(open_store(house))
        self.meet(monkeypatch, 0.3)
        answers = in_parallel(*(lambda email=email: claim(one, email) for email in people))
        assert sorted(type(answer).__name__ for answer in answers) == ["Claim", "ClaimClosed"]
        assert Transaction.objects.filter(source="claim").count() == 1

    def test_control_without_the_lock_both_find_it_open(
        self, house: House, people: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one = claim_at(open_store(house))
        monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)
        self.meet(monkeypatch, 60)
        answers = in_parallel(*(lambda email=email: claim(one, email) for email in people))
        # The key of the movement still lets only one act: the other is refused as a conflict.
        assert "ClaimClosed" not in [type(answer).__name__ for answer in answers]
        assert Transaction.objects.filter(source="claim").count() == 1

    def test_one_person_who_clicks_in_two_windows_gets_it_once(self, house: House, people: list[str]) -> None:
        one = claim_at(open_store(house))
        answers = in_parallel(*(lambda: claim(one) for _ in range(4)))
        assert [type(answer).__name__ for answer in answers] == ["Claim"] * 4
        assert Transaction.objects.filter(source="claim").count() == 1

    def test_two_claims_of_one_new_person_at_once_make_one_member(self, house: House) -> None:
        store = open_store(house)
        mine = [claim_at(store) for _ in range(4)]
        answers = in_parallel(*(lambda one=one: claim(one, "new@example.com") for one in mine))
        assert [answer for answer in answers if isinstance(answer, Exception)] == []
        assert house.balance(Member.objects.get())[0] == 400

    def test_guesses_at_once_are_counted_one_by_one(self, house: House) -> None:
        one = claim_at(open_store(house))
        ask_for_code(claim=one, email=ALICE, actor=TESTER, at=clock.now())
        right = code_of(ClaimCode.objects.get())
        wrong = f"{(int(right) + 1) % 1_000_000:06d}"
        in_parallel(*(lambda: prove_email(claim=one, email=ALICE, code=wrong, at=clock.now()) for _ in range(8)))
        assert ClaimCode.objects.get().tries == 5
        assert prove_email(claim=one, email=ALICE, code=right, at=clock.now()) is False

    def test_a_code_proves_once_however_often_it_is_sent(self, house: House) -> None:
        one = claim_at(open_store(house))
        ask_for_code(claim=one, email=ALICE, actor=TESTER, at=clock.now())
        right = code_of(ClaimCode.objects.get())
        proved = in_parallel(
            *(lambda: prove_email(claim=one, email=ALICE, code=right, at=clock.now()) for _ in range(4))
        )
        assert sorted(proved) == [False, False, False, True]

    def test_of_two_who_ask_for_a_code_at_once_one_makes_it(self, house: House) -> None:
        one = claim_at(open_store(house))
        in_parallel(*(lambda: ask_for_code(claim=one, email=ALICE, actor=TESTER, at=clock.now()) for _ in range(4)))
        assert ClaimCode.objects.count() == Job.objects.count() == 1

    def test_who_claims_while_it_is_revoked_gets_it_or_does_not(self, house: House, people: list[str]) -> None:
        one = claim_at(open_store(house))
        in_parallel(lambda: claim(one), lambda: revoke_claim(claim=one, actor=TESTER, at=clock.now()))
        one.refresh_from_db()
        given = Transaction.objects.filter(source="claim").count()
        assert (one.claimed_at is not None, one.revoked_at is not None) == (given == 1, given == 0)
