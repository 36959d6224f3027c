"""What operators and credentials may do: ten subjects, each to read or to write (semantics 0.4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SUBJECTS = (
    "ledgers",
    "orders",
    "campaigns",
    "badges",
    "benefits",
    "tiers",
    "members",
    "coupons",
    "partnerships",
    "users",
)
ROLES = tuple(f"{subject}:{what}" for subject in SUBJECTS for what in ("read", "write"))

# Needs no role, only to belong to the organization; to be one of its administrators; to be one of the whole house.
ANY = "authenticated"
ADMIN = "admin"
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Access:
    """What one caller may do in one organization."""

    is_system_admin: bool = False
    is_admin: bool = False
    roles: frozenset[str] = frozenset()
    belongs: bool = False

    def allows(self, role: str) -> bool:
        """Whether the caller has `role`; to write includes to read, an administrator has every role."""
        if self.is_system_admin:
            return True
        if not self.belongs or role == SYSTEM:
            return False
        if self.is_admin or role == ANY:
            return True
        if role == ADMIN:
            return False
        return role in self.roles or (role.endswith(":read") and role.removesuffix("read") + "write" in self.roles)

    def covers(self, roles: Iterable[str]) -> bool:
        """Whether the caller has every one of `roles`."""
        return all(self.allows(role) for role in roles)


# Of whom lacks nothing: the house itself, in commands, the demo and tests.
EVERYTHING = Access(is_system_admin=True, belongs=True)


def narrowed(roles: Iterable[str], scopes: Iterable[str]) -> frozenset[str]:
    """The roles that remain when a credential is limited to `scopes` (none named: no limit)."""
    held, wanted = frozenset(roles), frozenset(scopes)
    if not wanted:
        return held
    reads = {role.removesuffix("write") + "read" for role in held if role.endswith(":write")}
    return (held | reads) & wanted
