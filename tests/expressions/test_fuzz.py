"""Nothing anybody sends makes the language recurse, hang or reach out of its box."""

from __future__ import annotations

import string
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.expressions import (
    Column,
    EvaluationError,
    ExpressionError,
    annotate,
    compile_text,
    parse,
    parse_with_spans,
    serialize,
    to_q,
)
from loyalty.expressions.compiler import TooManySteps
from tests.expressions.trees import TREES, VALUES

# Far more than the slowest of these takes on a slow machine, far less than a hang.
PATIENCE = 5.0
COLUMNS = {("a",): Column("boolean", "active"), ("member",): Column("json", "profile")}
PARTS = st.sampled_from(
    [
        *["(", ")", "[", "]", "!", "-", "a", "a.", ".b", "a[", "a?", ":", "a?a:", "1+", "a&&", "a||", "lower(", ","],
        *["a.exists(i,", "a.all(i,", "a.filter(i,", "member.x>1||", "member.x in [", "'", '"', "\\", "1", "null", " "],
    ]
)
# Whatever is repeated until the limits stop it.
TEXTS = st.one_of(
    st.lists(st.builds(lambda part, times: part * times, PARTS, st.integers(1, 1500)), min_size=1, max_size=5).map(
        "".join
    ),
    st.text(max_size=200),
    st.text(string.printable, max_size=200),
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["type", "left", "right", "items", "value", "object", "name"]), inner),
        st.builds(
            lambda kind, rest: {**rest, "type": kind}, st.sampled_from(["binary", "list", "call", "not"]), st.just({})
        ),
    ),
    max_leaves=20,
)


def walked(text: str) -> None:
    """Everything that can be done with a text; any refusal is one of ours."""
    try:
        tree = parse_with_spans(text)
    except ExpressionError:
        return
    for act in (
        lambda: annotate(tree),
        lambda: serialize(tree),
        lambda: to_q(parse(text), COLUMNS, {}),
        lambda: compile_text(text).evaluate({"a": [[1]], "member": {"x": 2}}),
    ):
        try:
            act()
        except ExpressionError:
            continue


@settings(max_examples=300, deadline=PATIENCE * 1000)
@given(TEXTS)
def test_no_text_does_anything_but_work_or_be_refused(text: str) -> None:
    walked(text)


@settings(max_examples=300, deadline=PATIENCE * 1000)
@given(TREES, VALUES)
def test_no_tree_does_either(tree: Any, value: Any) -> None:
    walked(serialize(tree))


@settings(max_examples=300, deadline=PATIENCE * 1000)
@given(JSON)
def test_no_json_is_taken_for_a_tree(given_: Any) -> None:
    try:
        text = serialize(given_)
    except ExpressionError:
        return
    assert serialize(parse(text)) == text


MANY = [f"t{n}" for n in range(300_000)]
LONG = "x" * 3_000_000


@pytest.mark.parametrize(
    "text",
    [
        "a.few.exists(i, i in a.many)",
        " || ".join(['"nobody" in a.many'] * 40),
        "a.few.exists(i, a.many == a.others)",
        " || ".join(["a.deep == a.deeper"] * 40),
        " + ".join(["a.long"] * 40) + ' == "x"',
        "a.few.exists(i, (a.long + i).contains(i + a.long))",
        "a.few.exists(i, lower(a.long) == i)",
        "a.few.exists(i, min(a.numbers) > 3)",
        "a.many.exists(i, i == 'x')",
        "a.few.exists(i, a.few.exists(j, a.few.exists(k, i + j + k == a.long)))",
        "a.few.exists(i, a.map == a.others_map)",
    ],
)
def test_large_documents_are_refused_before_they_take_long(text: str) -> None:
    values = {
        "a": {
            "few": [f"f{n}" for n in range(500)],
            "many": MANY,
            "others": [*MANY[:-1], "z"],
            "deep": [[[MANY]]],
            "deeper": [[[[*MANY[:-1], "z"]]]],
            "long": LONG,
            "numbers": list(range(300_000)),
            "map": dict.fromkeys(MANY, "a"),
            "others_map": {**dict.fromkeys(MANY, "a"), MANY[-1]: "b"},
        }
    }
    rule = compile_text(text)
    start = time.perf_counter()
    with pytest.raises(TooManySteps):
        rule.evaluate(values)
    assert time.perf_counter() - start < PATIENCE


@pytest.mark.parametrize(
    "text",
    [
        " * ".join(["9999999999999999999999999999"] * 45) + " > 1",
        " * ".join(["999999999999999999999999999.5"] * 20) + " % 7 == 1",
        "1" + " / 0.000000000000000000000000001" * 45 + " > 1",
        "a[" + " * ".join(["9999999999999999999999999999"] * 45) + "] == null",
        "days(" + " * ".join(["9999999999999999999999999999"] * 45) + ") > days(1)",
        "round(" + " * ".join(["999999999999999999999999999.5"] * 45) + ", 2) > 1",
    ],
)
def test_large_numbers_come_to_something_or_are_refused(text: str) -> None:
    start = time.perf_counter()
    with suppress(EvaluationError):
        compile_text(text).evaluate({"a": [1]})
    assert time.perf_counter() - start < PATIENCE
