"""Amounts as people read and write them: whole smallest units inside, an account's decimals outside."""

from __future__ import annotations

import re

LARGEST = 2**63 - 1
MINUS = "−"
_WRITTEN = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?")


class NotAnAmount(ValueError):
    """The text is not an amount; the message says what to write instead."""


def as_text(amount: int, decimals: int) -> str:
    """`amount` smallest units for a program or a file: 1250 with two decimals is 12.50."""
    digits = str(abs(amount)).rjust(decimals + 1, "0")
    whole, part = (digits[:-decimals], "." + digits[-decimals:]) if decimals else (digits, "")
    return f"{'-' if amount < 0 else ''}{whole}{part}"


def for_people(amount: int, decimals: int, *, signed: bool = False) -> str:
    """`amount` smallest units to be read: thousands apart, a real minus sign, a plus where `signed`."""
    whole, dot, part = as_text(abs(amount), decimals).partition(".")
    sign = MINUS if amount < 0 else "+" if signed and amount > 0 else ""
    return f"{sign}{int(whole):,}{dot}{part}"


def in_format(amount: int, decimals: int, format_string: str, name: str) -> str:
    """`amount` smallest units to be read, as the account's format has it, else with the account's name behind."""
    said = for_people(amount, decimals)
    return format_string.replace("{amount}", said, 1) if "{amount}" in format_string else f"{said} {name}"


def read_amount(text: str, decimals: int, *, least: int = 1) -> int:
    """The smallest units that a person means by `text`, at least `least` (1, or 0 where none may be meant).

    :raises NotAnAmount: not a number, more decimals than the account has, too little, or more than can be kept.
    """
    found = _WRITTEN.fullmatch(text.strip().replace("\u2009", ""))
    if found is None or not (found[2] or found[3]):
        like = "12." + "5".ljust(decimals, "0") if decimals else "12"
        raise NotAnAmount(f"Write a number like {like}, without separators between thousands.")
    sign, whole, part = found[1], found[2] or "0", (found[3] or "").rstrip("0")
    if len(part) > decimals:
        allowed = {0: "no decimals", 1: "one decimal"}.get(decimals, f"{decimals} decimals")
        raise NotAnAmount(f"This account has {allowed}.")
    if sign == "-":
        raise NotAnAmount("Write an amount above zero.")
    if len(whole) > 30:
        raise NotAnAmount("This is more than an account can hold.")
    amount = int(whole + part.ljust(decimals, "0"))
    if amount < least:
        raise NotAnAmount("Write an amount above zero.")
    if amount > LARGEST:
        raise NotAnAmount("This is more than an account can hold.")
    return amount
