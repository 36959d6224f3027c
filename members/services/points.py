"""Gives a member points and takes them, in the account that is meant when none is named."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ledger.services import Posting, burn, mint, post_transactions
from loyalty.kernel.actors import Actor
from members.errors import MemberInactive
from members.models import Member
from members.selectors import resolve_account


def mint_member_points(
    *,
    member: Member,
    amount: int,
    actor: Actor,
    at: datetime,
    ledger_id: int | None = None,
    account_id: int | None = None,
    **words: Any,
) -> Posting:
    """Issue `amount` smallest units to the member; 0 is accepted and does nothing (semantics 0.8, 2.7).

    :raises MemberInactive, WalletInactive: the member takes no movements.
    :raises NotFound: a ledger or account named is not the organization's.
    :raises NoDefaultAccount: none is named, and none is set.
    """
    return _post(mint, member, amount, actor, at, ledger_id, account_id, words)


def burn_member_points(
    *,
    member: Member,
    amount: int,
    actor: Actor,
    at: datetime,
    ledger_id: int | None = None,
    account_id: int | None = None,
    **words: Any,
) -> Posting:
    """Take `amount` smallest units from the member for good; 0 is accepted and does nothing (semantics 0.8, 2.7).

    :raises MemberInactive, WalletInactive: the member takes no movements.
    :raises InsufficientBalance: fewer are available.
    :raises NotFound: a ledger or account named is not the organization's.
    :raises NoDefaultAccount: none is named, and none is set.
    """
    return _post(burn, member, amount, actor, at, ledger_id, account_id, words)


def _post(
    kind: Any,
    member: Member,
    amount: int,
    actor: Actor,
    at: datetime,
    ledger_id: int | None,
    account_id: int | None,
    words: dict[str, Any],
) -> Posting:
    account = resolve_account(member.organization_id, ledger_id=ledger_id, account_id=account_id)
    if amount == 0:
        if not member.active:
            raise MemberInactive
        return Posting([], replayed=False)
    # The wallet says whether the member is active, after the key was looked up: a repeat is answered either way.
    move = kind(account_id=account.pk, wallet_id=member.wallet_id, amount=amount, **words)
    return post_transactions(organization_id=member.organization_id, moves=[move], actor=actor, at=at)
