"""Cuts the text of an expression into tokens, and bounds its size."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from loyalty.expressions.errors import ParseError

MAX_LENGTH = 4096
MAX_TOKENS = 1000
MAX_DIGITS = 28

NUMBER, TEXT, NAME, OPERATOR, END = "number", "text", "name", "operator", "end"

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<operator>&&|\|\||==|!=|<=|>=|[-<>!+*/%?:,.()\[\]])""",
    re.VERBOSE | re.ASCII,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "'": "'"}


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind, its value, and where it stands (`start` up to before `end`)."""

    kind: str
    value: str | Decimal
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """The tokens of `text`, closed by one of kind END.

    :raises ParseError: a character that starts no token, a bad escape, or too much of anything.
    """
    if len(text) > MAX_LENGTH:
        raise ParseError(f"An expression has at most {MAX_LENGTH} characters.", MAX_LENGTH)
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            what = "This text does not end." if text[at] in "\"'" else f"{text[at]!r} cannot stand here."
            raise ParseError(what, at)
        kind = str(match.lastgroup)
        if kind != "space":
            tokens.append(Token(kind, _value(kind, match.group(), at), at, match.end()))
            if len(tokens) > MAX_TOKENS:
                raise ParseError(f"An expression has at most {MAX_TOKENS} words and signs.", at)
        at = match.end()
    return [*tokens, Token(END, "", len(text), len(text))]


def _value(kind: str, word: str, at: int) -> str | Decimal:
    if kind == NUMBER:
        if len(word.replace(".", "")) > MAX_DIGITS:
            raise ParseError(f"A number has at most {MAX_DIGITS} digits.", at)
        return Decimal(word)
    if kind != TEXT:
        return word

    def unescape(match: re.Match[str]) -> str:
        mark = match.group(1)
        character = chr(int(mark[1:], 16)) if len(mark) == 5 else _ESCAPES.get(mark, "")
        if not character or character == "\0" or "\ud800" <= character <= "\udfff":
            raise ParseError(f"\\{mark} is not a character.", at + 1 + match.start())
        return character

    body = word[1:-1]
    if "\0" in body or any("\ud800" <= c <= "\udfff" for c in body):
        raise ParseError("A text cannot hold this character.", at)
    return _ESCAPE.sub(unescape, body)


def quote(text: str) -> str:
    """`text` as it stands in an expression."""
    marks = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", '"': '\\"'}
    return '"' + "".join(marks.get(c, c if c.isprintable() or c > "\xff" else f"\\u{ord(c):04x}") for c in text) + '"'
