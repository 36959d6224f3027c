"""Stores: their codes, their settings, and the dates of what is given at them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from ledger.services import create_account
from loyalty.kernel import clock
from loyalty.kernel.clock import NEVER
from loyalty.kernel.errors import DuplicateValue, InvalidInput, NotFound
from loyalty.kernel.models import AuditEntry
from members.models import Store
from members.selectors import get_default_store, get_open_store
from members.services import create_store, dates_at, update_store
from members.services.stores import RESERVED_CODES
from tests.house import TESTER, House

OCTOBER = datetime(2018, 10, 25, 12, tzinfo=UTC)


def open_store(house: House, code: str = "MAIN", **said: Any) -> Store:
    return create_store(organization_id=house.id, code=code, name="Main", actor=TESTER, at=clock.now(), **said)


def change(store: Store, **changes: Any) -> Store:
    return update_store(store=store, changes=changes, actor=TESTER, at=clock.now())


def test_the_first_store_is_the_default_and_gives_the_programs_points(house: House) -> None:
    first, second = open_store(house), open_store(house, "SIDE")
    assert (first.is_default, second.is_default) == (True, False)
    assert first.account_id == second.account_id == house.account.pk
    assert get_default_store(house.id) == first
    assert get_open_store("SIDE") == second
    assert AuditEntry.objects.filter(action="store.created").count() == 2


@pytest.mark.parametrize("code", [*sorted(RESERVED_CODES), "V1", "", "a/b", "a b", "ä", "x" * 65, "a\x00"])
def test_a_code_that_cannot_stand_in_an_address_is_refused(house: House, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        open_store(house, code)
    assert refused.value.field == "code"
    assert not Store.objects.exists()


def test_a_code_is_one_stores_in_the_whole_installation(house: House, neighbor: House) -> None:
    open_store(house)
    other = open_store(neighbor, "OTHER")
    for attempt in (lambda: open_store(neighbor), lambda: change(other, code="MAIN")):
        with pytest.raises(DuplicateValue):
            attempt()
    assert sorted(Store.objects.values_list("code", flat=True)) == ["MAIN", "OTHER"]


def test_a_store_gives_tracked_points_of_its_own_organization(house: House, neighbor: House) -> None:
    untracked = create_account(
        ledger=house.ledger, name="Stamps", point_tracking_enabled=False, actor=TESTER, at=clock.now()
    )
    for account in (neighbor.account, untracked):
        with pytest.raises(InvalidInput) as refused:
            open_store(house, account_id=account.pk)
        assert refused.value.field == "account"
    assert not Store.objects.exists()


def test_another_store_becomes_the_default_and_none_stops_being_it(house: House) -> None:
    first, second = open_store(house), open_store(house, "SIDE")
    with pytest.raises(InvalidInput):
        change(first, is_default=False)
    change(second, is_default=True)
    assert get_default_store(house.id) == second
    with pytest.raises(IntegrityError), transaction.atomic():
        Store.objects.filter(pk=first.pk).update(is_default=True)


def test_a_closed_store_is_not_there(house: House) -> None:
    store = open_store(house)
    change(store, active=False)
    for look in (lambda: get_open_store("MAIN"), lambda: get_default_store(house.id), lambda: get_open_store("none")):
        with pytest.raises(NotFound):
            look()


@pytest.mark.parametrize(
    ("mode", "ends"),
    [
        ("all_time_active", NEVER),
        ("after_x_days", datetime(2018, 11, 4, 22, 59, 59, tzinfo=UTC)),
        ("at_the_end_of_the_month", datetime(2018, 10, 31, 22, 59, 59, tzinfo=UTC)),
        ("at_the_end_of_the_year", datetime(2018, 12, 31, 22, 59, 59, tzinfo=UTC)),
    ],
)
def test_points_expire_at_the_end_of_a_local_day_by_the_mode(mode: str, ends: datetime) -> None:
    dates = dates_at(Store(expiry_mode=mode, days_active=10, days_locked=0), OCTOBER, "Europe/Berlin")
    assert (dates.valid_from, dates.expires_at) == (None, ends)


def test_locked_points_live_from_the_day_they_become_valid() -> None:
    store = Store(expiry_mode="at_the_end_of_the_month", days_locked=7)
    dates = dates_at(store, OCTOBER, "UTC")
    assert dates.valid_from == datetime(2018, 11, 1, 12, tzinfo=UTC)
    assert dates.expires_at == datetime(2018, 11, 30, 23, 59, 59, tzinfo=UTC)


def test_days_that_were_asked_for_win_over_the_mode() -> None:
    dates = dates_at(Store(expiry_mode="all_time_active", days_locked=0), OCTOBER, "UTC", days=1)
    assert dates.expires_at == datetime(2018, 10, 26, 23, 59, 59, tzinfo=UTC)


def test_the_month_is_the_local_one_also_where_the_clocks_change() -> None:
    # Half past midnight of the 31st in Berlin: thirty days before it the clock said something else.
    store = Store(expiry_mode="at_the_end_of_the_month", days_locked=0)
    dates = dates_at(store, datetime(2019, 3, 30, 23, 30, tzinfo=UTC), "Europe/Berlin")
    assert dates.expires_at == datetime(2019, 3, 31, 21, 59, 59, tzinfo=UTC)
