"""Amounts as people write and read them."""

from __future__ import annotations

import pytest

from ledger.amounts import LARGEST, NotAnAmount, as_text, for_people, read_amount


@pytest.mark.parametrize(
    ("text", "decimals", "amount"),
    [
        ("12", 0, 12),
        ("12.50", 2, 1250),
        ("12.5", 2, 1250),
        (" 12 ", 2, 1200),
        (".5", 1, 5),
        ("5.", 1, 50),
        ("+7", 0, 7),
        ("1.500", 1, 15),
        ("0.000001", 6, 1),
        (str(LARGEST), 0, LARGEST),
    ],
)
def test_an_amount_is_read_as_it_is_meant(text: str, decimals: int, amount: int) -> None:
    assert read_amount(text, decimals) == amount


@pytest.mark.parametrize(
    ("text", "decimals", "says"),
    [
        ("", 2, "Write a number like 12.50"),
        (".", 2, "Write a number like 12.50"),
        ("a few", 0, "Write a number like 12,"),
        ("1,250", 2, "without separators"),
        ("1e3", 0, "Write a number"),
        ("१२", 0, "Write a number"),
        ("12.5", 0, "no decimals"),
        ("12.55", 1, "one decimal"),
        ("12.555", 2, "2 decimals"),
        ("0", 2, "above zero"),
        ("0.00", 2, "above zero"),
        ("-3", 0, "above zero"),
        (str(LARGEST + 1), 0, "more than an account can hold"),
        ("9" * 40, 0, "more than an account can hold"),
    ],
)
def test_what_is_no_amount_is_refused_with_what_to_write(text: str, decimals: int, says: str) -> None:
    with pytest.raises(NotAnAmount, match=says):
        read_amount(text, decimals)


def test_none_may_be_meant_where_it_is_allowed() -> None:
    assert read_amount("0", 2, least=0) == 0


@pytest.mark.parametrize(
    ("amount", "decimals", "text", "shown"),
    [
        (0, 0, "0", "0"),
        (0, 2, "0.00", "0.00"),
        (5, 2, "0.05", "0.05"),
        (1234567, 0, "1234567", "1,234,567"),
        (1234567, 2, "12345.67", "12,345.67"),
        (-1234567, 2, "-12345.67", "−12,345.67"),
        (1, 6, "0.000001", "0.000001"),
    ],
)
def test_an_amount_is_shown_with_its_decimals(amount: int, decimals: int, text: str, shown: str) -> None:
    assert (as_text(amount, decimals), for_people(amount, decimals)) == (text, shown)
    assert for_people(1250, 2, signed=True) == "+12.50"
