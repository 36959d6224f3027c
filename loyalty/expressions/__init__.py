"""The rules language: a pure library that knows no models. A subset of the Common Expression Language, in which rules
of campaigns and audiences are written (semantics 10.2).
"""

from loyalty.expressions.annotate import annotate, check_types
from loyalty.expressions.compiler import Rule, compile_node, compile_text
from loyalty.expressions.errors import EvaluationError, ExpressionError, NodeError, NotInSql, ParseError
from loyalty.expressions.parser import parse, parse_with_spans
from loyalty.expressions.places import Column
from loyalty.expressions.printer import serialize
from loyalty.expressions.sql import to_q
from loyalty.expressions.values import prepared

__all__ = [
    "Column",
    "EvaluationError",
    "ExpressionError",
    "NodeError",
    "NotInSql",
    "ParseError",
    "Rule",
    "annotate",
    "check_types",
    "compile_node",
    "compile_text",
    "parse",
    "parse_with_spans",
    "prepared",
    "serialize",
    "to_q",
]
