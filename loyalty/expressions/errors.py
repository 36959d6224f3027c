"""What can be wrong with an expression: how it is written, how it is built, what it meets when it is evaluated."""

from __future__ import annotations


class ExpressionError(ValueError):
    """Anything wrong with an expression; `position` is where in its text (from 0), where that is known."""

    def __init__(self, message: str, position: int | None = None) -> None:
        self.message, self.position = message, position
        super().__init__(message)


class ParseError(ExpressionError):
    """The text is not an expression, or is too large for one."""


class NodeError(ExpressionError):
    """A tree that was given is not one of ours."""


class EvaluationError(ExpressionError):
    """The expression met a value it cannot work with: a text where a number must be, a division by zero."""


class TooManySteps(EvaluationError):
    """The expression looked at more elements of lists than any rule should."""


class NotInSql(ExpressionError):
    """The expression cannot be asked of the database; it can still be evaluated in memory."""
