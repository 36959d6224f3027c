"""Reads what members have as it is now: what fell due is settled first, which is the only write a read may do."""

from __future__ import annotations

import uuid
from datetime import datetime

from ledger.services import settle_balance
from loyalty.kernel.actors import Actor
from members.selectors.holdings import Holding, find_holding, list_holdings


def current_holding(*, organization_id: int, balance_id: int, actor: Actor, at: datetime) -> Holding | None:
    """One balance of a member, right at `at` even if no job ran; None where the organization has no such one.

    One query, where nothing is due.
    """
    found = find_holding(organization_id, balance_id, with_expiry=True)
    if found is None or found.next_change_at > at:
        return found
    _settle(organization_id, found, actor, at)
    return find_holding(organization_id, balance_id, with_expiry=True)


def current_holdings(
    *, organization_id: int, customer_id: uuid.UUID, actor: Actor, at: datetime
) -> list[Holding] | None:
    """All balances of a member, right at `at`; None where the organization has no such member.

    One query where nothing is due, and one settling more for each balance where something is.
    """
    found = list_holdings(organization_id, customer_id)
    due = [held for held in found or () if held.next_change_at <= at]
    for held in due:
        _settle(organization_id, held, actor, at)
    return list_holdings(organization_id, customer_id) if due else found


def _settle(organization_id: int, held: Holding, actor: Actor, at: datetime) -> None:
    settle_balance(
        organization_id=organization_id, account_id=held.account_id, wallet_id=held.wallet_id, actor=actor, at=at
    )
