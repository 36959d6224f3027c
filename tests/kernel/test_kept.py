"""Rows that hot paths write: as Django would write them, in one statement."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from loyalty.kernel.kept import Statement, insert_rows, insert_unless, update_row
from members.models import LoyaltyEvent, Member
from tests.databases import round_trips
from tests.house import House

AT = datetime(2030, 3, 15, 12, 30, 15, 123456, tzinfo=UTC)
SOMEBODY, NOBODY = Statement("SELECT 1"), Statement("SELECT 1 WHERE %s = 2", [1])


def event(house: House, member: Member | None = None, **words: Any) -> LoyaltyEvent:
    return LoyaltyEvent(
        organization_id=house.id,
        event_type="cup-returned",
        member=member,
        **{"payload": {"cups": [1, 2.5, None], "ß": "\\n"}, "tags": ["a"], "created_at": AT, **words},
    )


def columns(row: LoyaltyEvent) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in LoyaltyEvent._meta.concrete_fields}


@pytest.mark.parametrize("number", [0, 1, 3, 8, 9, 20])
def test_rows_are_written_in_one_statement_and_know_their_numbers(house: House, alice: Member, number: int) -> None:
    rows = [event(house, alice if n % 2 else None, unique_key=f"key {n}") for n in range(number)]
    with round_trips() as asked:
        insert_rows(rows)
    assert len(asked) == min(1, number)
    found = LoyaltyEvent.objects.filter(event_type="cup-returned").order_by("pk")
    assert [columns(row) for row in found] == [columns(row) for row in rows]
    assert [row._state.adding for row in rows] == [False] * number


@pytest.mark.parametrize(("question", "written"), [(NOBODY, True), (SOMEBODY, False)])
def test_a_row_is_written_unless_the_question_has_an_answer(
    house: House, alice: Member, question: Statement, written: bool
) -> None:
    row = event(house, alice, unique_key="once")
    with round_trips() as asked:
        assert insert_unless(row, question) is written
    assert len(asked) == 1
    found = list(LoyaltyEvent.objects.filter(event_type="cup-returned"))
    assert [columns(one) for one in found] == ([columns(row)] if written else [])
    assert (row.pk is not None, row._state.adding) == (written, not written)


def test_a_key_that_is_taken_refuses_the_row(house: House) -> None:
    assert insert_unless(event(house, unique_key="once"), NOBODY)
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_unless(event(house, unique_key="once"), NOBODY)
    assert LoyaltyEvent.objects.filter(unique_key="once").count() == 1


def test_columns_of_one_row_are_written_and_no_others(house: House, alice: Member) -> None:
    row, other = event(house, alice), event(house, alice)
    insert_rows([row, other])
    before = columns(other)
    row.status, row.execution_results, row.description = "failed", [{"result": "failed", "amount": 2}], "not this"
    with round_trips() as asked:
        update_row(row, ("status", "execution_results"))
    assert len(asked) == 1
    found = LoyaltyEvent.objects.get(pk=row.pk)
    assert columns(found) == {**columns(row), "description": ""}
    other.refresh_from_db()
    assert columns(other) == before
