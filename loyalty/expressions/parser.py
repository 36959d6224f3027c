"""Reads the text of an expression into its tree; no text makes the reader go deeper than MAX_DEPTH allows."""

from __future__ import annotations

from decimal import Decimal

from loyalty.expressions.errors import NodeError, ParseError
from loyalty.expressions.nodes import MACROS, MAX_DEPTH, POWERS, RESERVED, Node, check_call, children, plain_digits
from loyalty.expressions.tokens import END, NAME, NUMBER, OPERATOR, TEXT, Token, tokenize


def parse_with_spans(text: str) -> Node:
    """The tree of `text`; each node carries `span`, [start, end) in the text.

    :raises ParseError: with the position of what is wrong.
    """
    reader = _Reader(tokenize(text))
    node = reader.expression(0)
    if reader.now.kind != END:
        raise ParseError(f"{reader.now.value!s} is not expected here.", reader.now.start)
    return node


def parse(text: str) -> Node:
    """The tree of `text`.

    :raises ParseError: with the position of what is wrong.
    """
    return without_spans(parse_with_spans(text))


def without_spans(node: Node) -> Node:
    """The same tree without what `parse_with_spans` adds."""
    clean: Node = {}
    for name, value in node.items():
        if isinstance(value, dict):
            clean[name] = without_spans(value)
        elif isinstance(value, list) and name != "span":
            clean[name] = [without_spans(item) for item in value]
        elif name not in ("span", "depth"):
            clean[name] = value
    return clean


class _Reader:
    """Walks the tokens once; operators by how tightly they bind."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.at, self.nesting = tokens, 0, 0

    @property
    def now(self) -> Token:
        """The token to read next."""
        return self.tokens[self.at]

    def is_now(self, *values: str) -> bool:
        """Whether the next token is one of these signs, or the word `in`."""
        token = self.now
        return token.value in values and (token.kind == OPERATOR or token.value == "in")

    def take(self) -> Token:
        """The next token, read."""
        token = self.now
        self.at += 1
        return token

    def expect(self, sign: str) -> Token:
        """:raises ParseError: where the next token is another sign."""
        if not self.is_now(sign):
            what = "the end" if self.now.kind == END else str(self.now.value)
            raise ParseError(f"{sign} is expected here, not {what}.", self.now.start)
        return self.take()

    def made(self, start: int, kind: str, **parts: object) -> Node:
        """A node that ends with the token just read.

        :raises ParseError: where it stands too deep.
        """
        node: Node = {"type": kind, **parts}
        depth = 1 + max((child["depth"] for child in children(node)), default=0)
        if depth > MAX_DEPTH:
            raise ParseError(f"An expression is at most {MAX_DEPTH} levels deep.", start)
        return {**node, "span": [start, self.tokens[self.at - 1].end], "depth": depth}

    def expression(self, least: int) -> Node:
        """What binds at least as tightly as `least`."""
        self.nesting += 1
        # Parentheses make no node, so they are counted apart.
        if self.nesting > 3 * MAX_DEPTH:
            raise ParseError("There are too many parentheses.", self.now.start)
        start = self.now.start
        left = self.unary()
        while self.is_now(*POWERS) and POWERS[str(self.now.value)] >= least:
            operator = str(self.take().value)
            right = self.expression(POWERS[operator] + 1)
            left = self.made(start, "binary", operator=operator, left=left, right=right)
        if least == 0 and self.is_now("?"):
            self.take()
            # As in CEL, a condition between the two signs stands in parentheses.
            then = self.expression(1)
            self.expect(":")
            left = self.made(start, "conditional", condition=left, then=then, **{"else": self.expression(0)})
        self.nesting -= 1
        return left

    def unary(self) -> Node:
        """A value with the signs before it."""
        signs = []
        while self.is_now("!", "-"):
            signs.append(self.take())
            if len(signs) > MAX_DEPTH:
                raise ParseError(f"An expression is at most {MAX_DEPTH} levels deep.", signs[0].start)
        node = self.postfix()
        for sign in reversed(signs):
            node = self.made(sign.start, "not" if sign.value == "!" else "negate", operand=node)
        return node

    def postfix(self) -> Node:
        """A value with the parts asked of it."""
        start = self.now.start
        node = self.primary()
        while self.is_now(".", "["):
            if self.take().value == "[":
                index = self.expression(0)
                self.expect("]")
                node = self.made(start, "index", object=node, index=index)
            else:
                node = self.part(start, node)
        return node

    def part(self, start: int, node: Node) -> Node:
        """What stands behind a dot."""
        name = self.name("A name")
        if not self.is_now("("):
            return self.made(start, "member", object=node, property=name)
        if name not in MACROS:
            return self.call(start, name, target=node)
        self.take()
        variable = self.name("A name for each element")
        self.expect(",")
        condition = self.expression(0)
        self.expect(")")
        return self.made(start, name, object=node, variable=variable, condition=condition)

    def primary(self) -> Node:
        """A literal, a name, a call, a list, or anything in parentheses."""
        token = self.take()
        if token.kind == NUMBER and isinstance(token.value, Decimal):
            return self.made(token.start, "number", value=plain_digits(token.value))
        if token.kind == TEXT:
            return self.made(token.start, "string", value=token.value)
        if token.kind == NAME and token.value != "in":
            return self.named(token)
        if token.kind == OPERATOR and token.value == "(":
            node = self.expression(0)
            self.expect(")")
            return node
        if token.kind == OPERATOR and token.value == "[":
            return self.made(token.start, "list", items=self.listed("]"))
        what = "The expression ends too early." if token.kind == END else f"{token.value!s} is not expected here."
        raise ParseError(what, token.start)

    def named(self, token: Token) -> Node:
        """What begins with a word."""
        word = str(token.value)
        if word in ("true", "false"):
            return self.made(token.start, "boolean", value=word == "true")
        if word == "null":
            return self.made(token.start, "null")
        if self.is_now("("):
            return self.call(token.start, word)
        return self.made(token.start, "identifier", name=word)

    def call(self, start: int, name: str, **target: Node) -> Node:
        """A function with its arguments.

        :raises ParseError: where there is none of this name and number of arguments.
        """
        self.expect("(")
        node = self.made(start, "call", function=name, **target, arguments=self.listed(")"))
        try:
            check_call(node)
        except NodeError as error:
            raise ParseError(error.message, start) from None
        return node

    def listed(self, end: str) -> list[Node]:
        """Expressions with commas between them, up to `end`."""
        items: list[Node] = []
        while not self.is_now(end):
            if items:
                self.expect(",")
            items.append(self.expression(0))
        self.take()
        return items

    def name(self, what: str) -> str:
        """:raises ParseError: where the next token is no name."""
        token = self.take()
        if token.kind != NAME or token.value in RESERVED:
            raise ParseError(f"{what} is expected here.", token.start)
        return str(token.value)
