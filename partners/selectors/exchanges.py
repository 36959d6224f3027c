"""Reads of what a client issued, and of its connections; each in one environment, which knows nothing of the other."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet

from loyalty.kernel.errors import NotFound
from partners.models import Connection, ConnectionEvent, Exchange, ExchangeClient

# Callers name seconds; the last one is meant as a whole.
_SECOND = timedelta(seconds=1)


def list_exchanges(client: ExchangeClient, *, is_sandbox: bool) -> QuerySet[Exchange]:
    """What the client issued, each with its program."""
    return Exchange.objects.filter(client=client, is_sandbox=is_sandbox).select_related("program")


def find_by_reference(client: ExchangeClient, reference_number: str, *, is_sandbox: bool) -> Exchange | None:
    """What the client issued with this reference number."""
    return list_exchanges(client, is_sandbox=is_sandbox).filter(reference_number=reference_number).first()


def get_exchange(client: ExchangeClient, *, number: int | None, reference_number: str, is_sandbox: bool) -> Exchange:
    """What the client issued, by our number of it, else by its own reference number.

    :raises NotFound: where it issued no such thing.
    """
    mine = list_exchanges(client, is_sandbox=is_sandbox)
    found = mine.filter(pk=number).first() if number is not None else None
    found = found or mine.filter(reference_number=reference_number).first()
    if found is None:
        raise NotFound("There is no such transaction.")
    return found


def exchanges_between(
    client: ExchangeClient, start: datetime, end: datetime, *, is_sandbox: bool, program_id: int | None = None
) -> QuerySet[Exchange]:
    """What the client issued from the second `start` through the second `end`, newest first; in one program, where
    that is named.
    """
    found = list_exchanges(client, is_sandbox=is_sandbox).filter(created_at__gte=start, created_at__lt=end + _SECOND)
    if program_id is not None:
        found = found.filter(program_id=program_id)
    return found.order_by("-created_at", "-pk")


def connections_of_user(
    client: ExchangeClient, source_user_id: str, *, is_sandbox: bool, program_id: int | None = None
) -> QuerySet[Connection]:
    """Who a user of the client is in programs; in one, where that is named."""
    found = Connection.objects.filter(client=client, is_sandbox=is_sandbox, source_user_id=source_user_id)
    return (found if program_id is None else found.filter(program_id=program_id)).order_by("pk")


def connection_history(
    client: ExchangeClient, start: datetime | None, end: datetime | None, *, is_sandbox: bool
) -> QuerySet[ConnectionEvent]:
    """What happened to the client's connections, newest first; between two seconds, as far as they are named."""
    found = ConnectionEvent.objects.filter(client=client, is_sandbox=is_sandbox)
    if start is not None:
        found = found.filter(created_at__gte=start)
    if end is not None:
        found = found.filter(created_at__lt=end + _SECOND)
    return found.order_by("-created_at", "-pk")


MOST_COUNTED = 100


def count_failed(organization_id: int) -> int:
    """How many issues wait for a person, up to MOST_COUNTED."""
    failed = Exchange.objects.filter(organization_id=organization_id, state=Exchange.State.FAILED)
    return failed[:MOST_COUNTED].count()
