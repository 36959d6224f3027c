"""How members can be found: what of a profile is an address, and how addresses are compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from members.models import MemberContact

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


def _texts(*values: Any) -> Iterable[str]:
    for value in values:
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str | int) and not isinstance(text, bool) and str(text).strip():
                yield str(text)


def contacts_of(profile: Mapping[str, Any], public_id: str | None) -> set[tuple[str, str]]:
    """Every (kind, value) a member can be found by: `email` and `emails`, `phone`, `phones` and `phoneNumber`,
    `loyaltyCardNumber` and the public member id.
    """
    kind = MemberContact.Kind
    found = {(kind.EMAIL.value, normal_email(t)) for t in _texts(profile.get("email"), profile.get("emails"))}
    phones = _texts(profile.get("phone"), profile.get("phones"), profile.get("phoneNumber"))
    found |= {(kind.PHONE.value, normal_phone(text)) for text in phones}
    cards = _texts(profile.get("loyaltyCardNumber"), public_id)
    found |= {(kind.CARD.value, normal_card(text)) for text in cards}
    return {(name, value[:255]) for name, value in found if value}
