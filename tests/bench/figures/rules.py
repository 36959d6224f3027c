"""The rules language: how many decisions a second on one core, beside the same condition written in Python."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import cel

from loyalty.expressions import compile_text, prepared
from tests.bench.measuring import Bench, Figure, Measure, rate

RULE = 'order.total >= 50 && "vip" in member.tags && order.items.exists(i, i.category == "books")'
VALUES: dict[str, Any] = {
    "member": {"tags": ["new", "vip"], "name": "Ada"},
    "order": {"total": 60, "items": [{"category": "tea"}, {"category": "cups"}, {"category": "books"}]},
}
LEAST = 200_000


def in_python(values: dict[str, Any]) -> bool:
    """The same condition, as one would write it by hand."""
    order = values["order"]
    return (
        order["total"] >= 50
        and "vip" in values["member"]["tags"]
        and any(item["category"] == "books" for item in order["items"])
    )


def _rate(decide: Callable[[dict[str, Any]], Any], values: Any, count: int) -> float:
    """Decisions a second.

    :raises RuntimeError: where the rule does not hold.
    """
    if decide(values) is not True:
        raise RuntimeError("The rule does not hold.")

    def work() -> None:
        for _ in range(count):
            decide(values)

    return rate(count, work)


def _take(bench: Bench) -> list[Figure]:
    count = bench.scale.decisions
    rule, values = compile_text(RULE), prepared(VALUES)
    theirs = []
    program, context = cel.compile(RULE), cel.Context(VALUES)

    def ours(_: int) -> float:
        theirs.append(_rate(program.execute, context, count // 5))
        return _rate(rule.matches, values, count)

    samples = bench.alternate(lambda _: _rate(in_python, values, count), ours)
    return [
        Figure(
            "rules",
            "decisions of a compiled rule",
            "/s",
            **samples,
            sides=f"{RULE}; limit: the same condition as a Python function.",
            note=f"The Rust package common-expression-language, its context made before: {median(theirs):,.0f} /s.",
        ),
        Figure("rules-rate", "... on one core", "/s", list(samples["candidate"]), at_least=LEAST),
    ]


RULES = Measure("rules", _take)
