"""What members do with what the ledger posts, inside its transaction: note it, and let tiers follow."""

from __future__ import annotations

from ledger.announcements import Posted
from members.announcements import answers_to, question, tell
from members.models import EventType
from members.services.journal import noted, noting
from members.services.standing import RUNGS, Rung, follow_postings, ladders_of


def follow(posted: Posted) -> None:
    """Note what was posted for the members it concerns, and let their tiers follow. Where no balance decides a tier and
    nobody listens, all of it is one round trip.
    """
    note = noting(posted)
    if not note:
        return
    rungs = f"{RUNGS} p.tier_account_id IN ({', '.join(f'{account_id:d}' for account_id in posted.accounts)})"
    _, found, heard = answers_to([note, rungs, question(f"{posted.organization_id:d}")])
    tell(heard, frozenset({EventType.TRANSACTION_CREATED}), lambda: noted(posted))
    follow_postings(posted, ladders_of(map(Rung._make, found)))
