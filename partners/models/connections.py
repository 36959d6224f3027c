"""Connections: who a client's user is in a partner's program, and how that came about."""

from __future__ import annotations

from django.db import models

from members.models import Member
from partners.models.companies import ExchangeClient
from partners.models.programs import PartnerProgram


class Connection(models.Model):
    """A user of a client, by an id that means nothing here, and who they are in a program. `member` is set where they
    are a member of this installation.
    """

    client = models.ForeignKey(ExchangeClient, on_delete=models.PROTECT, related_name="+", db_index=False)
    is_sandbox = models.BooleanField()
    program = models.ForeignKey(PartnerProgram, on_delete=models.PROTECT, related_name="+", db_index=False)
    source_user_id = models.CharField(max_length=255)
    source_user_email = models.CharField(max_length=254, blank=True, default="")
    destination_user_id = models.CharField(max_length=255, blank=True, default="")
    destination_user_email = models.CharField(max_length=254, blank=True, default="")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client", "is_sandbox", "source_user_id", "program"], name="connection_once"
            )
        ]

    def __str__(self) -> str:
        return f"Connection {self.pk}"


class ConnectionEvent(models.Model):
    """One line of the history of connections; written once (a trigger says so)."""

    class Event(models.TextChoices):
        """What happened."""

        CREATED = "created", "Created"
        UPDATED = "updated", "Updated"

    client = models.ForeignKey(ExchangeClient, on_delete=models.PROTECT, related_name="+", db_index=False)
    is_sandbox = models.BooleanField()
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="events", db_index=False)
    event = models.CharField(max_length=7, choices=Event)
    source_user_id = models.CharField(max_length=255)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["client", "is_sandbox", "created_at", "id"], name="connection_event_newest")]

    def __str__(self) -> str:
        return f"{self.event} {self.connection_id}"
