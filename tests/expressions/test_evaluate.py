"""What expressions come to."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from loyalty.expressions import EvaluationError, compile_node, compile_text, prepared
from loyalty.expressions.compiler import MAX_STEPS
from tests.expressions.trees import TREES, VALUES

SHOP = prepared(
    {
        "member": {"tags": ["vip"], "age": 30, "score": 0.1, "name": "Alice", "vip": True, "nothing": None},
        "order": {"total": 60, "items": [{"category": "tea", "price": 4}, {"category": "books", "price": 12.5}]},
        "now": datetime(2026, 3, 1, 12, tzinfo=UTC),
    }
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('order.total >= 50 && "vip" in member.tags && order.items.exists(i, i.category == "books")', True),
        ('order.items.all(i, i.category == "books")', False),
        ("order.items.filter(i, i.price > 5).size()", 1),
        ("order.items[1].price * 2", Decimal(25)),
        ("order.items[2].price", None),
        ("order.items[0.5]", None),
        ('member["age"]', 30),
        ("0.1 + 0.2 == 0.3", True),
        ("member.score + 0.2 == 0.3", True),
        ("1 / 4", Decimal("0.25")),
        ("7 % 4", Decimal(3)),
        ("-7 % 4", Decimal(-3)),
        ("2 + 3 * 4", 14),
        ("- - 3", 3),
        ('"a" + "b"', "ab"),
        ("floor(2.7) + round(2.5) + round(1.25, 1)", Decimal("6.3")),
        ("min(3, 1, 2) + max([4, 9])", 10),
        ('lower("ABC") == "abc" && upper("x") == "X" && trim(" a ") == "a"', True),
        ('"Alice".startsWith("Al") && member.name.endsWith("ce") && member.name.contains("lic")', True),
        ("size(member.tags) == 1 && member.tags.size() == 1", True),
        ("now - days(1) < now && now + hours(2) > now", True),
        ('timestamp("2026-03-01") < now', True),
        ('now - timestamp("2026-03-01") == hours(12)', True),
        ("[year(now), month(now), day(now), weekday(now), hour(now)] == [2026, 3, 1, 7, 12]", True),
        ("true ? 1 : 2", 1),
        ("member.vip && !member.nothing", True),
        ('1 in [1.0, "1"]', True),
        ('"1" in [1]', False),
        ("1 in [true]", False),
        ("true == 1", False),
        ('"a" != 1', True),
        ('"name" in member', True),
        ("[1, [2, null]] == [1, [2, null]]", True),
    ],
)
def test_an_expression_comes_to_its_value(text: str, value: Any) -> None:
    found = compile_text(text).evaluate(SHOP)
    assert found == value
    assert type(found) is type(value) or isinstance(value, int | Decimal)


@pytest.mark.parametrize("comparison", ["==", "!=", "<", "<=", ">", ">=", "in"])
@pytest.mark.parametrize("sides", ["{} {} 3", "3 {1} {0}", "{} {} member.other"])
def test_any_comparison_with_a_missing_value_is_false_and_its_opposite_true(comparison: str, sides: str) -> None:
    text = sides.format("member.missing", comparison)
    if comparison == "in" and sides == "{} {} 3":
        text = "member.missing in [3, null]"
    assert compile_text(text).evaluate(SHOP) is False
    assert compile_text(f"!({text})").evaluate(SHOP) is True


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("member.missing == null", True),
        ("null != member.age", True),
        ("member.missing.deeper == null", True),
        ("nobody.name == null", True),
        ("member.missing + 1", None),
        ("lower(member.missing)", None),
        ("-member.missing", None),
        ("member.missing.exists(i, true)", False),
        ("member.missing.all(i, false)", True),
        ("member.missing.filter(i, true)", None),
        ("member.missing ? 1 : 2", 2),
        ("min([null, 3])", 3),
        ("min([])", None),
    ],
)
def test_null_goes_through_an_expression_quietly(text: str, value: Any) -> None:
    assert compile_text(text).evaluate(SHOP) == value


@pytest.mark.parametrize(
    "text",
    [
        'member.age < "a"',
        "member.name && true",
        "!member.age",
        "member.name.first",
        "member.tags.x",
        "member.age[0]",
        '"a" in member.name',
        "member.age.exists(i, true)",
        "1 / 0",
        "1 % 0",
        '"a" * 2',
        "member.tags + 1",
        "-member.name",
        "lower(member.age)",
        'timestamp("yesterday")',
        "days(99999999999)",
        "round(1, 99)",
        "round(1, 0.5)",
        'min("a", 1)',
        "member.tags < member.tags",
        "member.age ? 1 : 2",
    ],
)
def test_a_value_of_the_wrong_type_is_refused(text: str) -> None:
    with pytest.raises(EvaluationError):
        compile_text(text).evaluate(SHOP)


@pytest.mark.parametrize("text", ["false && member.name", "true || member.name", "true ? 1 : 1 / 0"])
def test_what_is_skipped_cannot_fail(text: str) -> None:
    compile_text(text).evaluate(SHOP)


def test_an_expression_takes_a_bounded_number_of_steps() -> None:
    many = {"order": {"items": [{"n": n} for n in range(100)]}}
    text = "order.items.all(a, order.items.all(b, order.items.all(c, a.n + b.n + c.n >= 0)))"
    with pytest.raises(EvaluationError, match=str(MAX_STEPS)):
        compile_text(text).evaluate(many)
    assert compile_text("order.items.all(a, a.n >= 0)").evaluate(many) is True


def test_the_elements_name_ends_with_its_loop_and_the_callers_values_stay_as_they_were() -> None:
    values = {"item": 7, "list": [1, 2]}
    assert compile_text("list.exists(item, item == 2) && item == 7").evaluate(values) is True
    assert values == {"item": 7, "list": [1, 2]}


def test_days_and_hours_follow_the_zone() -> None:
    values = {"now": datetime(2026, 3, 1, 23, 30, tzinfo=UTC)}
    assert compile_text("[day(now), hour(now)] == [1, 23]").matches(values)
    assert compile_text("[day(now), hour(now)] == [2, 0]", "Europe/Berlin").matches(values)


@given(TREES, VALUES, VALUES)
def test_nothing_an_expression_meets_makes_it_do_anything_but_answer_or_refuse(tree: Any, one: Any, two: Any) -> None:
    rule = compile_node(tree)
    values = {"member": prepared(one), "order": prepared(two)}
    try:
        first = rule.evaluate(values)
    except EvaluationError:
        return
    assert compile_text(rule.text).evaluate(values) == first


@pytest.mark.parametrize("name", ["__class__", "__globals__", "format", "mro", "keys", "items"])
def test_no_name_reaches_into_the_machine(name: str) -> None:
    assert compile_text(f"member.{name}").evaluate({"member": {}}) is None
    with pytest.raises(EvaluationError):
        compile_text(f"member.name.{name}").evaluate(SHOP)
