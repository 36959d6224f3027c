"""How members can be found: what of a profile is an address, and how addresses are compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from members.models import MemberContact

SHORTEST_TAIL = 6
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


def normal_name(text: str) -> str:
    """A name as it is compared: without case and accents, one space between words."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())


def phone_tail(text: str) -> str:
    """A phone number from its end, without country code and leading zeros as far as that can be told: people say
    numbers as they dial them, and only the ends agree. Nothing where too little is left to go by.
    """
    digits = re.sub(r"[^0-9]", "", text).lstrip("0")
    return digits[::-1] if len(digits) >= SHORTEST_TAIL else ""


def _texts(*values: Any) -> Iterable[str]:
    for value in values:
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str | int) and not isinstance(text, bool) and str(text).strip():
                yield str(text)


def contacts_of(profile: Mapping[str, Any], public_id: str | None) -> set[tuple[str, str]]:
    """Every (kind, value) a member can be found by: `email` and `emails`, `phone`, `phones` and `phoneNumber`,
    `loyaltyCardNumber`, `loyaltyCardNumbers` and the public member id, and both names in either order.
    """
    kind = MemberContact.Kind
    found = {(kind.EMAIL.value, normal_email(t)) for t in _texts(profile.get("email"), profile.get("emails"))}
    phones = list(_texts(profile.get("phone"), profile.get("phones"), profile.get("phoneNumber")))
    found |= {(kind.PHONE.value, normal_phone(text)) for text in phones}
    found |= {(kind.TAIL.value, phone_tail(text)) for text in phones}
    names = [*_texts(profile.get("name")), *_texts(profile.get("lastName"))]
    found |= {(kind.NAME.value, normal_name(" ".join(order))) for order in (names, names[::-1])}
    cards = _texts(profile.get("loyaltyCardNumber"), profile.get("loyaltyCardNumbers"), public_id)
    found |= {(kind.CARD.value, normal_card(text)) for text in cards}
    return {(name, value[:255]) for name, value in found if value}
