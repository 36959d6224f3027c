"""What a person may ask for: everything kept of them, and to be forgotten with the books still proved."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import models

from ledger import services as ledger
from loyalty.kernel import clock
from loyalty.kernel.errors import DomainError
from loyalty.kernel.models import AuditEntry
from members.models import LoyaltyEvent, Member, MemberContact
from members.services import erase_member, export_member, merge_members, update_member
from tests import factories
from tests.house import TESTER, House
from tests.walk import every_row

SECRETS = ("Lovelace", "ada@example.com", "+44-20-7946", "P-4711", "ada-the-member", "Size nine")


@pytest.fixture
def ada(house: House, alice: Member) -> Member:
    """Alice, of whom much is known."""
    profile = {"name": "Ada", "lastName": "Lovelace", "email": "ada@example.com", "phone": "+44-20-7946"}
    changes: dict[str, Any] = {
        "profile": profile,
        "loyalty_member_id": "ada-the-member",
        "public_loyalty_member_id": "P-4711",
        "custom_attributes": {"shoes": "Size nine"},
    }
    house.give(alice, 10)
    return update_member(member=alice, changes=changes, actor=TESTER, at=clock.now(), reason="Lovelace called")


def texts() -> str:
    """Every row of every table, as one text."""
    return json.dumps(every_row(), default=str)


def erase(member: Member) -> Member:
    return erase_member(member=member, actor=TESTER, at=clock.now(), reason="asked for")


def test_the_export_has_every_part_of_the_person(house: House, ada: Member, bob: Member) -> None:
    house.give(bob, 99)
    parts = list(export_member(member=ada, actor=TESTER, at=clock.now()))
    assert [part["part"] for part in parts] == [
        "member",
        "program",
        "tierChange",
        "transaction",
        "credit",
        "event",
        "event",
        "event",
        "history",
        "history",
        "history",
    ]
    assert parts[0]["profile"]["email"] == "ada@example.com"
    assert parts[3]["amount"] == 10
    assert AuditEntry.objects.filter(action="member.exported", target_id=str(ada.pk)).count() == 1


def test_after_an_erasure_no_table_knows_the_person(house: House, ada: Member) -> None:
    assert all(secret in texts() for secret in SECRETS)
    customer_id = ada.customer_id
    erase(ada)
    left = texts()
    assert [secret for secret in (*SECRETS, str(customer_id)) if secret in left] == []


def test_the_other_side_of_a_transfer_forgets_the_name_too(house: House, ada: Member, bob: Member) -> None:
    words: dict[str, Any] = {"account_id": house.account.pk, "actor": TESTER, "at": clock.now(), "reason": "r"}
    for giver, taker in ((ada, bob), (bob, ada)):
        ledger.transfer_points(
            organization_id=house.id,
            from_wallet_id=giver.wallet_id,
            to_wallet_id=taker.wallet_id,
            amount=1,
            target=giver,
            receiver=taker,
            **words,
        )
    assert AuditEntry.objects.filter(target_id=str(bob.pk), after__icontains="Lovelace").count() == 2
    erase(ada)
    left = texts()
    assert [secret for secret in SECRETS if secret in left] == []
    kept = AuditEntry.objects.filter(target_id=str(bob.pk), action__startswith="correction.")
    assert [set(entry.after) for entry in kept] == [{"amount", "account", "transaction"}] * 2


def test_the_books_stay_as_they_are_and_prove(house: House, ada: Member, bob: Member) -> None:
    house.move(ada, bob, 3)
    before = {name: rows for name, rows in every_row().items() if name.startswith("ledger.") and "Wallet" not in name}
    erase(ada)
    after = every_row()
    assert {name: after[name] for name in before} == before
    assert house.balance(ada) == (7, 0, 0)
    assert house.findings() == []


def test_the_erased_take_no_points_and_stay_erased(house: House, ada: Member) -> None:
    erase(ada)
    for act in (lambda: house.give(ada, 1), lambda: erase(ada)):
        before = every_row()
        with pytest.raises(DomainError) as refused:
            act()
        assert refused.value.code in ("MEMBER_INACTIVE", "MEMBER_GONE")
        assert every_row() == before


def test_who_was_merged_in_is_forgotten_with_the_one_who_was_kept(house: House, ada: Member, bob: Member) -> None:
    merge_members(kept=bob, merged=ada, actor=TESTER, at=clock.now())
    erase(bob)
    left = texts()
    assert [secret for secret in SECRETS if secret in left] == []
    assert Member.objects.filter(erased_at__isnull=False).count() == 2


def test_a_chain_of_merges_is_forgotten_from_its_end_alone(house: House, ada: Member, bob: Member) -> None:
    carl = factories.MemberFactory(organization=house.organization, loyalty_member_id="carl")
    merge_members(kept=bob, merged=ada, actor=TESTER, at=clock.now())
    merge_members(kept=carl, merged=bob, actor=TESTER, at=clock.now())
    for part in (ada, bob):
        with pytest.raises(DomainError) as refused:
            erase(part)
        assert refused.value.code == "MEMBER_GONE"
    erase(carl)
    assert Member.objects.filter(erased_at__isnull=False).count() == 3
    left = texts()
    assert [secret for secret in SECRETS if secret in left] == []


def test_others_keep_what_is_theirs(house: House, ada: Member, bob: Member, charlie: Member) -> None:
    def others() -> list[Any]:
        kept: list[type[models.Model]] = [MemberContact, LoyaltyEvent]
        rows = [list(model.objects.exclude(member=ada).order_by("pk").values_list()) for model in kept]  # type: ignore[attr-defined]
        return [*rows, list(Member.objects.exclude(pk=ada.pk).order_by("pk").values_list())]

    before = others()
    erase(ada)
    assert others() == before
