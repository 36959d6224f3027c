"""What of a profile names a member: its addresses, which imports and filters look up, and how they are compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from members.models import MemberContact

# Of longer values only the beginning is kept to find a member by.
LONGEST_VALUE = 255
_NOT_DIALED = re.compile(r"[^0-9+]")


def normal_email(text: str) -> str:
    """An email as it is compared: trimmed, in lower case."""
    return text.strip().lower()


def normal_phone(text: str) -> str:
    """A phone number as it is compared: digits, with the plus in front where there is one."""
    digits = _NOT_DIALED.sub("", text)
    return digits[:1] + digits[1:].replace("+", "")


def normal_card(text: str) -> str:
    """A card number as it is compared: trimmed."""
    return text.strip()


def names_in(profile: Mapping[str, Any]) -> list[str]:
    """The first name, then the last."""
    return [*_texts(profile, "name"), *_texts(profile, "lastName")]


def emails_in(profile: Mapping[str, Any]) -> list[str]:
    """`email` and `emails`."""
    return list(_texts(profile, "email", "emails"))


def phones_in(profile: Mapping[str, Any]) -> list[str]:
    """`phone`, `phones` and `phoneNumber`."""
    return list(_texts(profile, "phone", "phones", "phoneNumber"))


def cards_in(profile: Mapping[str, Any]) -> list[str]:
    """`loyaltyCardNumber` and `loyaltyCardNumbers`."""
    return list(_texts(profile, "loyaltyCardNumber", "loyaltyCardNumbers"))


def _texts(profile: Mapping[str, Any], *names: str) -> Iterator[str]:
    for name in names:
        value = profile.get(name)
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str | int) and not isinstance(text, bool) and str(text).strip():
                yield str(text)


def contacts_of(profile: Mapping[str, Any], public_id: str | None) -> set[tuple[str, str]]:
    """Every (kind, value) a member can be looked up by: emails, phones, and as cards the cards and the public id."""
    kind = MemberContact.Kind
    found = {(kind.EMAIL.value, normal_email(text)) for text in emails_in(profile)}
    found |= {(kind.PHONE.value, normal_phone(text)) for text in phones_in(profile)}
    found |= {(kind.CARD.value, normal_card(text)) for text in (*cards_in(profile), public_id or "")}
    return {(name, value[:LONGEST_VALUE]) for name, value in found if value}
