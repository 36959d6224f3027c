"""Random expressions for properties."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NAMES = st.sampled_from(["member", "order", "item", "event", "total", "tags", "name", "x"])
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.one_of(st.integers(0, 10**12).map(str), st.decimals(0, 10**6, places=3).map(lambda n: format(n, "f")))
LEAVES = st.one_of(
    st.just({"type": "null"}),
    st.booleans().map(lambda value: {"type": "boolean", "value": value}),
    NUMBERS.map(lambda value: {"type": "number", "value": value}),
    TEXTS.map(lambda value: {"type": "string", "value": value}),
    NAMES.map(lambda name: {"type": "identifier", "name": name}),
)
OPERATORS = st.sampled_from(["||", "&&", "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%"])


def _larger(nodes: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.builds(lambda o, n: {"type": "member", "object": o, "property": n}, nodes, NAMES),
        st.builds(lambda o, i: {"type": "index", "object": o, "index": i}, nodes, nodes),
        st.builds(lambda o, a, b: {"type": "binary", "operator": o, "left": a, "right": b}, OPERATORS, nodes, nodes),
        st.builds(lambda k, a: {"type": k, "operand": a}, st.sampled_from(["not", "negate"]), nodes),
        st.builds(lambda a, b, c: {"type": "conditional", "condition": a, "then": b, "else": c}, nodes, nodes, nodes),
        st.lists(nodes, max_size=3).map(lambda items: {"type": "list", "items": items}),
        st.builds(
            lambda k, o, v, c: {"type": k, "object": o, "variable": v, "condition": c},
            st.sampled_from(["exists", "all", "filter"]),
            nodes,
            NAMES,
            nodes,
        ),
        st.builds(lambda a: {"type": "call", "function": "lower", "arguments": [a]}, nodes),
        st.builds(lambda a, b: {"type": "call", "function": "contains", "target": a, "arguments": [b]}, nodes, nodes),
    )


TREES = st.recursive(LEAVES, _larger, max_leaves=25)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["", "a", "b", "ab"]), st.floats(-2, 2)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=12,
)
