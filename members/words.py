"""The words a member is found by, and how the words of a search are read (semantics 5.6)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from members.contacts import LONGEST_VALUE, cards_in, emails_in, names_in, phones_in
from members.errors import SearchTooLong
from members.models import Member

MOST_WORDS = 10
LONGEST_WORD = 100
# Shorter words are looked for at the beginning of words only: they stand inside of almost anything.
LONG_WORD = 3
# How much of a phone number's end numbers with and without a country code agree in, and the least that tells enough.
LONGEST_TAIL = 8
SHORTEST_TAIL = 6
_DIALED = re.compile(r"\(?[+0][0-9+()/.-]*")
_NOT_DIGITS = re.compile(r"[^0-9]")


def words_of(text: str) -> list[str]:
    """The words of a text as they are compared: without case, accents and other ways to write the same letter."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).split()


def search_text_of(member: Member) -> str:
    """What `Member.search_text` holds: each word a member is found by once, with a space in front of it.

    The words of names, emails, phones (their digits, and as they are written but without blanks), both ids and cards.
    """
    profile = member.profile
    texts = [*names_in(profile), *emails_in(profile)]
    texts += [member.loyalty_member_id, member.public_loyalty_member_id or "", *cards_in(profile)]
    words = dict.fromkeys(word for text in texts for word in words_of(text[:LONGEST_VALUE]))
    for phone in phones_in(profile):
        written = "".join(words_of(phone[:LONGEST_VALUE]))
        words |= dict.fromkeys((_NOT_DIGITS.sub("", written), written))
    return "".join(f" {word}" for word in words if word)


def read_search(text: str) -> list[str]:
    """The words of a search, none for an empty one.

    :raises SearchTooLong: more than ten words, or one of more than a hundred characters.
    """
    words = words_of(text)
    if len(words) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in words):
        raise SearchTooLong(field="query")
    return words


def phone_tail(words: Sequence[str]) -> str:
    """The end of the phone number that a search reads as, empty where it does not.

    Such a search begins with a plus or a zero and has nothing but digits and what people put between them. People say
    numbers as they dial them, with a country code or without: only the ends agree.
    """
    text = "".join(words)
    digits = _NOT_DIGITS.sub("", text).lstrip("0")
    return digits[-LONGEST_TAIL:] if _DIALED.fullmatch(text) and len(digits) >= SHORTEST_TAIL else ""
