"""Reading and writing expressions."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.expressions import ExpressionError, NodeError, ParseError, parse, serialize
from loyalty.expressions.nodes import checked
from tests.expressions.trees import TREES


@given(TREES)
def test_a_tree_survives_being_written_and_read(tree: dict[str, object]) -> None:
    text = serialize(tree)
    assert parse(text) == checked(tree)
    assert serialize(parse(text)) == text


@given(st.text(string.printable, max_size=60))
def test_any_text_is_an_expression_or_a_refusal(text: str) -> None:
    try:
        tree = parse(text)
    except ParseError as error:
        assert error.position is not None
        assert 0 <= error.position <= len(text)
    else:
        assert parse(serialize(tree)) == tree


@given(st.lists(st.sampled_from([*"()[].,?:!-+*/%<>", "&&", "||", "==", "in", "a", "1", '"t"', "size"]), max_size=40))
def test_any_row_of_signs_is_an_expression_or_a_refusal(signs: list[str]) -> None:
    try:
        tree = parse(" ".join(signs))
    except ParseError:
        return
    assert parse(serialize(tree)) == tree


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("1+2*3-(4-5)", "1 + 2 * 3 - (4 - 5)"),
        ("((a))&&(b||c)", "a && (b || c)"),
        ("a?b:c?d:e", "a ? b : c ? d : e"),
        ("(a?b:c)?d:e", "(a ? b : c) ? d : e"),
        ("a?(b?c:d):e", "a ? (b ? c : d) : e"),
        ("a?b?c:d:e", None),
        ("!(!a)", "!!a"),
        ("-(1+2)", "-(1 + 2)"),
        ("2.500", "2.5"),
        ("'it''s'", None),
        ("'say \"x\"'", r'"say \"x\""'),
        (r'"\u0041"', '"A"'),
        ("a . b [ 'c d' ]", 'a.b["c d"]'),
        ("a in[1,2]", "a in [1, 2]"),
        ("order.items.exists(i,i.x>1)", "order.items.exists(i, i.x > 1)"),
    ],
)
def test_an_expression_has_one_canonical_text(written: str, canonical: str | None) -> None:
    if canonical is None:
        with pytest.raises(ParseError):
            parse(written)
    else:
        assert serialize(parse(written)) == canonical


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("a.", 2),
        ("a == ", 5),
        ('"abc', 0),
        ("1 2", 2),
        ("nothing(1)", 0),
        ("size()", 0),
        ("a.exists(true, b)", 9),
        ("a.exists(i)", 10),
        ("a ? b", 5),
        ("a[1", 3),
        ("é", 0),
        (r'"\q"', 1),
        (r'"\u0000"', 1),
        ("1" * 29, 0),
        ("in", 0),
        ("a.in", 2),
    ],
)
def test_a_refusal_says_where(text: str, position: int) -> None:
    with pytest.raises(ParseError) as refused:
        parse(text)
    assert refused.value.position == position


@pytest.mark.parametrize(
    "text",
    [
        "!" * 51 + "a",
        "-" * 51 + "1",
        "1" + "+1" * 50,
        "a" + ".b" * 50,
        "a" + "[0]" * 50,
        "a" + "&&a" * 50,
        "(" * 151 + "a" + ")" * 151,
        "a" + "?a:a" * 50,
        "[" * 51 + "]" * 51,
        "[" + "1," * 600 + "1]",
        "a" * 4097,
        "!" * 4000 + "a",
        "(" * 4000,
        "[" * 4000,
        "a?" * 2000,
        "lower(" * 600,
    ],
)
def test_what_is_too_large_or_too_deep_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse(text)


@pytest.mark.parametrize("text", ["!" * 49 + "a", "1" + "+1" * 49, "a" + ".b" * 49, "(" * 140 + "a" + ")" * 140])
def test_what_is_just_small_enough_is_taken_and_evaluates(text: str) -> None:
    from loyalty.expressions import compile_text

    compile_text(text).evaluate({"a": None})


@pytest.mark.parametrize(
    "tree",
    [
        None,
        [],
        "a",
        {},
        {"type": "eval", "code": "1"},
        {"type": "identifier", "name": "a b"},
        {"type": "identifier", "name": "in"},
        {"type": "identifier", "name": "__class__ "},
        {"type": "number", "value": "-1"},
        {"type": "number", "value": "NaN"},
        {"type": "number", "value": "1e999999"},
        {"type": "number", "value": True},
        {"type": "number", "value": "1" * 29},
        {"type": "string", "value": "a\0b"},
        {"type": "string", "value": "\ud800"},
        {"type": "string", "value": "x" * 5000},
        {"type": "boolean", "value": 1},
        {"type": "list", "items": {}},
        {"type": "binary", "operator": "**", "left": {"type": "null"}, "right": {"type": "null"}},
        {"type": "binary", "operator": "+", "left": {"type": "null"}},
        {"type": "call", "function": "open", "arguments": []},
        {"type": "call", "function": "lower", "arguments": []},
    ],
)
def test_a_tree_that_is_not_ours_is_refused(tree: object) -> None:
    with pytest.raises(NodeError):
        serialize(tree)


def test_a_tree_too_deep_is_refused_before_it_is_walked() -> None:
    tree: dict[str, object] = {"type": "null"}
    for _ in range(100_000):
        tree = {"type": "not", "operand": tree}
    with pytest.raises(ExpressionError):
        serialize(tree)
