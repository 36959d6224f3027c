"""What members do with what the ledger posts, inside its transaction: note it, and let tiers follow."""

from __future__ import annotations

from django.db import connection

from ledger.announcements import Posted
from members.services.journal import noting
from members.services.standing import RUNGS, Rung, follow_postings, ladders_of


def follow(posted: Posted) -> None:
    """Note what was posted for the members it concerns, and let their tiers follow. Where no balance decides a tier,
    all of it is one round trip.
    """
    noted = noting(posted)
    if not noted:
        return
    asked = f"{RUNGS} p.tier_account_id IN ({', '.join(f'{account_id:d}' for account_id in posted.accounts)})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"{noted}; {asked}")
            cursor.nextset()
        else:
            cursor.execute(noted)
            cursor.execute(asked)
        rungs = map(Rung._make, cursor.fetchall())
    follow_postings(posted, ladders_of(rungs))
