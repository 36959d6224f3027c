"""Reads and edits what people have at a store, by their email."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.selectors import spent_by
from ledger.services import Move, burn, current_balance, mint, post_groups
from loyalty.kernel.actors import Actor
from loyalty.kernel.errors import DomainError, InvalidInput, NotFound
from members.contacts import normal_email
from members.selectors.claims import get_counter
from members.services.claims import MOST_POINTS
from members.services.stores import dates_at

# What an edit takes is no spending (contract coggins K9): its transactions are told apart by it.
INSTANT = "coggins-instant"


@dataclass(frozen=True, slots=True)
class Edit:
    """Whose balance to change, by how many whole points: above zero gives, below zero takes."""

    email: str
    points: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody can spend, and has ever spent, in whole points; a fraction is not shown, and not lost."""

    available: int
    used: int


def points_at_store(*, organization_id: int, email: str, actor: Actor, at: datetime) -> Standing:
    """What the person with `email` has at the default store (contract coggins G2, K9): spent is what was burned and
    not given back, without what edits took.

    :raises NotFound: nobody has the address, or there is no active default store.
    """
    email = normal_email(email)
    counter = get_counter(organization_id, [email])
    match = counter.members.get(email)
    if match is None:
        raise NotFound("Invalid Email for Store")
    account_id, unit = counter.store.account_id, 10**counter.decimals
    balance = current_balance(
        organization_id=organization_id,
        ledger_id=counter.ledger_id,
        account_id=account_id,
        wallet_id=match.wallet_id,
        actor=actor,
        at=at,
    )
    used = spent_by(match.wallet_id, account_id, but_for_source=INSTANT)
    return Standing(balance.available_balance // unit, used // unit)


def edit_points(*, organization_id: int, edits: Sequence[Edit], actor: Actor, at: datetime) -> list[DomainError | None]:
    """Change balances at once (contract coggins G3, K8): each edit alone, in their order; None, or why it was refused.
    What is given expires as the default store's rule says; nothing is locked first.

    :raises NotFound: there is no active default store.
    """
    emails = [normal_email(edit.email) for edit in edits]
    counter = get_counter(organization_id, emails)
    # At once, whatever the store locks.
    counter.store.days_locked = 0
    unit, expires_at = 10**counter.decimals, dates_at(counter.store, at, counter.zone).expires_at
    groups: list[list[Move]] = []
    answers: list[DomainError | None] = [None] * len(edits)
    posted: list[int] = []
    for index, (edit, email) in enumerate(zip(edits, emails, strict=True)):
        if not 1 <= abs(edit.points) * unit <= MOST_POINTS:
            answers[index] = InvalidInput("The amount must not be 0, and not larger than can be kept.", field="amount")
            continue
        match = counter.members.get(email)
        if match is None:
            answers[index] = NotFound("One of the accounts does not exist.")
            continue
        where = {"account_id": counter.store.account_id, "wallet_id": match.wallet_id, "source": INSTANT}
        if edit.points > 0:
            move = mint(**where, amount=edit.points * unit, expires_at=expires_at)  # type: ignore[arg-type]
        else:
            move = burn(**where, amount=-edit.points * unit)  # type: ignore[arg-type]
        groups.append([move])
        posted.append(index)
    if groups:
        outcomes = post_groups(organization_id=organization_id, groups=groups, actor=actor, at=at)
        for index, outcome in zip(posted, outcomes, strict=True):
            answers[index] = outcome.error
    return answers
