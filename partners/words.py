"""What is said of companies and programs beside what anything is decided by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loyalty.kernel.errors import InvalidInput

PROFILE_OF_COMPANY = (
    "legalEntity",
    "logo",
    "industry",
    "country",
    "countryCode",
    "address",
    "city",
    "zipCode",
    "phone",
    "technicalContact",
    "technicalContactEmail",
    "billingContact",
    "billingContactEmail",
)
PROFILE_OF_PROGRAM = ("logo", "industry", "termsAndConditionsUrl", "brandDescription")
_LONGEST = 1000


def checked_profile(profile: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """The texts of a profile that say something.

    :raises InvalidInput: a name nobody knows, or what is no text of at most a thousand characters.
    """
    for name, value in profile.items():
        if name not in names:
            raise InvalidInput(f"There is no such field: {name}.", field="profile")
        if not isinstance(value, str) or len(value) > _LONGEST or "\x00" in value:
            raise InvalidInput(f"{name} must be a text of at most {_LONGEST} characters.", field="profile")
    return {name: value for name, value in profile.items() if value}
