"""What the database refuses whoever asks, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, models, transaction

from ledger import services
from ledger.models import AccountSupply, Balance, Hold, HoldSlice, LedgerAccount, Lot, LotUse, Transaction, Wallet
from ledger.models.triggers import APPEND_ONLY, BORN_WITH, missing_triggers
from loyalty.kernel import clock
from members.models import Member
from tests import factories
from tests.house import TESTER, House


@pytest.fixture
def written(house: House, alice: Member) -> House:
    """A house whose every append-only table has a row."""
    house.give(alice, 100)
    house.take(alice, 10)
    house.take(alice, 10, hold=True)
    return house


def test_every_trigger_is_there_after_the_migrations(db: None) -> None:
    assert missing_triggers(connection) == []


@pytest.mark.parametrize("table", [Transaction, LotUse, HoldSlice], ids=lambda table: table.__name__)
def test_what_was_written_cannot_be_changed_or_deleted(written: House, table: type[models.Model]) -> None:
    assert table._meta.db_table in APPEND_ONLY
    row = table.objects.order_by("pk").first()
    for attempt in (
        lambda: table.objects.filter(pk=row.pk).update(amount=1),
        lambda: table.objects.filter(pk=row.pk)._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            attempt()
    row.refresh_from_db()
    assert row.amount != 1


@pytest.mark.parametrize("table", [Lot, Hold, Wallet, LedgerAccount], ids=lambda table: table.__name__)
def test_what_a_row_was_born_with_cannot_be_changed_nor_the_row_deleted(
    written: House, table: type[models.Model]
) -> None:
    row = table.objects.order_by("pk").first()
    for column in BORN_WITH[table._meta.db_table]:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            table.objects.filter(pk=row.pk).update(**{column: getattr(row, column)})
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        table.objects.filter(pk=row.pk)._raw_delete("default")


@pytest.mark.postgresql
@pytest.mark.parametrize("table", [*APPEND_ONLY, *BORN_WITH])
def test_the_tables_cannot_be_emptied(db: None, table: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table} CASCADE")


def refuse(table: type[models.Model], changes: dict[str, Any], **where: Any) -> None:
    row = table.objects.filter(**where).order_by("pk").first()
    assert row is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        table.objects.filter(pk=row.pk).update(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"active": 9, "tracked": 9},  # below what is held
        {"held": -1},
        {"pending": -1},
        {"tracked": -1},
        {"held_tracked": 11},  # more than is held
        {"tracked": 91},  # more than there is
    ],
)
def test_a_balance_that_cannot_be_is_refused(written: House, changes: dict[str, int]) -> None:
    refuse(Balance, changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"remaining": 101},
        {"remaining": -1},
        {"held": 91},
        {"held": -1},
        {"remaining": 0, "held": 0},  # nothing left, and still active
        {"state": "spent"},  # something left, and spent
        {"state": "pending"},  # held, and not valid yet
    ],
)
def test_a_lot_that_cannot_be_is_refused(written: House, changes: dict[str, Any]) -> None:
    refuse(Lot, changes)


@pytest.mark.parametrize("changes", [{"captured": 5}, {"state": "captured"}, {"state": "captured", "captured": 11}])
def test_a_hold_that_cannot_be_is_refused(written: House, changes: dict[str, Any]) -> None:
    refuse(Hold, changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"decimals": 7},
        {"max_supply": -1},
        {"max_supply": 18_446_744_073_710},
        {"expires_in_months": 1, "point_tracking_enabled": False},
    ],
)
def test_an_account_that_cannot_be_is_refused(house: House, changes: dict[str, Any]) -> None:
    refuse(LedgerAccount, changes)


def test_a_supply_cannot_be_overdrawn(db: None) -> None:
    house = factories.build_house("Finite", max_supply=10)
    refuse(AccountSupply, {"consumed": 11}, account=house.account)
    refuse(AccountSupply, {"consumed": -1}, account=house.account)


def entry(house: House, member: Member, **fields: Any) -> Transaction:
    now = clock.now()
    return Transaction(
        **{
            "organization_id": house.id,
            "account": house.account,
            "kind": "mint",
            "from_wallet_id": house.account.reserve_id,
            "to_wallet_id": member.wallet_id,
            "amount": 1,
            "effective_at": now,
            "created_at": now,
            "actor": "test",
            **fields,
        }
    )


@pytest.mark.parametrize(
    "fields", [{"amount": 0}, {"amount": -1}, {"kind": "gift"}, {"kind": "revert"}, {"kind": "capture"}]
)
def test_a_transaction_that_cannot_be_is_refused(house: House, alice: Member, fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        entry(house, alice, **fields).save()


def test_a_transaction_needs_two_wallets(house: House, alice: Member) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        entry(house, alice, from_wallet_id=alice.wallet_id).save()


def test_a_key_acts_once_whoever_writes(house: House, alice: Member) -> None:
    entry(house, alice, unique_key="k", key_kind="client").save()
    with pytest.raises(IntegrityError), transaction.atomic():
        entry(house, alice, unique_key="k", key_kind="client").save()
    entry(house, alice, unique_key="k", key_kind="import").save()


def test_a_ledger_has_one_default_account(house: House) -> None:
    other = services.create_account(ledger=house.ledger, name="Other", actor=TESTER, at=clock.now())
    refuse(LedgerAccount, {"is_default": True}, pk=other.pk)


def test_relations_point_down_the_floors() -> None:
    floors = {"loyalty": 0, "ledger": 1, "members": 2, "coupons": 3, "campaigns": 4, "partners": 4}
    for model in apps.get_models():
        floor = floors.get(model._meta.app_label)
        for field in model._meta.get_fields() if floor is not None else ():
            target = getattr(field, "related_model", None)
            if field.auto_created or target is None or isinstance(target, str):
                continue
            above = floors.get(target._meta.app_label, 0)
            assert above <= floor, f"{model.__name__}.{field.name} points up to {target.__name__}"
