"""Remembers who a client's users are in partners' programs."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from partners.errors import DestinationUnknown
from partners.models import Connection, ConnectionEvent, ExchangeClient
from partners.selectors import get_offered_program
from partners.services.connectors import Destination, Recipient, connector_of


@transaction.atomic
def connect(
    *,
    client: ExchangeClient,
    is_sandbox: bool,
    program_id: int | None,
    source_user_id: str,
    source_user_email: str,
    destination: Destination,
    at: datetime,
) -> tuple[Connection, bool]:
    """Make the connection of a client's user to a program, or change it; answers it, and whether it is new (contract
    cosmopoints C11, P8). Its number and when it was made stay. Whether the destination is a member is not asked.

    :raises NotFound: the client may issue in no such program.
    :raises DestinationIncomplete: the program requires more.
    """
    program = get_offered_program(client, program_id)
    connector = connector_of(program)
    connector.check_fields(destination)
    recipient: Recipient | None
    try:
        recipient = connector.find(destination)
    except DestinationUnknown:
        recipient = None
    said = {
        "source_user_email": source_user_email,
        "destination_user_id": destination.user_id,
        "destination_user_email": destination.user_email,
        "member_id": recipient.member_id if recipient is not None else None,
        "updated_at": at,
    }
    # Of two who make it at once, the second finds it made, and locks what it changes.
    connection, is_new = Connection.objects.update_or_create(
        client=client,
        is_sandbox=is_sandbox,
        program=program,
        source_user_id=source_user_id,
        defaults=said,
        create_defaults={**said, "created_at": at},
    )
    ConnectionEvent.objects.create(
        client=client,
        is_sandbox=is_sandbox,
        connection=connection,
        event=ConnectionEvent.Event.CREATED if is_new else ConnectionEvent.Event.UPDATED,
        source_user_id=source_user_id,
        created_at=at,
    )
    return connection, is_new
