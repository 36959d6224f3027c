"""Keys made of names, when several are made at once: with real connections, and a control without the lock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models import QuerySet

from ledger.models import Ledger, LedgerAccount
from ledger.services import create_account, create_ledger
from loyalty.kernel import clock
from loyalty.kernel.services import keys
from members.models import LoyaltyProgram, LoyaltyTier
from members.services import create_program, create_tier
from tests.databases import in_parallel
from tests.house import TESTER, House

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@contextmanager
def rivals_meet(monkeypatch: pytest.MonkeyPatch, patience: float = 0.5) -> Iterator[None]:
    """Whoever has made a key waits a moment for the other to make one too."""
    gate = threading.Barrier(2)

    def waiting_key(*args: Any, **kwargs: Any) -> str:
        made = keys.new_key(*args, **kwargs)
        with suppress(threading.BrokenBarrierError):
            gate.wait(timeout=patience)
        return made

    for module in ("ledger.services.ledgers", "ledger.services.accounts", "members.services.programs"):
        monkeypatch.setattr(f"{module}.new_key", waiting_key)
    yield


def makers(house: House) -> dict[str, tuple[type[Any], Callable[[int], Any]]]:
    """What is made, and how; everything called `Same`. The numbers are two places that may share a name."""
    at = clock.now()
    words: dict[str, Any] = {"name": "Same", "actor": TESTER, "at": at}
    ledgers = [house.ledger, create_ledger(organization_id=house.id, **{**words, "name": "Other"})]
    other = create_program(organization_id=house.id, ledger_id=house.ledger.pk, **{**words, "name": "Other"})
    programs = [house.program, other]
    return {
        "ledger": (Ledger, lambda place: create_ledger(organization_id=house.id, **words)),
        "account": (LedgerAccount, lambda place: create_account(ledger=ledgers[place], **words)),
        "program": (
            LoyaltyProgram,
            lambda place: create_program(organization_id=house.id, ledger_id=house.ledger.pk, **words),
        ),
        "tier": (
            LoyaltyTier,
            lambda place: create_tier(program=programs[place], min_required_points=5, tier_order=5, **words),
        ),
    }


@pytest.mark.parametrize("what", ["ledger", "account", "program", "tier"])
def test_two_of_one_name_made_at_once_get_two_keys(house: House, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    table, make = makers(house)[what]
    with rivals_meet(monkeypatch):
        answers = in_parallel(lambda: make(0), lambda: make(1))
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    made = sorted(table.objects.filter(name="Same").values_list("key", flat=True))
    assert (len(made), made[0]) == (2, "same")
    assert made[1].startswith("same-")


def test_control_without_the_lock_they_get_the_same(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    _, make = makers(house)["ledger"]
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)
    with rivals_meet(monkeypatch, patience=60):
        answers = in_parallel(lambda: make(0), lambda: make(1))
    assert [type(answer) for answer in answers].count(IntegrityError) == 1
