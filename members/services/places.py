"""The places in a program whose points have just moved, locked and read at once: every posting pays for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from loyalty.kernel import prepared
from loyalty.kernel.clock import aware
from members.models import Enrollment

# Locked first, looked at after: what another transaction has just written is read.
_PLACES = """
SELECT e.id, e.member_id, e.system_tier_id, e.manual_tier_id, e.manual_expires_at, e.effective_tier_id,
       COALESCE(b.active, 0)
FROM members_member m
JOIN members_enrollment e ON e.member_id = m.id AND e.program_id = %s
LEFT JOIN ledger_balance b ON b.wallet_id = m.wallet_id AND b.account_id = %s
WHERE m.wallet_id {wallets}
ORDER BY e.id {lock}
"""
_ONE = {
    "postgresql": _PLACES.format(wallets="= %s", lock="FOR UPDATE OF e"),
    "sqlite": _PLACES.format(wallets="= %s", lock=""),
}
_MANY = {
    "postgresql": _PLACES.format(
        wallets="IN (SELECT CAST(value AS bigint) FROM json_array_elements_text(%s) AS asked (value))",
        lock="FOR UPDATE OF e",
    ),
    "sqlite": _PLACES.format(wallets="IN (SELECT CAST(value AS integer) FROM json_each(%s))", lock=""),
}


@dataclass(frozen=True, slots=True)
class Place:
    """What is held of a place, and what its member has in the account that decides."""

    enrollment_id: int
    member_id: int
    program_id: int
    system_tier_id: int | None
    manual_tier_id: int | None
    manual_expires_at: datetime | None
    effective_tier_id: int | None
    balance: int

    def enrollment(self) -> Any:
        """The row, to be changed; it knows the balance as `balance`."""
        made: Any = Enrollment(
            pk=self.enrollment_id,
            member_id=self.member_id,
            program_id=self.program_id,
            system_tier_id=self.system_tier_id,
            manual_tier_id=self.manual_tier_id,
            manual_expires_at=self.manual_expires_at,
            effective_tier_id=self.effective_tier_id,
        )
        made.balance = self.balance
        return made


def locked_places(*, program_id: int, account_id: int, wallet_ids: Collection[int]) -> Iterator[Place]:
    """The places of these wallets' members in the program, locked until the transaction ends; one query."""
    if not wallet_ids:
        return
    if len(wallet_ids) == 1:
        rows = prepared.fetch(_ONE[connection.vendor], (program_id, account_id, next(iter(wallet_ids))))
    else:
        numbers = prepared.bind_list([str(number) for number in wallet_ids])
        rows = prepared.fetch(_MANY[connection.vendor], (program_id, account_id, numbers))
    for enrollment_id, member_id, system, manual, expires, effective, balance in rows:
        yield Place(enrollment_id, member_id, program_id, system, manual, aware(expires), effective, balance)
