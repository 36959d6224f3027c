"""Takes exchanges back, whole, by the opposite of everything that was booked."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from ledger.services import revert_transactions
from loyalty.kernel.actors import Actor
from loyalty.kernel.services import record
from partners.errors import ExchangeClosed
from partners.models import Exchange, ExchangeEntry, PartnerProgram


@transaction.atomic
def reverse_exchange(*, exchange: Exchange, actor: Actor, at: datetime, reason: str) -> Exchange:
    """Take back an issue in a program of this installation: the member's points, what is owed to the partner, and what
    the client's company paid. Taking back again changes nothing. It falls into the statements that are open now.

    :raises ExchangeClosed: an issue in the sandbox, or in a program outside, which has to be asked first.
    :raises InsufficientBalance: the member has not enough left.
    """
    if exchange.is_sandbox or exchange.program.connector != PartnerProgram.Connector.IN_HOUSE:
        raise ExchangeClosed
    locked = Exchange.objects.select_for_update(no_key=True).get(pk=exchange.pk)
    if locked.state == Exchange.State.REVERSED:
        return locked
    undo(locked, says=reason, actor=actor, at=at)
    record(
        actor=actor,
        at=at,
        action="exchange.reversed",
        target=locked,
        organization_id=locked.organization_id,
        after={"state": locked.state},
        reason=reason,
    )
    return locked


def undo(locked: Exchange, *, says: str, actor: Actor, at: datetime) -> None:
    """Book the opposite of a locked exchange's issue, in the caller's transaction."""
    issue = locked.entries.select_related("program__destination").get(kind=ExchangeEntry.Kind.ISSUE)
    taken = None
    # What is owed before what is owned, as in the issue.
    undone = revert_transactions(
        organization_id=locked.organization_id,
        transaction_ids=[issue.transaction_id, issue.money_transaction_id],
        actor=actor,
        at=at,
        description=says[:1000],
        source="exchange",
        clears=True,
    ).records
    if issue.credit_transaction_id is not None and issue.program.destination is not None:
        taken = revert_transactions(
            organization_id=issue.program.destination.organization_id,
            transaction_ids=[issue.credit_transaction_id],
            actor=actor,
            at=at,
            description=says[:1000],
            source="exchange",
        ).records[0]
    ExchangeEntry.objects.create(
        exchange=locked,
        kind=ExchangeEntry.Kind.REVERSAL,
        program_id=issue.program_id,
        partner_id=issue.partner_id,
        payer_id=issue.payer_id,
        points=issue.points,
        rate=issue.rate,
        value=issue.value,
        transaction_id=undone[0].id,
        money_transaction_id=undone[1].id,
        credit_transaction_id=taken.id if taken is not None else None,
        created_at=at,
    )
    locked.state, locked.says, locked.ended_at = Exchange.State.REVERSED, says[:500], at
    locked.save(update_fields=["state", "says", "ended_at"])
