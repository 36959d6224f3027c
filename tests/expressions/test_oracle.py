"""What other people's implementation of the Common Expression Language says, where both languages mean the same.

Left out is what ours decides otherwise: null in comparisons (there an error), numbers with a fraction and division
(there floats, and whole division), and values of the wrong type.
"""

from __future__ import annotations

from typing import Any

import cel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.expressions import compile_text, prepared
from loyalty.expressions.tokens import quote
from tests.bench.figures.rules import RULE, VALUES

DOCUMENT: dict[str, Any] = {
    "member": {"name": "Ada", "age": 40, "vip": True, "tags": ["vip", "new"], "scores": [3, 1, 2], "none": []},
    "order": {"total": 60, "items": [{"kind": "tea", "count": 2}, {"kind": "books", "count": 1}]},
}

_signs = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
_texts_in_loops = st.sampled_from(["i.kind", "member.name"])
TEXTS = st.recursive(
    st.one_of(
        st.text("aAz é\n\"'\\", max_size=4).map(quote),
        st.sampled_from(["member.name", 'member["name"]', "order.items[0].kind", "member.tags[1]"]),
    ),
    lambda inner: st.builds("({} + {})".format, inner, inner),
    max_leaves=3,
)
NUMBERS = st.recursive(
    st.one_of(
        st.integers(0, 9).map(str),
        st.sampled_from(["member.age", "order.total", "order.items[1].count", "member.scores[0]"]),
        st.sampled_from(["size(member.tags)", "member.scores.size()", "size(member.name)"]),
    ),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner),
        st.builds("({} % {})".format, inner, st.integers(1, 7)),
        st.builds("(-{})".format, inner),
    ),
    max_leaves=4,
)
LISTS = st.one_of(
    st.sampled_from(["member.tags", "member.none", '["vip", "x"]']),
    st.lists(TEXTS, max_size=3).map(lambda texts: f"[{', '.join(texts)}]"),
)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    loops = st.sampled_from(["exists", "all"])
    return st.one_of(
        st.builds("!({})".format, inner),
        st.builds("({}) && ({})".format, inner, inner),
        st.builds("({}) || ({})".format, inner, inner),
        st.builds("({}) ? ({}) : ({})".format, inner, inner, inner),
        st.builds("order.items.{}(i, i.count {} {} || {})".format, loops, _signs, NUMBERS, inner),
        st.builds("order.items.{}(i, {} == i.kind && {})".format, loops, TEXTS, inner),
        st.builds("member.scores.{}(n, n {} {})".format, loops, _signs, NUMBERS),
        st.builds("size(order.items.filter(i, i.kind {} {})) {} {}".format, _signs, TEXTS, _signs, NUMBERS),
    )


RULES = st.recursive(
    st.one_of(
        st.sampled_from(["true", "false", "member.vip"]),
        st.builds("{} {} {}".format, NUMBERS, _signs, NUMBERS),
        st.builds("{} {} {}".format, TEXTS, _signs, TEXTS),
        st.builds("{} in {}".format, TEXTS, LISTS),
        st.builds("{} in [{}, {}]".format, NUMBERS, NUMBERS, NUMBERS),
        st.builds("{}.{}({})".format, TEXTS, st.sampled_from(["startsWith", "endsWith", "contains"]), TEXTS),
        st.builds('"{}" in member'.format, st.sampled_from(["name", "nothing"])),
    ),
    _larger,
    max_leaves=5,
)


@settings(max_examples=500, deadline=None)
@given(st.one_of(RULES, NUMBERS, TEXTS, LISTS))
def test_both_come_to_the_same(text: str) -> None:
    rule = compile_text(text)
    theirs = cel.evaluate(rule.text, DOCUMENT)
    ours = rule.evaluate(prepared(DOCUMENT))
    assert ours == theirs
    assert isinstance(ours, bool) == isinstance(theirs, bool)


@pytest.mark.parametrize("text", ["member.nothing == null", "null == null", "null != 1", "[1, [2]] == [1, [2]]"])
def test_they_agree_on_null_where_it_is_asked_for_by_name(text: str) -> None:
    values = {"member": {"nothing": None}}
    assert compile_text(text).evaluate(values) == cel.evaluate(text, values)


def test_the_rule_that_is_measured_holds_in_both() -> None:
    assert compile_text(RULE).evaluate(prepared(VALUES)) is True
    assert cel.evaluate(RULE, VALUES) is True
