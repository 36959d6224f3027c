"""An API call with a key acts once, and a repeat is answered as the first was, for a day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loyalty.kernel import clock
from loyalty.kernel.errors import IdempotencyConflict, RuleRefused
from loyalty.kernel.models import KeptAnswer, Location
from loyalty.kernel.services import answer_once, create_catalog_entry, forget_kept_answers
from tests.databases import in_parallel
from tests.house import TESTER, House


def call(
    house: House, key: str = "k", content: Any = 1, *, at: Any = None, place: str = "here", act: Any = None
) -> Any:
    def add() -> dict[str, int]:
        code = f"c{Location.objects.count()}-{house.id}"
        create_catalog_entry(
            model=Location, organization_id=house.id, code=code, label="x", actor=TESTER, at=clock.now()
        )
        return {"made": Location.objects.filter(organization_id=house.id).count()}

    return answer_once(
        organization_id=house.id, place=place, key=key, content=content, at=at or clock.now(), act=act or add
    )


def test_a_repeat_is_answered_as_the_first_call_was(house: House, neighbor: House) -> None:
    assert call(house) == ({"made": 1}, True)
    assert call(house) == ({"made": 1}, False)
    assert Location.objects.count() == 1
    assert call(house, "other") == ({"made": 2}, True)
    assert call(house, place="there") == ({"made": 3}, True)
    assert call(neighbor) == ({"made": 1}, True)


def test_another_content_under_the_same_key_is_a_conflict(house: House) -> None:
    call(house)
    with pytest.raises(IdempotencyConflict):
        call(house, content=2)
    assert Location.objects.count() == 1


def test_content_may_be_a_number_of_any_length(house: House) -> None:
    assert call(house, content=[{"a": 10**40, "b": None}]) == ({"made": 1}, True)
    assert call(house, content=[{"b": None, "a": 10**40}]) == ({"made": 1}, False)
    with pytest.raises(IdempotencyConflict):
        call(house, content=[{"a": 10**40 + 1, "b": None}])
    assert Location.objects.count() == 1


def test_a_refused_call_leaves_its_key_free(house: House) -> None:
    def refuse() -> Any:
        raise RuleRefused

    with pytest.raises(RuleRefused):
        call(house, act=refuse)
    assert not KeptAnswer.objects.exists()
    assert call(house) == ({"made": 1}, True)


def test_after_a_day_the_key_is_free_again(house: House) -> None:
    at = clock.now()
    call(house, at=at)
    assert call(house, at=at + timedelta(hours=23, minutes=59))[1] is False
    assert call(house, at=at + timedelta(hours=24)) == ({"made": 2}, True)
    call(house, "another", at=at + timedelta(hours=30))
    assert forget_kept_answers(at=at + timedelta(hours=49)) == 1
    assert [kept.key for kept in KeptAnswer.objects.all()] == ["another"]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_calls_at_once_act_once(house: House) -> None:
    answers = in_parallel(*(lambda: call(house) for _ in range(4)))
    assert sorted(acted for _, acted in answers) == [False, False, False, True]
    assert {str(answer) for answer, _ in answers} == {"{'made': 1}"}
    assert Location.objects.count() == 1
