"""How values meet: what equals what, what comes before what, what counts as true."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from loyalty.expressions.errors import EvaluationError
from loyalty.expressions.functions import is_number, type_of

# What `<` can compare: with their own kind only, numbers with numbers.
NUMBERS = frozenset({int, Decimal})
ORDERED = frozenset({int, Decimal, str, datetime, timedelta})


def prepared(document: Any) -> Any:
    """A JSON document as rules read it: floats become decimals with the digits that were written."""
    if isinstance(document, float):
        number = Decimal(repr(document))
        return number if number.is_finite() else None
    if isinstance(document, Mapping):
        return {str(name): prepared(value) for name, value in document.items()}
    if isinstance(document, list | tuple | set | frozenset):
        return [prepared(value) for value in document]
    return document


def truth(value: Any) -> bool:
    """Whether `value` counts as true; null does not.

    :raises EvaluationError: where it is neither true, false nor null.
    """
    if value is True or value is False:
        return value
    if value is None:
        return False
    raise EvaluationError(f"A {type_of(value)} is neither true nor false.")


def equal(left: Any, right: Any) -> bool:
    """Whether two values are the same; values of different types are not, and null equals nothing."""
    if left is None or right is None:
        return False
    if left.__class__ is right.__class__:
        if left.__class__ is list:
            return len(left) == len(right) and all(_alike(a, b) for a, b in zip(left, right, strict=True))
        return bool(left == right)
    return is_number(left) and is_number(right) and bool(left == right)


def _alike(left: Any, right: Any) -> bool:
    return (left is None and right is None) or equal(left, right)


def comparable(left: Any, right: Any) -> bool:
    """Whether `left < right` has an answer. It has none, and is false, where one is null.

    :raises EvaluationError: where the two are of different types, or of one without order.
    """
    if left is None or right is None:
        return False
    kind, other = left.__class__, right.__class__
    if (kind is other and kind in ORDERED) or (kind in NUMBERS and other in NUMBERS):
        return True
    raise EvaluationError(f"A {type_of(left)} and a {type_of(right)} have no order.")


def member_of(owner: Any, name: Any) -> Any:
    """The part of a document called `name`; null where there is none.

    :raises EvaluationError: where the owner is no document.
    """
    if owner is None:
        return None
    if owner.__class__ is dict:
        return owner.get(name)
    raise EvaluationError(f"A {type_of(owner)} has no parts.")


def element_of(owner: Any, index: Any) -> Any:
    """The element of a list at `index` (from 0), or the part of a document; null where there is none.

    :raises EvaluationError: where the owner has neither.
    """
    if owner is None or index is None:
        return None
    if owner.__class__ is list and is_number(index):
        place = int(index)
        return owner[place] if place == index and 0 <= place < len(owner) else None
    if isinstance(index, str):
        return member_of(owner, index)
    raise EvaluationError(f"A {type_of(owner)} has no element {type_of(index)}.")


def is_in(value: Any, among: Any) -> bool:
    """Whether a list has `value`, or a document a part of that name.

    :raises EvaluationError: where there is nothing to look into.
    """
    if among is None or value is None:
        return False
    if among.__class__ is list:
        # A text equals only texts, so the list's own look, which is fast, is right for it.
        return value in among if value.__class__ is str else any(equal(value, item) for item in among)
    if among.__class__ is dict and value.__class__ is str:
        return value in among
    raise EvaluationError(f"A {type_of(among)} holds nothing.")
