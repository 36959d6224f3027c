"""Expressions over the core API: text to trees and back (semantics 10.2)."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty.expressions.nodes import MAX_DEPTH
from tests.house import Api, House
from tests.refusals import refuses

PARSE, WRITE = "rules/expressions/parse", "rules/expressions/serialize"


def sent(api: Api, path: str, inputs: list[Any], **more: Any) -> list[dict[str, Any]]:
    answer = api.post(path, {"inputs": inputs, **more})
    assert answer.status_code == 200, answer.content
    assert set(answer.body) == {"nodes"}
    nodes: list[dict[str, Any]] = answer.body["nodes"]
    assert len(nodes) == len(inputs)
    return nodes


def nested(depth: int) -> dict[str, Any]:
    """A tree this deep, in the shape whose JSON nests deepest."""
    tree: dict[str, Any] = {"type": "null"}
    for _ in range(depth - 1):
        tree = {"type": "list", "items": [tree]}
    return tree


def test_a_text_becomes_its_tree(api: Api) -> None:
    assert sent(api, PARSE, [{"expression": "order.total >= 50.50"}]) == [
        {
            "node": {
                "type": "binary",
                "operator": ">=",
                "left": {
                    "type": "member",
                    "object": {"type": "identifier", "name": "order"},
                    "property": "total",
                },
                "right": {"type": "number", "value": "50.5"},
            }
        }
    ]


def test_each_input_has_its_entry_in_order_and_a_bad_one_does_not_fail_the_rest(api: Api) -> None:
    inputs = [
        {"id": "first", "expression": "true"},
        {"id": 2, "expression": "1 +"},
        {"expression": "false"},
        {},
        {"id": None, "expression": 5},
        {"id": "deep", "expression": "!" * 60 + "a"},
        {"id": "long", "expression": "x" * 5000},
    ]
    true, bad, false, missing, number, deep, long = sent(api, PARSE, inputs)
    assert true == {"id": "first", "node": {"type": "boolean", "value": True}}
    assert bad == {"id": 2, "error": {"message": "The expression ends too early.", "position": 3}}
    assert false == {"node": {"type": "boolean", "value": False}}
    assert set(missing) == {"error"} and missing["error"]["position"] is None
    assert set(number) == {"id", "error"} and number["id"] is None
    assert "50 levels" in deep["error"]["message"]
    assert long["error"] == {"message": "An expression has at most 4096 characters.", "position": 4096}


def test_annotate_tells_types_and_places(api: Api) -> None:
    (entry,) = sent(api, PARSE, [{"expression": "size(member.tiers) == 2"}], annotate=True)
    assert entry == {
        "node": {
            "type": "binary",
            "operator": "==",
            "valueType": "boolean",
            "span": [0, 23],
            "left": {
                "type": "call",
                "function": "size",
                "valueType": "number",
                "span": [0, 18],
                "arguments": [
                    {
                        "type": "member",
                        "property": "tiers",
                        "valueType": "dyn",
                        "span": [5, 17],
                        "object": {"type": "identifier", "name": "member", "valueType": "object", "span": [5, 11]},
                    }
                ],
            },
            "right": {"type": "number", "value": "2", "valueType": "number", "span": [22, 23]},
        }
    }
    (plain,) = sent(api, PARSE, [{"expression": "true"}], annotate=False)
    assert plain == {"node": {"type": "boolean", "value": True}}


@pytest.mark.parametrize(("text", "position"), [("nobody.name == 1", 0), ('member.active && "a"', 17), ('1 < "a"', 0)])
def test_annotate_refuses_what_can_never_work(api: Api, text: str, position: int) -> None:
    (entry,) = sent(api, PARSE, [{"expression": text}], annotate=True)
    assert entry["error"]["position"] == position
    assert "node" in sent(api, PARSE, [{"expression": text}])[0]


def test_a_tree_becomes_its_canonical_text(api: Api) -> None:
    texts = ["((a))&&(b||c)", "order.items.exists(i,i.category=='books')", "-(1+2)*3.0"]
    parsed = sent(api, PARSE, [{"id": text, "expression": text} for text in texts])
    # What parse answers is what serialize takes.
    assert sent(api, WRITE, parsed) == [
        {"id": texts[0], "expression": "a && (b || c)"},
        {"id": texts[1], "expression": 'order.items.exists(i, i.category == "books")'},
        {"id": texts[2], "expression": "-(1 + 2) * 3"},
    ]


def test_an_annotated_tree_is_taken_back_and_can_be_asked_for(api: Api) -> None:
    (annotated,) = sent(api, PARSE, [{"expression": "member.active"}], annotate=True)
    (entry,) = sent(api, WRITE, [annotated], annotate=True)
    assert entry == {"expression": "member.active", "node": annotated["node"]}


@pytest.mark.parametrize(
    "node", [None, 5, [], {}, {"type": "eval"}, {"type": "binary", "operator": "**"}, nested(MAX_DEPTH + 1)]
)
def test_a_bad_tree_does_not_fail_the_rest(api: Api, node: Any) -> None:
    bad, good = sent(api, WRITE, [{"id": 1, "node": node}, {"id": 2, "node": {"type": "null"}}])
    assert set(bad) == {"id", "error"} and bad["error"]["position"] is None
    assert good == {"id": 2, "expression": "null"}


def test_the_deepest_tree_there_is_goes_both_ways(api: Api) -> None:
    tree = nested(MAX_DEPTH)
    (entry,) = sent(api, WRITE, [{"node": tree}])
    assert entry == {"expression": "[" * (MAX_DEPTH - 1) + "null" + "]" * (MAX_DEPTH - 1)}
    assert sent(api, PARSE, [entry]) == [{"node": tree}]
    (annotated,) = sent(api, PARSE, [entry], annotate=True)
    assert sent(api, WRITE, [annotated], annotate=True) == [{**entry, **annotated}]


def test_a_tree_far_too_deep_is_400(api: Api) -> None:
    refuses(api, "POST", WRITE, {"inputs": [{"node": nested(200)}]}, 400, "INVALID_INPUT")


def test_other_bodies_nest_no_deeper_than_before(house: House, api: Api) -> None:
    deep: Any = {}
    for _ in range(40):
        deep = {"a": deep}
    refuses(api, "POST", "members", {"loyaltyMemberId": "x", "profile": deep}, 400, "INVALID_INPUT")


def test_no_inputs_have_no_entries_and_there_are_not_too_many(api: Api) -> None:
    assert sent(api, PARSE, []) == []
    refuses(api, "POST", PARSE, {"inputs": [{"expression": "1"}] * 101}, 400, "INVALID_INPUT")
