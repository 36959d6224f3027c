"""What was exchanged for members goes along with them: in a merge, an export, an erasure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from loyalty.kernel.services import forget_reasons
from members.models import Member
from members.services import Belongings
from partners.models import Connection, Exchange


def move_exchanges(kept: Member, merged: Member) -> None:
    """What was issued and connected for the merged member was for the kept one."""
    Exchange.objects.filter(member=merged).update(member=kept)
    Connection.objects.filter(member=merged).update(member=kept)


def parts_of_exchanges(member: Member) -> Iterator[dict[str, Any]]:
    """What was issued for the member, and whose users partners say the member is, oldest first."""
    for row in Exchange.objects.filter(member=member).select_related("program").order_by("pk").iterator():
        yield {
            "part": "exchange",
            "program": row.program.name,
            "referenceNumber": row.reference_number,
            "points": row.points,
            "value": row.value,
            "currency": row.currency,
            "destinationUserId": row.destination_user_id,
            "destinationUserEmail": row.destination_user_email,
            "description": row.description,
            "status": row.state,
            "sandbox": row.is_sandbox,
            "at": row.created_at,
        }
    for tie in Connection.objects.filter(member=member).select_related("program").order_by("pk").iterator():
        yield {
            "part": "connection",
            "program": tie.program.name,
            "sourceUserId": tie.source_user_id,
            "sourceUserEmail": tie.source_user_email,
            "destinationUserId": tie.destination_user_id,
            "destinationUserEmail": tie.destination_user_email,
            "at": tie.created_at,
        }


def forget_exchanges(member: Member) -> None:
    """Blank who the points were for; that they were issued stays."""
    mine = Exchange.objects.filter(member=member)
    mine.update(destination_user_id="", destination_user_email="", description="")
    forget_reasons(mine)
    Connection.objects.filter(member=member).update(
        source_user_email="", destination_user_id="", destination_user_email=""
    )


def count_connections(member: Member, at: datetime) -> int:
    """How many partners' users the member is."""
    return Connection.objects.filter(member=member, is_sandbox=False).count()


EXCHANGES = Belongings("Connections", move_exchanges, parts_of_exchanges, forget_exchanges, count_connections)
